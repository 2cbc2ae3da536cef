/* SPDX-License-Identifier: Apache-2.0 */

/* Expected values are read off the recorded files by eye: ticks are 10 ms, sizes KiB. */

#include "../cmocka_all.h"
#include "host.h"
#include <string.h>

#define TICK 10000000ull

enum { ALL_HOST = 1 << MVMP_NODE | 1 << MVMP_PCPU | 1 << MVMP_NUMA | 1 << MVMP_POOL };

static int setup(void **state)
{
	static struct host host;

	host_prepare(&host, "two-nodes");
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	host_close(*state);
	return 0;
}

static bool is_unsupported(const struct mvmp_record *r, unsigned metric)
{
	return r->unsupported >> metric & 1 && !mvmp_has(r, metric);
}

static const char *reason(const struct host *host, const char *name)
{
	const struct mva_capability *cap;
	unsigned count = host->backend->ops->capabilities(host->backend, &cap);

	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(cap[i].name, name))
			return cap[i].supported ? "" : cap[i].reason;
	}
	fail_msg("no capability %s", name);
	return NULL;
}

/* A node's record holds what /proc says, in nanoseconds and bytes. */
static void node_tells_proc(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *r;

	host_open(host);
	host_sample(host, 100, ALL_HOST);
	assert_int_equal(host->sample.kinds, ALL_HOST);
	r = host_record(host, MVMP_NODE, 0);
	assert_int_equal(host_value(r, MVMP_N_PCPUS), 4);
	assert_int_equal(host_value(r, MVMP_N_NUMA_NODES), 2);
	assert_int_equal(host_value(r, MVMP_N_USER), 4294 * TICK);
	assert_int_equal(host_value(r, MVMP_N_SYSTEM), (2736 + 140) * TICK);
	assert_int_equal(host_value(r, MVMP_N_IDLE), 76365 * TICK);
	assert_int_equal(host_value(r, MVMP_N_IOWAIT), 18 * TICK);
	assert_int_equal(host_value(r, MVMP_N_GUEST), 2067 * TICK);
	assert_int_equal(host_value(r, MVMP_N_SWITCHES), 57960);
	assert_int_equal(host_value(r, MVMP_N_INTERRUPTS), 89608);
	assert_int_equal(host_value(r, MVMP_N_MEM_TOTAL), 2016548ull * 1024);
	assert_int_equal(host_value(r, MVMP_N_MEM_CACHED), 83808ull * 1024);
	assert_int_equal(host_value(r, MVMP_N_LOAD1), 520);
	assert_int_equal(host_value(r, MVMP_N_LOAD5), 4250);
	assert_int_equal(host_value(r, MVMP_N_LOAD15), 120);
	assert_int_equal(host_value(r, MVMP_N_UPTIME), 212370000000ull);
	assert_int_equal(host_value(r, MVMP_N_PSI_CPU), 2722389000ull);
	assert_int_equal(host_value(r, MVMP_N_MEM_ERR_CE), 3);
	assert_int_equal(host_value(r, MVMP_N_MEM_ERR_UE), 1);
	assert_int_equal(host_value(r, MVMP_N_SWAP_IN), 0);
	assert_string_equal(r->text[MVMP_NT_NAME], "n1");
	assert_string_equal(r->text[MVMP_NT_KERNEL], "Linux 6.1.0-50-amd64");
	assert_string_equal(r->text[MVMP_NT_CPU_MODEL], "AMD EPYC Processor");
}

/* The derived figures follow their formulas, worked out by hand. */
static void node_derives(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *r;

	host_write(host, "/proc/meminfo",
		"MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nCached: 1 kB\n"
		"SwapTotal: 500 kB\nSwapFree: 200 kB\n");
	host_open(host);
	host_sample(host, 0, ALL_HOST);
	r = host_record(host, MVMP_NODE, 0);
	/* frequencies 2.2, 1, 1, 1 GHz of at most 3 GHz */
	assert_int_equal(host_value(r, MVMP_N_FREQ), 1300000);
	assert_int_equal(host_value(r, MVMP_N_FREQ_MAX), 3000000);
	assert_int_equal(host_value(r, MVMP_N_THROTTLE), 566667);
	/* 1 - (100 - 300) / 1000 = 1.2 */
	assert_int_equal(host_value(r, MVMP_N_MEM_CONTENTION), 1200000);
	/* 1 runnable on 4 */
	assert_int_equal(host_value(r, MVMP_N_CPU_CONTENTION), 250000);
	assert_int_equal(host_value(r, MVMP_N_MAX_UTIL), 0);
	host_write(host, "/proc/loadavg", "3.99 1 1 1/2 3\n");
	host_sample(host, 1000, ALL_HOST);
	assert_int_equal(host_value(host_record(host, MVMP_NODE, 0), MVMP_N_MAX_UTIL), 0);
	host_write(host, "/proc/loadavg", "4.00 1 1 1/2 3\n");
	host_sample(host, 1500, ALL_HOST);
	assert_int_equal(
		host_value(host_record(host, MVMP_NODE, 0), MVMP_N_MAX_UTIL), 1500000000ull);
}

/* Energy keeps growing over the wrap of a package's counter. */
static void energy_survives_wrap(void **state)
{
	struct host *host = *state;
	const uint64_t begin = 4131053280ull + 4130534520ull;
	const uint64_t range = 262143328850ull;
	uint64_t before, after;

	host_write(host, "/sys/class/powercap/intel-rapl:0/energy_uj", "262143328000\n");
	host_open(host);
	host_sample(host, 0, 1 << MVMP_NODE);
	before = host_value(host_record(host, MVMP_NODE, 0), MVMP_N_ENERGY);
	assert_int_equal(before, begin - 4131053280ull + 262143328000ull);
	host_write(host, "/sys/class/powercap/intel-rapl:0/energy_uj", "150\n");
	host_sample(host, 1000, 1 << MVMP_NODE);
	after = host_value(host_record(host, MVMP_NODE, 0), MVMP_N_ENERGY);
	assert_int_equal(after - before, range - 262143328000ull + 150);
}

/* Each pCPU has its own times, frequency, core temperature and NUMA node. */
static void pcpus_tell_their_own(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *r;

	host_open(host);
	host_sample(host, 0, 1 << MVMP_PCPU);
	assert_int_equal(host->sample.kind[MVMP_PCPU].count, 4);
	r = host_record(host, MVMP_PCPU, 2);
	assert_int_equal(host_value(r, MVMP_P_BUSY), (1234 + 647 + 30) * TICK);
	assert_int_equal(host_value(r, MVMP_P_IRQ), 30 * TICK);
	assert_int_equal(host_value(r, MVMP_P_GUEST), 731 * TICK);
	assert_int_equal(host_value(r, MVMP_P_WAIT), 2026604417ull);
	assert_int_equal(host_value(r, MVMP_P_FREQ), 1000000);
	assert_int_equal(host_value(r, MVMP_P_NUMA), 1);
	assert_int_equal(host_value(r, MVMP_P_TEMP), 51000);
	r = host_record(host, MVMP_PCPU, 1);
	assert_int_equal((int64_t)host_value(r, MVMP_P_TEMP), -3000);
	assert_int_equal(host_value(r, MVMP_P_NUMA), 0);
	assert_int_equal(host_value(host_record(host, MVMP_PCPU, 0), MVMP_P_FREQ), 2200000);
}

/* NUMA nodes tell memory, hits and distances; a pool's load is the pCPUs busy in between. */
static void numa_and_pools(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *r;

	host_open(host);
	host_sample(host, 0, ALL_HOST);
	r = host_record(host, MVMP_NUMA, 1);
	assert_int_equal(host_value(r, MVMP_U_TOTAL), 1031324ull * 1024);
	assert_int_equal(host_value(r, MVMP_U_FREE), 722148ull * 1024);
	assert_int_equal(host_value(r, MVMP_U_HIT), 72115);
	assert_int_equal(host_value(r, MVMP_U_OTHER), 741);
	assert_int_equal(host_value(r, MVMP_U_CPUS), 2);
	assert_string_equal(r->text[MVMP_UT_CPUS], "2-3");
	assert_string_equal(r->text[MVMP_UT_DISTANCES], "21,10");
	r = host_record(host, MVMP_POOL, 0);
	assert_int_equal(host_value(r, MVMP_L_CPUS), 4);
	assert_false(mvmp_has(r, MVMP_L_LOAD));
	r = host_record(host, MVMP_POOL, 1);
	assert_string_equal(r->text[MVMP_LT_NAME], "fast");
	assert_string_equal(r->text[MVMP_LT_CPUS], "2-3");
	assert_null(host_record(host, MVMP_POOL, 2));
	/* cpu2 runs 50 ticks of the next second, cpu0 100 */
	host_write(host, "/proc/stat",
		"cpu 0 0 0 0 0 0 0 0 0 0\n"
		"cpu0 1023 0 682 19248 5 0 42 0 380 0\ncpu1 1011 0 621 19322 1 0 36 0 349 0\n"
		"cpu2 1234 0 697 18919 10 0 30 0 731 0\ncpu3 1124 0 784 18875 1 0 30 0 606 0\n");
	host_sample(host, 1000, ALL_HOST);
	assert_int_equal(host_value(host_record(host, MVMP_POOL, 0), MVMP_L_LOAD), 1500);
	assert_int_equal(host_value(host_record(host, MVMP_POOL, 1), MVMP_L_LOAD), 500);
}

/* What the node has not is unsupported, with what was tried, and never 0. */
static void missing_is_unsupported(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *node, *cpu;

	host_remove(host, "/sys/class");
	host_remove(host, "/sys/devices/system/edac");
	host_remove(host, "/sys/devices/system/cpu/cpu*/cpufreq");
	host_remove(host, "/proc/schedstat");
	host_remove(host, "/proc/pressure");
	host_open(host);
	host_sample(host, 0, ALL_HOST);
	node = host_record(host, MVMP_NODE, 0);
	cpu = host_record(host, MVMP_PCPU, 0);
	assert_true(is_unsupported(node, MVMP_N_ENERGY));
	assert_true(is_unsupported(node, MVMP_N_TEMP));
	assert_true(is_unsupported(node, MVMP_N_MEM_ERR_CE));
	assert_true(is_unsupported(node, MVMP_N_FREQ));
	assert_true(is_unsupported(node, MVMP_N_THROTTLE));
	assert_true(is_unsupported(node, MVMP_N_PSI_IO));
	assert_true(is_unsupported(cpu, MVMP_P_FREQ));
	assert_true(is_unsupported(cpu, MVMP_P_TEMP));
	assert_true(is_unsupported(cpu, MVMP_P_WAIT));
	assert_true(mvmp_has(cpu, MVMP_P_BUSY));
	assert_non_null(strstr(reason(host, "rapl"), "/sys/class/powercap"));
	assert_non_null(strstr(reason(host, "edac"), "/sys/devices/system/edac/mc"));
	assert_non_null(strstr(reason(host, "cpufreq"), "scaling_cur_freq"));
	assert_non_null(strstr(reason(host, "pcpu.wait"), "/proc/schedstat"));
	assert_string_equal(reason(host, "numa"), "");
}

/* A pCPU that comes online is sampled with all it has; nothing is opened when none does. */
static void follows_hotplug(void **state)
{
	struct host *host = *state;
	unsigned opened;

	host_write(host, "/proc/stat", "cpu 1 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n");
	host_open(host);
	host_sample(host, 0, ALL_HOST);
	assert_int_equal(host->sample.kind[MVMP_PCPU].count, 1);
	opened = host->priv.opened;
	host_sample(host, 1000, ALL_HOST);
	assert_int_equal(host->priv.opened, opened);
	host_write(host, "/proc/stat",
		"cpu 1 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu3 2 0 0 0 0 0 0 0 0 0\n");
	host_sample(host, 1000, ALL_HOST);
	assert_int_equal(host_value(host_record(host, MVMP_PCPU, 3), MVMP_P_FREQ), 1000000);
	assert_int_equal(host_value(host_record(host, MVMP_POOL, 0), MVMP_L_CPUS), 2);
}

/* A tree whose files hold nonsense gives no value, and no harm. */
static void survives_nonsense(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *node;

	host_write(host, "/proc/stat", "cpu\ncpu9999999 1\ncpu1 99999999999999999999999 -\n");
	host_write(host, "/proc/meminfo", "MemTotal:");
	host_write(host, "/proc/loadavg", "");
	host_write(host, "/proc/vmstat", "pswpin");
	host_write(host, "/proc/uptime", "");
	host_write(host, "/sys/devices/system/edac/mc/mc0/ce_count", "none\n");
	host_write(host, "/sys/devices/system/node/node1/cpulist", "7-3,,x\n");
	host_open(host);
	host_sample(host, 0, ALL_HOST);
	node = host_record(host, MVMP_NODE, 0);
	assert_int_equal(host_value(node, MVMP_N_PCPUS), 1);
	assert_true(is_unsupported(node, MVMP_N_LOAD1));
	assert_true(is_unsupported(node, MVMP_N_MEM_ERR_CE));
	assert_true(is_unsupported(node, MVMP_N_MEM_CONTENTION));
	assert_true(is_unsupported(node, MVMP_N_SWAP_IN));
	assert_true(is_unsupported(node, MVMP_N_UPTIME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(node_tells_proc, setup, teardown),
		cmocka_unit_test_setup_teardown(node_derives, setup, teardown),
		cmocka_unit_test_setup_teardown(energy_survives_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(pcpus_tell_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(numa_and_pools, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_is_unsupported, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_hotplug, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
