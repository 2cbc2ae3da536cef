/* SPDX-License-Identifier: Apache-2.0 */

/* The machine the test runs on, compared with what its system calls say. */

#include "../cmocka_all.h"
#include "host.h"
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * MVMP_NS_PER_S + (uint64_t)now.tv_nsec;
}

static int setup(void **state)
{
	static struct host host;

	host = (struct host){.now_ns = MVMP_NS_PER_S};
	priv_local_init(&host.priv, "");
	host_open(&host);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	struct host *host = *state;

	host->backend->ops->close(host->backend);
	mvmp_sample_free(&host->sample);
	return 0;
}

/* pCPUs, memory and uptime are what sysconf, sysinfo and the boot clock say. */
static void node_agrees_with_system_calls(void **state)
{
	struct host *host = *state;
	const struct mvmp_record *r;
	struct sysinfo info;
	uint64_t boot;

	host_sample(host, 0, 1 << MVMP_NODE | 1 << MVMP_PCPU);
	boot = read_clock(CLOCK_BOOTTIME);
	assert_int_equal(sysinfo(&info), 0);
	r = host_record(host, MVMP_NODE, 0);
	assert_int_equal(host_value(r, MVMP_N_PCPUS), sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(host->sample.kind[MVMP_PCPU].count, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(host_value(r, MVMP_N_MEM_TOTAL), (uint64_t)info.totalram * info.mem_unit);
	assert_in_range(host_value(r, MVMP_N_UPTIME), boot - 5 * MVMP_NS_PER_S, boot);
}

/* Time that this process burns is seen by the node's and a pCPU's counters. */
static void burnt_time_is_counted(void **state)
{
	struct host *host = *state;
	const uint64_t burn = 200 * MVMP_NS_PER_MS;
	uint64_t before, after, begin;

	host_sample(host, 0, 1 << MVMP_NODE);
	before = host_value(host_record(host, MVMP_NODE, 0), MVMP_N_USER);
	begin = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	for (volatile unsigned i = 0; read_clock(CLOCK_PROCESS_CPUTIME_ID) - begin < burn; i++)
		for (volatile unsigned k = 0; k < 10000; k++)
			;
	host_sample(host, 250, 1 << MVMP_NODE);
	after = host_value(host_record(host, MVMP_NODE, 0), MVMP_N_USER);
	/* ticks of 10 ms are charged to whoever runs at the tick */
	assert_true(after - before >= burn / 2);
}

static const struct mva_perf_counter *counter(struct host *host, const char *name)
{
	struct mvmp_error err;
	struct mva_perf perf;

	assert_int_equal(host->backend->ops->perf(host->backend, NULL, false, &perf, &err), 0);
	for (unsigned i = 0; i < perf.counters; i++) {
		if (!strcmp(perf.counter[i].name, name))
			return &perf.counter[i];
	}
	fail_msg("no counter %s", name);
	return NULL;
}

/* Page faults that this process takes are counted, or the counter says why it cannot. */
static void page_faults_are_counted(void **state)
{
	enum { PAGES = 2000 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct host *host = *state;
	const struct mva_perf_counter *c = counter(host, "page-faults");
	uint64_t before = c->total;
	volatile char *memory;

	if (c->unsupported) {
		assert_non_null(strstr(c->unsupported, "perf_event_open"));
		return;
	}
	memory = aligned_alloc(page, PAGES * page);
	assert_non_null(memory);
	for (size_t i = 0; i < PAGES; i++)
		memory[i * page] = 1;
	/* huge pages may take one fault for many */
	assert_true(counter(host, "page-faults")->total > before);
	free((void *)memory);
	assert_true(counter(host, "context switches since boot")->total > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(node_agrees_with_system_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(burnt_time_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(page_faults_are_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
