/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The latency ladder: how long a request of 200 bytes and its answer take, from the bare
 * socket to a warm command, measured in turn in one run. Prints medians and ratios to the first
 * rung. Makes its own two network namespaces; needs root.
 *
 *   latency [ROUNDS] [one|two]     both ends on one core (default), or on two
 */
#include "rung.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct rung *const rungs[] = {&rung_raw, &rung_floor, &rung_mvmp, &rung_libvirt};

uint64_t rung_now(void)
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

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* User and system time of this process in ns. */
static uint64_t cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

/* The far end lives in a namespace of its own; the veth's end is moved there. */
static pid_t start_far_end(const struct rung *rung, int core)
{
	int ready[2];
	char command[128], byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) || write(ready[1], "u", 1) != 1)
			_exit(1);
		use_core(core);
		while (system("ip link set " RUNG_FAR " up 2>/dev/null"))
			usleep(1000);
		rung->answer();
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	close(ready[1]);
	snprintf(command, sizeof command,
		"ip link add " RUNG_NEAR " type veth peer name " RUNG_FAR
		" && ip link set " RUNG_FAR " netns %d && ip link set " RUNG_NEAR " up",
		(int)pid);
	if (system(command))
		return -1;
	usleep(300000);
	return pid;
}

static void stop_far_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The veth dies with the far namespace, a little later; asking for it is no error. */
	if (system("ip link del " RUNG_NEAR " 2>/dev/null"))
		usleep(100000);
}

/* Median of the rung in ns, 0 when it did not run. */
static uint64_t measure(const struct rung *rung, size_t rounds, bool two_cores, uint64_t first)
{
	struct rung_times times = {.ns = calloc(rounds, sizeof *times.ns), .count = rounds};
	pid_t far_end = times.ns ? start_far_end(rung, two_cores ? 1 : 0) : -1;
	size_t p99 = rounds * 99 / 100;
	uint64_t cpu, median = 0;
	int rc;

	if (far_end < 0) {
		free(times.ns);
		return 0;
	}
	use_core(0);
	cpu = cpu_time();
	rc = rung->ask(&times);
	cpu = cpu_time() - cpu;
	if (!rc) {
		qsort(times.ns, rounds, sizeof *times.ns, compare);
		median = times.ns[rounds / 2];
		printf("%-28s %8.1f %8.1f %8.2f %10.1f\n", rung->name, (double)median / 1e3,
			(double)times.ns[p99] / 1e3, first ? (double)median / (double)first : 1.0,
			(double)cpu / 1e3 / (double)rounds);
	} else {
		printf("%-28s %8s\n", rung->name, "-");
	}
	fflush(stdout);
	stop_far_end(far_end);
	free(times.ns);
	return median;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
	bool two_cores = argc > 2 && !strcmp(argv[2], "two");
	uint64_t first = 0;

	if (rounds < 100 || unshare(CLONE_NEWNET)) {
		fprintf(stderr, "usage: latency [ROUNDS, at least 100] [one|two], as root\n");
		return 2;
	}
	printf("%zu round trips of %d bytes, both ends on %s\n", rounds, RUNG_BYTES,
		two_cores ? "two cores" : "one core");
	printf("%-28s %8s %8s %8s %10s\n", "PATH", "P50_us", "P99_us", "x_FIRST", "CPU_us/REQ");
	for (size_t i = 0; i < sizeof rungs / sizeof *rungs; i++) {
		uint64_t median = measure(rungs[i], rounds, two_cores, first);

		first = first ? first : median;
	}
	return first ? 0 : 1;
}
