/* SPDX-License-Identifier: Apache-2.0 */

/* Memory errors since boot, summed over the controllers: /sys/devices/system/edac/mc/mc<N>/
 * {ce,ue}_count (Documentation/admin-guide/ras.rst). */

#include "linux.h"

static void add_controller(struct mva_linux *lx, int dir, const char *name, void *ctx)
{
	struct mva_edac *edac = &lx->edac;
	int ce, ue;

	(void)ctx;
	if (edac->controllers == MVA_EDAC_MAX)
		return;
	ce = mva_linux_openat(dir, "%s/ce_count", name);
	ue = mva_linux_openat(dir, "%s/ue_count", name);
	if (ce < 0 || ue < 0) {
		mva_linux_close(&ce);
		mva_linux_close(&ue);
		return;
	}
	edac->ce[edac->controllers] = ce;
	edac->ue[edac->controllers++] = ue;
}

void mva_edac_open(struct mva_linux *lx)
{
	int dir = mva_linux_open(lx, "edac", MVA_SRC_SYS_DIR, "edac", 0);

	if (dir < 0)
		return;
	mva_linux_each(lx, dir, "mc", add_controller, NULL);
	mva_linux_close(&dir);
	mva_linux_can(lx, "edac", lx->edac.controllers > 0,
		"no memory controller in /sys/devices/system/edac/mc");
}

/* The sum of all controllers, or unsupported when one does not tell. */
static void set_sum(struct mvmp_record *node, unsigned metric, const int *fd, unsigned count)
{
	uint64_t total = 0;
	bool known = count > 0;
	int64_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		known &= mva_linux_read_number(fd[i], &value);
		total += (uint64_t)value;
	}
	mva_set_or_unsupported(node, metric, known, total);
}

void mva_edac_node(struct mva_linux *lx, struct mvmp_record *node)
{
	set_sum(node, MVMP_N_MEM_ERR_CE, lx->edac.ce, lx->edac.controllers);
	set_sum(node, MVMP_N_MEM_ERR_UE, lx->edac.ue, lx->edac.controllers);
}

void mva_edac_close(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->edac.controllers; i++) {
		mva_linux_close(&lx->edac.ce[i]);
		mva_linux_close(&lx->edac.ue[i]);
	}
	lx->edac.controllers = 0;
}
