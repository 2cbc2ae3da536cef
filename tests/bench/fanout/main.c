/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command to many nodes at once: how long until the last one has answered.
 *
 *     bench-fanout [NODES...]      10 100 1000 unless given; needs root
 *
 * The nodes are real agents over simulated machines in one process on the other core (tests/farm),
 * in a network namespace of its own; the asker is the client library as mvctl uses it. The first
 * row of a size is the floor: as many raw frames of the same length, echoed without any work.
 *   warm: sessions are open.  cold: a program that has just started: probes, handshakes, command.
 */
#include "fanout.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 };

uint64_t fanout_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void use_core(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The far end writes a byte when it listens. */
static pid_t start_far_end(const struct fanout_way *way, unsigned nodes)
{
	int ready[2];
	char command[160], byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) || write(ready[1], "u", 1) != 1)
			_exit(1);
		use_core(1);
		while (system("ip link set " FANOUT_FAR " up 2>/dev/null"))
			usleep(1000);
		way->answer(nodes, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return -1;
	snprintf(command, sizeof command,
		"ip link add " FANOUT_NEAR " txqueuelen 20000 type veth peer name " FANOUT_FAR
		" && ip link set " FANOUT_FAR " netns %d && ip link set " FANOUT_NEAR " up",
		(int)pid);
	if (system(command) || read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	return pid;
}

static void stop_far_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (system("ip link del " FANOUT_NEAR " 2>/dev/null"))
		usleep(100000); /* it dies with the far namespace, a little later */
}

static void measure(const struct fanout_way *way, unsigned nodes, double *floor_ms)
{
	uint64_t ns[ROUNDS_MAX], cpu;
	pid_t far_end = start_far_end(way, nodes);
	unsigned failed = 0;
	size_t middle = way->rounds / 2;
	double ms;

	if (far_end < 0) {
		printf("%-28s %6u %9s\n", way->name, nodes, "-");
		return;
	}
	use_core(0);
	cpu = cpu_ns();
	for (unsigned i = 0; i < way->rounds; i++)
		failed += way->ask(nodes, &ns[i]);
	cpu = cpu_ns() - cpu;
	way->end();
	stop_far_end(far_end);
	qsort(ns, way->rounds, sizeof ns[0], compare);
	ms = (double)ns[middle] / 1e6;
	if (!*floor_ms)
		*floor_ms = ms;
	printf("%-28s %6u %9.2f %9.2f %8.2f %9.1f %7u\n", way->name, nodes, ms,
		(double)ns[way->rounds - 1] / 1e6, ms / *floor_ms,
		(double)cpu / 1e3 / way->rounds / nodes, failed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"10", "100", "1000"};
	static const struct fanout_way *const ways[] = {&fanout_floor, &fanout_warm, &fanout_cold};
	unsigned sizes = argc > 1 ? (unsigned)argc - 1 : 3;

	if (unshare(CLONE_NEWNET)) {
		fprintf(stderr, "bench-fanout: needs root: it makes network namespaces\n");
		return 2;
	}
	printf("%-28s %6s %9s %9s %8s %9s %7s\n", "WAY", "NODES", "P50_ms", "MAX_ms", "x_FLOOR",
		"CPU_us/N", "FAILED");
	for (unsigned i = 0; i < sizes; i++) {
		unsigned nodes = (unsigned)strtoul(argc > 1 ? argv[i + 1] : usual[i], NULL, 10);
		double floor_ms = 0;

		if (nodes < 1 || nodes > FANOUT_NODES_MAX) {
			fprintf(stderr, "bench-fanout: nodes: 1 to %d\n", FANOUT_NODES_MAX);
			return 2;
		}
		for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
			measure(ways[w], nodes, &floor_ms);
	}
	return 0;
}
