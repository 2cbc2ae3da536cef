/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/schedstat (version 15 and later, Documentation/scheduler/sched-stats.rst): the eighth
 * number of a cpu line is how long tasks were runnable and waited for that pCPU, ns. */

#include "linux.h"
#include "scan.h"

void mva_schedstat_open(struct mva_linux *lx)
{
	lx->proc.schedstat = mva_linux_open(lx, "pcpu.wait", MVA_SRC_PROC_FILE, "schedstat", 0);
}

static void parse_cpu(struct mvmp_records *pcpus, const char *at)
{
	uint64_t cpu = scan_u64(&at), wait = 0;

	for (unsigned field = 0; field < 8; field++)
		wait = scan_u64(&at);
	for (uint32_t i = 0; i < pcpus->count; i++) {
		if (pcpus->at[i].key.index == cpu)
			mvmp_set(&pcpus->at[i], MVMP_P_WAIT, wait);
	}
}

void mva_schedstat_pcpus(struct mva_linux *lx, struct mvmp_records *pcpus)
{
	const char *at = mva_linux_read_all(lx, lx->proc.schedstat) > 0 ? lx->buf : NULL;

	for (; at; at = scan_next_line(at)) {
		const char *line = at;

		if (scan_is(&line, "cpu"))
			parse_cpu(pcpus, line);
	}
	for (uint32_t i = 0; i < pcpus->count; i++) {
		if (!mvmp_has(&pcpus->at[i], MVMP_P_WAIT))
			mva_unsupported(&pcpus->at[i], MVMP_P_WAIT);
	}
}
