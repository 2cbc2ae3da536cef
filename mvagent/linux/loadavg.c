/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/loadavg: "0.20 0.18 0.12 1/80 11206". */

#include "linux.h"
#include "scan.h"

void mva_loadavg_open(struct mva_linux *lx)
{
	lx->proc.loadavg = mva_linux_open(lx, "loadavg", MVA_SRC_PROC_FILE, "loadavg", 0);
}

void mva_loadavg_node(struct mva_linux *lx, struct mvmp_record *node)
{
	bool known = mva_linux_read(lx, lx->proc.loadavg) > 0;

	for (unsigned i = 0; i < 3; i++) {
		static const unsigned metric[] = {MVMP_N_LOAD1, MVMP_N_LOAD5, MVMP_N_LOAD15};
		const char *at = lx->buf;

		for (unsigned skip = 0; known && skip < i; skip++)
			scan_word(&at);
		mva_set_or_unsupported(node, metric[i], known, known ? scan_milli(&at) : 0);
	}
}
