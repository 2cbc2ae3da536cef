/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/vmstat: pages swapped in and out. */

#include "linux.h"
#include "scan.h"

void mva_vmstat_open(struct mva_linux *lx)
{
	lx->proc.vmstat = mva_linux_open(lx, "vmstat", MVA_SRC_PROC_FILE, "vmstat", 0);
}

void mva_vmstat_node(struct mva_linux *lx, struct mvmp_record *node)
{
	const char *at = mva_linux_read_all(lx, lx->proc.vmstat) > 0 ? lx->buf : NULL;

	for (; at; at = scan_next_line(at)) {
		const char *in = at, *out = at;

		if (scan_is(&in, "pswpin "))
			mvmp_set(node, MVMP_N_SWAP_IN, scan_u64(&in));
		else if (scan_is(&out, "pswpout "))
			mvmp_set(node, MVMP_N_SWAP_OUT, scan_u64(&out));
	}
	if (!mvmp_has(node, MVMP_N_SWAP_IN))
		mva_unsupported(node, MVMP_N_SWAP_IN);
	if (!mvmp_has(node, MVMP_N_SWAP_OUT))
		mva_unsupported(node, MVMP_N_SWAP_OUT);
}
