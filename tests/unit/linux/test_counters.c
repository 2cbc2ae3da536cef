/* SPDX-License-Identifier: Apache-2.0 */

/* Expected values are added up by hand from the recorded /proc/interrupts. */

#include "../cmocka_all.h"
#include "guests_fixture.h"
#include <string.h>

static int setup(void **state)
{
	static struct guests guests;

	guests_prepare(&guests);
	guests.libvirt.away = true;
	*state = &guests;
	return 0;
}

static int teardown(void **state)
{
	guests_close(*state);
	return 0;
}

static struct mva_perf dump(struct guests *g, const char *domain, bool arrays)
{
	struct mva_backend *backend = g->host.backend;
	struct mvmp_error err = {0};
	struct mva_perf perf;

	if (backend->ops->perf(backend, domain, arrays, &perf, &err))
		fail_msg("%s", err.text);
	return perf;
}

static const struct mva_perf_counter *find(const struct mva_perf *perf, const char *name)
{
	for (unsigned i = 0; i < perf->counters; i++) {
		if (!strcmp(perf->counter[i].name, name))
			return &perf->counter[i];
	}
	return NULL;
}

/* Counters of /proc/interrupts carry Xen's names, one value a pCPU, and their sum. */
static void interrupts_per_cpu(void **state)
{
	struct guests *g = *state;
	const struct mva_perf_counter *c;
	struct mva_perf perf;

	guests_open(g);
	perf = dump(g, NULL, false);
	assert_int_equal(perf.cpus, 4);
	assert_int_equal(perf.cpu[3], 3);
	assert_int_equal(perf.now_ns, 212370000000ull);
	c = find(&perf, "apic timer interrupts");
	assert_non_null(c);
	assert_int_equal(c->value[0], 12290);
	assert_int_equal(c->value[3], 14238);
	assert_int_equal(c->total, 12290 + 10019 + 13205 + 14238);
	/* RES + CAL; TLB is part of CAL */
	c = find(&perf, "#IPIs");
	assert_int_equal(c->value[1], 580 + 10492);
	c = find(&perf, "interrupts: TLB shootdowns");
	assert_int_equal(c->total, 126 + 210 + 69 + 148);
	c = find(&perf, "#interrupts");
	assert_null(c->label);
	assert_int_equal(c->values, 4);
	/* third column: 417 + 101 + 1 of devices; LOC IWI RES CAL TLB MCP */
	assert_int_equal(c->value[2], 417 + 101 + 1 + 13205 + 382 + 646 + 7924 + 69 + 1);
	c = find(&perf, "context switches since boot");
	assert_int_equal(c->total, 57960);
	assert_int_equal(c->values, 0);
}

/* With arrays, interrupts come by their source with its name. */
static void interrupts_by_index(void **state)
{
	struct guests *g = *state;
	const struct mva_perf_counter *c;
	struct mva_perf perf;
	unsigned i = 0;

	guests_open(g);
	perf = dump(g, NULL, true);
	c = find(&perf, "#interrupts");
	assert_non_null(c->label);
	while (i < c->values && strcmp(c->label[i], "26"))
		i++;
	assert_in_range(i, 0, c->values - 1);
	assert_int_equal(c->value[i], 235);
}

/* What perf events cannot be had says why; no value is made up. */
static void events_say_why_not(void **state)
{
	struct guests *g = *state;
	const struct mva_perf_counter *c;
	struct mva_perf perf;

	guests_open(g);
	perf = dump(g, NULL, false);
	c = find(&perf, "cycles");
	assert_non_null(c);
	assert_non_null(c->unsupported);
	assert_null(c->value);
	assert_non_null(strstr(c->unsupported, "perf events"));
	assert_non_null(find(&perf, "mem-loads")->unsupported);
	assert_null(find(&perf, "vmexits"));
}

/* KVM's statistics: sums, levels marked, refused files unsupported, others' directories apart. */
static void kvm_statistics(void **state)
{
	struct guests *g = *state;
	const struct process p = {.pid = 4000242,
		.name = "/usr/bin/qemu-system-x86_64",
		.arguments = "-name|guest=vm-1",
		.thread = "CPU %u/KVM",
		.vcpus = 2,
		.state = 'S',
		.start = 1234};
	const struct mva_perf_counter *c;
	struct mva_perf perf;

	process_write(g, &p);
	host_write(&g->host, "/sys/kernel/debug/kvm/exits", "59813\n");
	host_write(&g->host, "/sys/kernel/debug/kvm/pages_4k", "133\n");
	host_write(
		&g->host, "/sys/kernel/debug/kvm/hypercalls/refused", "a directory reads EISDIR");
	host_write(&g->host, "/sys/kernel/debug/kvm/4000242-12/exits", "20592\n");
	host_write(&g->host, "/sys/kernel/debug/kvm/304-12/exits", "7\n");
	guests_open(g);
	guests_sample(g, 0);
	perf = dump(g, NULL, false);
	assert_int_equal(find(&perf, "vmexits")->total, 59813);
	assert_false(find(&perf, "vmexits")->level);
	assert_true(find(&perf, "kvm: pages_4k")->level);
	assert_non_null(find(&perf, "hypercalls")->unsupported);
	assert_null(find(&perf, "kvm: io_exits"));
	perf = dump(g, "vm-1", false);
	assert_int_equal(find(&perf, "vmexits")->total, 20592);
	c = find(&perf, "vcpu run time ns");
	assert_int_equal(c->values, 2);
	assert_int_equal(c->value[1], 1000000001);
	assert_int_equal(find(&perf, "sched: context switches")->total, 60);
}

/* An unknown domain is named. */
static void unknown_domain(void **state)
{
	struct guests *g = *state;
	struct mvmp_error err = {0};
	struct mva_perf perf;

	guests_open(g);
	assert_int_not_equal(
		g->host.backend->ops->perf(g->host.backend, "nobody", false, &perf, &err), 0);
	assert_int_equal(err.status, MVMP_NOT_FOUND);
	assert_string_equal(err.text, "no domain 'nobody' on this node");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(interrupts_per_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts_by_index, setup, teardown),
		cmocka_unit_test_setup_teardown(events_say_why_not, setup, teardown),
		cmocka_unit_test_setup_teardown(kvm_statistics, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_domain, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
