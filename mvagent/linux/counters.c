/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"
#include "scan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void mva_counters_open(struct mva_linux *lx)
{
	struct mva_counters *counters = calloc(1, sizeof(*counters));

	lx->counters = counters;
	if (!counters)
		return;
	counters->interrupts = mva_linux_open(lx, NULL, MVA_SRC_PROC_FILE, "interrupts", 0);
	counters->softirqs = mva_linux_open(lx, NULL, MVA_SRC_PROC_FILE, "softirqs", 0);
	counters->kvm = mva_linux_open(lx, "kvm.statistics", MVA_SRC_KVM_DEBUG_DIR, "", 0);
	mva_events_open(lx);
}

void mva_counters_close(struct mva_linux *lx)
{
	struct mva_counters *counters = lx->counters;

	if (!counters)
		return;
	mva_events_close(lx);
	mva_linux_close(&counters->interrupts);
	mva_linux_close(&counters->softirqs);
	mva_linux_close(&counters->kvm);
	free(counters->cpu);
	free(counters->value);
	free(counters);
	lx->counters = NULL;
}

struct mva_perf_counter *mva_counter_add(
	struct mva_counters *counters, const char *name, const char *source)
{
	struct mva_perf_counter *counter = &counters->counter[counters->used];

	if (counters->used == MVA_COUNTERS_MAX)
		return NULL;
	*counter = (struct mva_perf_counter){.name = name, .source = source};
	counters->used++;
	return counter;
}

uint64_t *mva_counter_values(struct mva_counters *counters, struct mva_perf_counter *counter)
{
	size_t row = (size_t)(counter - counters->counter);
	uint64_t *value = counters->value + row * counters->columns;

	memset(value, 0, counters->columns * sizeof(*value));
	counter->value = value;
	counter->values = counters->cpus;
	return value;
}

void mva_counter_sum(struct mva_perf_counter *counter)
{
	counter->total = 0;
	for (unsigned i = 0; i < counter->values; i++)
		counter->total += counter->value[i];
}

static int begin(struct mva_linux *lx, struct mvmp_error *err)
{
	struct mva_counters *counters = lx->counters;
	unsigned columns = lx->stat.cpus;

	if (counters)
		counters->used = 0;
	columns = columns < MVA_GUEST_VCPUS_MAX ? MVA_GUEST_VCPUS_MAX : columns;
	if (counters && counters->columns < columns) {
		free(counters->value);
		free(counters->cpu);
		counters->value = calloc(MVA_COUNTERS_MAX, columns * sizeof(*counters->value));
		counters->cpu = calloc(columns, sizeof(*counters->cpu));
		counters->columns = columns;
	}
	if (!counters || !counters->value || !counters->cpu) {
		if (counters)
			counters->columns = 0;
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for a dump of counters");
	}
	counters->cpus = lx->stat.cpus;
	for (unsigned i = 0; i < counters->cpus; i++)
		counters->cpu[i] = lx->stat.cpu[i].cpu;
	return 0;
}

static uint64_t uptime(struct mva_linux *lx)
{
	const char *at;

	if (mva_linux_read(lx, lx->proc.uptime) <= 0)
		return 0;
	at = lx->buf;
	return scan_milli(&at) * MVMP_NS_PER_MS;
}

/* The guest's vCPUs are the columns, by their threads' schedstat. */
static void add_vcpus(struct mva_linux *lx, const struct mva_guest *guest)
{
	static const struct {
		const char *name, *source;
	} rows[] = {
		{"vcpu run time ns", "/proc/PID/task/TID/schedstat, field 1"},
		{"vcpu wait time ns", "/proc/PID/task/TID/schedstat, field 2"},
		{"sched: context switches", "/proc/PID/task/TID/schedstat, field 3"},
	};
	struct mva_counters *counters = lx->counters;

	for (unsigned row = 0; row < 3; row++) {
		struct mva_perf_counter *counter =
			mva_counter_add(counters, rows[row].name, rows[row].source);
		uint64_t *value = counter ? mva_counter_values(counters, counter) : NULL;

		for (unsigned i = 0; value && i < counters->cpus; i++) {
			const char *at = lx->buf;

			if (mva_linux_read(lx, guest->vcpu[i].schedstat) <= 0)
				continue;
			at = lx->buf;
			for (unsigned field = 0; field <= row; field++)
				value[i] = scan_u64(&at);
		}
		if (counter)
			mva_counter_sum(counter);
	}
}

static int add_domain(struct mva_linux *lx, const char *name, struct mvmp_error *err)
{
	struct mva_counters *counters = lx->counters;
	struct mva_guest *guest = mva_guests_find(lx, name, err);

	if (!guest)
		return -MVMP_NOT_FOUND;
	if (!guest->pid)
		return mvmp_fail(err, MVMP_NOT_FOUND, "%s does not run on this node", guest->name);
	if (guest->vcpus && guest->vcpu[0].timed) {
		counters->cpus = guest->vcpus;
		for (unsigned i = 0; i < guest->vcpus; i++)
			counters->cpu[i] = guest->vcpu[i].number;
		add_vcpus(lx, guest);
	}
	if (guest->accel == MVA_ACCEL_KVM)
		mva_kvm_add(lx, guest->pid);
	return 0;
}

static int add_node(struct mva_linux *lx, bool arrays)
{
	mva_interrupts_add(lx, arrays);
	mva_events_add(lx);
	mva_totals_add(lx);
	mva_kvm_add(lx, 0);
	return 0;
}

int mva_linux_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err)
{
	struct mva_linux *lx = (struct mva_linux *)backend;
	int r;

	if (mva_stat_read(lx) < 0)
		return mvmp_fail(err, MVMP_IO, "cannot read /proc/stat");
	r = begin(lx, err);
	if (!r)
		r = domain ? add_domain(lx, domain, err) : add_node(lx, arrays);
	if (r)
		return r;
	*ret = (struct mva_perf){
		.now_ns = uptime(lx),
		.cpu = lx->counters->cpu,
		.cpus = lx->counters->cpus,
		.counter = lx->counters->counter,
		.counters = lx->counters->used,
	};
	return 0;
}
