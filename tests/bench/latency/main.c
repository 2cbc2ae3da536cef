/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The latency ladder: how long a request of 200 bytes and its answer take, from the bare
 * socket to a warm command. The rungs are measured in turns, several times, so that whatever
 * else the machine does meets them all. Makes its own network namespaces; needs root.
 *
 *   latency [-n ROUNDS] [-t TURNS] one|two|busy [RUNG...]
 *
 * one: both ends on one core; two: on two; busy: on two, first with idle cores, then while a
 * process on every core does nothing but compute. Without RUNG: those that the mode is about.
 */
#include "load.h"
#include "rung.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct rung *const rungs[] = {&rung_blocking, &rung_epoll, &rung_libev, &rung_pcap,
	&rung_floor, &rung_mvmp, &rung_agent, &rung_udp, &rung_tcp, &rung_connect, &rung_libvirt};

enum {
	RUNGS = sizeof rungs / sizeof *rungs,
	SLOW_SHARE = 4, /* a slow rung makes so much fewer round trips */
	PRIORITY = -10, /* both ends', so that a machine that is not quite idle disturbs little */
};

/* What was measured of one rung, over all turns. */
struct result {
	const struct rung *rung;
	bool chosen, failed;
	size_t count, room;
	uint64_t *ns;
	uint64_t cpu_near, cpu_far;  /* ns */
	struct rung_channel channel; /* of both ends */
};

struct bench {
	size_t rounds;
	unsigned turns;
	bool two_cores;
	struct rung_channel *told; /* shared with the far end */
	struct result result[RUNGS];
};

uint64_t rung_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* CPU time of a process in ns; 0: of this one. */
static uint64_t cpu_time(pid_t pid)
{
	struct timespec ts = {0};
	clockid_t clock;

	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &ts);
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

/* ---- one measurement ---- */

static void be_far_end(const struct rung *rung, int core, struct rung_channel *told, int ready)
{
	if (unshare(CLONE_NEWNET) || write(ready, "u", 1) != 1)
		_exit(1);
	use_core(core);
	while (system("ip link set " RUNG_FAR " up 2>/dev/null"))
		usleep(1000);
	if (rung->inet && system("ip addr add " RUNG_FAR_IP "/30 dev " RUNG_FAR))
		_exit(1);
	rung->answer(told);
	_exit(1);
}

/* The far end lives in a namespace of its own; the veth's end is moved there. */
static pid_t start_far_end(const struct rung *rung, int core, struct rung_channel *told)
{
	char command[192], byte;
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0)
		be_far_end(rung, core, told, ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	close(ready[1]);
	snprintf(command, sizeof command,
		"ip link add " RUNG_NEAR " type veth peer name " RUNG_FAR
		" && ip link set " RUNG_FAR " netns %d && ip link set " RUNG_NEAR " up%s",
		(int)pid, rung->inet ? " && ip addr add " RUNG_NEAR_IP "/30 dev " RUNG_NEAR : "");
	if (system(command))
		return -1;
	usleep(200000);
	return pid;
}

static void stop_far_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The veth dies with the far namespace, a little later; asking for it is no error. */
	if (system("ip link del " RUNG_NEAR " 2>/dev/null"))
		usleep(50000);
}

static void add_channel(struct rung_channel *sum, const struct rung_channel *more)
{
	sum->sent += more->sent;
	sum->repeated += more->repeated;
	sum->spurious += more->spurious;
}

void rung_begin(struct rung_times *times)
{
	times->cpu_near = cpu_time(0);
	times->cpu_far = cpu_time(times->far_end);
}

static int ask(struct bench *bench, struct result *result, pid_t far_end, size_t rounds)
{
	struct rung_times times = {
		.ns = result->ns + result->count, .count = rounds, .far_end = far_end};
	int rc;

	rung_begin(&times);
	rc = result->rung->ask(&times);
	if (rc)
		return rc;
	result->cpu_near += cpu_time(0) - times.cpu_near;
	result->cpu_far += cpu_time(far_end) - times.cpu_far;
	result->count += rounds;
	add_channel(&result->channel, &times.near);
	add_channel(&result->channel, bench->told);
	return 0;
}

static void measure(struct bench *bench, struct result *result)
{
	size_t rounds = bench->rounds / bench->turns / (result->rung->slow ? SLOW_SHARE : 1);
	pid_t far_end;

	*bench->told = (struct rung_channel){0};
	if (!result->ns)
		result->ns = calloc(bench->rounds, sizeof *result->ns);
	far_end = result->ns ? start_far_end(result->rung, bench->two_cores ? 1 : 0, bench->told)
			     : -1;
	if (far_end < 0) {
		result->failed = true;
		return;
	}
	use_core(0);
	result->failed = ask(bench, result, far_end, rounds) != 0;
	stop_far_end(far_end);
}

static void run(struct bench *bench)
{
	for (unsigned turn = 0; turn < bench->turns; turn++) {
		for (size_t i = 0; i < RUNGS; i++) {
			struct result *result = &bench->result[i];

			if (result->chosen && !result->failed)
				measure(bench, result);
		}
	}
	for (size_t i = 0; i < RUNGS; i++)
		qsort(bench->result[i].ns, bench->result[i].count, sizeof(uint64_t), compare);
}

/* ---- the table ---- */

static uint64_t quantile(const struct result *result, unsigned per_mille)
{
	return result->count ? result->ns[result->count * per_mille / 1000] : 0;
}

static const struct result *of(const struct bench *bench, const struct rung *rung)
{
	for (size_t i = 0; i < RUNGS; i++) {
		if (rungs[i] == rung)
			return &bench->result[i];
	}
	return NULL;
}

static void print_ratio(uint64_t value, uint64_t to)
{
	if (to)
		printf(" %8.2f", (double)value / (double)to);
	else
		printf(" %8s", "-");
}

static void print_row(const struct bench *bench, const struct result *result)
{
	uint64_t median = quantile(result, 500), p99 = quantile(result, 990);
	const struct rung_channel *c = &result->channel;

	if (!result->count) {
		printf("%-30s %8s\n", result->rung->name, "-");
		return;
	}
	printf("%-30s %8.1f %8.1f", result->rung->name, (double)median / 1e3, (double)p99 / 1e3);
	print_ratio(median, quantile(of(bench, &rung_blocking), 500));
	print_ratio(median, quantile(of(bench, &rung_floor), 500));
	printf(" %8.1f", (double)result->cpu_near / 1e3 / (double)result->count);
	if (result->rung->elsewhere)
		printf(" %8s", "-");
	else
		printf(" %8.1f", (double)result->cpu_far / 1e3 / (double)result->count);
	if (c->sent)
		printf("   %llu/%llu", (unsigned long long)c->repeated,
			(unsigned long long)c->spurious);
	printf("\n");
}

static void print_table(const struct bench *bench, const char *title)
{
	printf("%s\n", title);
	printf("%-30s %8s %8s %8s %8s %8s %8s   %s\n", "PATH", "P50_us", "P99_us", "x_BARE",
		"x_FLOOR", "CPU_NEAR", "CPU_FAR", "REPEATED/SPURIOUS");
	for (size_t i = 0; i < RUNGS; i++) {
		if (bench->result[i].chosen)
			print_row(bench, &bench->result[i]);
	}
	fflush(stdout);
}

static void forget(struct bench *bench)
{
	for (size_t i = 0; i < RUNGS; i++) {
		struct result *result = &bench->result[i];

		free(result->ns);
		*result = (struct result){.rung = result->rung, .chosen = result->chosen};
	}
}

/* ---- modes ---- */

static void run_quiet(struct bench *bench, const char *where)
{
	char title[96];

	setpriority(PRIO_PROCESS, 0, PRIORITY);
	snprintf(title, sizeof title, "%zu round trips of %d bytes, both ends on %s, priority %d",
		bench->rounds, RUNG_BYTES, where, PRIORITY);
	run(bench);
	print_table(bench, title);
}

static void run_busy(struct bench *bench)
{
	struct load *load;

	bench->two_cores = true;
	run(bench);
	print_table(bench, "both ends on two cores, idle otherwise, usual priority");
	forget(bench);
	load = load_start();
	run(bench);
	print_table(bench, "the same while each core computes");
	forget(bench);
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	run(bench);
	print_table(bench, "the same, both ends at priority -10");
	load_stop(load);
}

static bool choose(struct bench *bench, const char *key)
{
	for (size_t i = 0; i < RUNGS; i++) {
		if (!strcmp(rungs[i]->key, key))
			return bench->result[i].chosen = true;
	}
	fprintf(stderr, "latency: no rung %s\n", key);
	return false;
}

static void choose_usual(struct bench *bench, bool busy)
{
	for (size_t i = 0; i < RUNGS; i++) {
		bool reliable = rungs[i] == &rung_floor || rungs[i] == &rung_mvmp;

		bench->result[i].chosen =
			busy ? reliable || rungs[i] == &rung_agent : rungs[i] != &rung_agent;
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: latency [-n ROUNDS] [-t TURNS] one|two|busy [RUNG...], as root\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct bench bench = {.rounds = 20000, .turns = 4};
	const char *mode;
	int option;

	while ((option = getopt(argc, argv, "n:t:")) >= 0) {
		if (option == 'n')
			bench.rounds = strtoul(optarg, NULL, 10);
		else if (option == 't')
			bench.turns = (unsigned)strtoul(optarg, NULL, 10);
		else
			return usage();
	}
	mode = optind < argc ? argv[optind++] : "one";
	if (!bench.turns || bench.rounds < 100 * (size_t)bench.turns || unshare(CLONE_NEWNET))
		return usage();
	bench.told = mmap(NULL, sizeof *bench.told, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < RUNGS; i++)
		bench.result[i].rung = rungs[i];
	if (optind == argc)
		choose_usual(&bench, !strcmp(mode, "busy"));
	while (optind < argc) {
		if (!choose(&bench, argv[optind++]))
			return 2;
	}
	bench.two_cores = !strcmp(mode, "two");
	if (!strcmp(mode, "busy"))
		run_busy(&bench);
	else if (bench.two_cores || !strcmp(mode, "one"))
		run_quiet(&bench, bench.two_cores ? "two cores" : "one core");
	else
		return usage();
	return 0;
}
