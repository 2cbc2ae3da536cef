/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/meminfo: KiB of memory and swap. */

#include "linux.h"
#include "scan.h"

static const struct line {
	const char *key;
	unsigned metric;
} lines[] = {
	{"MemTotal:", MVMP_N_MEM_TOTAL},
	{"MemFree:", MVMP_N_MEM_FREE},
	{"MemAvailable:", MVMP_N_MEM_AVAILABLE},
	{"Cached:", MVMP_N_MEM_CACHED},
	{"SwapTotal:", MVMP_N_SWAP_TOTAL},
	{"SwapFree:", MVMP_N_SWAP_FREE},
};

void mva_meminfo_open(struct mva_linux *lx)
{
	lx->proc.meminfo = mva_linux_open(lx, "meminfo", MVA_SRC_PROC_FILE, "meminfo", 0);
}

void mva_meminfo_node(struct mva_linux *lx, struct mvmp_record *node)
{
	const size_t count = sizeof(lines) / sizeof(lines[0]);

	if (mva_linux_read(lx, lx->proc.meminfo) < 0)
		lx->buf[0] = '\0';
	for (const char *line = lx->buf; line; line = scan_next_line(line)) {
		for (size_t i = 0; i < count; i++) {
			const char *at = line;

			if (scan_is(&at, lines[i].key))
				mvmp_set(node, lines[i].metric, scan_u64(&at) * 1024);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (!mvmp_has(node, lines[i].metric))
			mva_unsupported(node, lines[i].metric);
	}
}
