/* SPDX-License-Identifier: Apache-2.0 */

/* Counters that the kernel keeps for the whole node, since boot. */

#include "counters.h"
#include "scan.h"

static void add_total(struct mva_linux *lx, const char *name, const char *source, uint64_t total)
{
	struct mva_perf_counter *counter = mva_counter_add(lx->counters, name, source);

	if (counter)
		counter->total = total;
}

static const struct {
	const char *key, *name, *source;
} vmstat_rows[] = {
	{"pgfault ", "page faults since boot", "/proc/vmstat, pgfault"},
	{"pgmajfault ", "page faults with I/O", "/proc/vmstat, pgmajfault"},
	{"pswpin ", "pages swapped in", "/proc/vmstat, pswpin"},
	{"pswpout ", "pages swapped out", "/proc/vmstat, pswpout"},
	{"nr_tlb_remote_flush ", "TLB remote flushes", "/proc/vmstat, nr_tlb_remote_flush"},
	{"numa_pages_migrated ", "NUMA pages migrated", "/proc/vmstat, numa_pages_migrated"},
	{"thp_fault_alloc ", "huge pages faulted in", "/proc/vmstat, thp_fault_alloc"},
};

static void add_vmstat(struct mva_linux *lx)
{
	const char *line = mva_linux_read_all(lx, lx->proc.vmstat) > 0 ? lx->buf : NULL;

	for (; line; line = scan_next_line(line)) {
		for (size_t i = 0; i < sizeof(vmstat_rows) / sizeof(vmstat_rows[0]); i++) {
			const char *at = line;

			if (scan_is(&at, vmstat_rows[i].key))
				add_total(lx, vmstat_rows[i].name, vmstat_rows[i].source,
					scan_u64(&at));
		}
	}
}

void mva_totals_add(struct mva_linux *lx)
{
	add_total(lx, "context switches since boot", "/proc/stat, ctxt", lx->stat.ctxt);
	add_vmstat(lx);
}
