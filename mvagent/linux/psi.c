/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/pressure/{cpu,memory,io}: "some ... total=N", microseconds in which at least one task
 * waited (Documentation/accounting/psi.rst). */

#include "linux.h"
#include "scan.h"

static const struct {
	const char *file;
	unsigned metric;
} pressures[3] = {
	{"pressure/cpu", MVMP_N_PSI_CPU},
	{"pressure/memory", MVMP_N_PSI_MEM},
	{"pressure/io", MVMP_N_PSI_IO},
};

void mva_psi_open(struct mva_linux *lx)
{
	for (unsigned i = 0; i < 3; i++)
		lx->proc.psi[i] =
			mva_linux_open(lx, "psi", MVA_SRC_PROC_FILE, pressures[i].file, 0);
}

void mva_psi_node(struct mva_linux *lx, struct mvmp_record *node)
{
	for (unsigned i = 0; i < 3; i++) {
		/* A kernel booted with psi=0 has the files and refuses to read them. */
		bool known = mva_linux_read(lx, lx->proc.psi[i]) > 0;
		const char *at = known ? strstr(lx->buf, "total=") : NULL;

		if (at)
			at += strlen("total=");
		mva_set_or_unsupported(
			node, pressures[i].metric, at, at ? scan_u64(&at) * 1000 : 0);
	}
}
