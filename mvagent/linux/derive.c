/* SPDX-License-Identifier: Apache-2.0 */

/* Figures computed from others of the same sample:
 *   throttle          1 - f_current / f_max
 *   memory contention 1 - (MemFree - (SwapTotal - SwapFree)) / MemTotal
 *   CPU contention    runnable tasks / pCPUs
 *   maximum util.     sum of the intervals in which the load is at least one per pCPU */

#include "linux.h"

enum { PPM = 1000000 };

static bool has_all(const struct mvmp_record *r, uint64_t metrics)
{
	return (r->present & metrics) == metrics;
}

static void derive_throttle(struct mvmp_record *node)
{
	bool known = has_all(node, 1ull << MVMP_N_FREQ | 1ull << MVMP_N_FREQ_MAX);
	uint64_t now = node->value[MVMP_N_FREQ], max = node->value[MVMP_N_FREQ_MAX];

	/* A turbo frequency above the stated maximum reserves nothing. */
	mva_set_or_unsupported(
		node, MVMP_N_THROTTLE, known, known && now < max ? PPM - now * PPM / max : 0);
}

static void derive_memory(struct mvmp_record *node)
{
	bool known = has_all(node, 1ull << MVMP_N_MEM_TOTAL | 1ull << MVMP_N_MEM_FREE |
					   1ull << MVMP_N_SWAP_TOTAL | 1ull << MVMP_N_SWAP_FREE) &&
		     node->value[MVMP_N_MEM_TOTAL];
	double left, total;

	if (!known) {
		mva_unsupported(node, MVMP_N_MEM_CONTENTION);
		return;
	}
	total = (double)node->value[MVMP_N_MEM_TOTAL];
	left = (double)node->value[MVMP_N_MEM_FREE] -
	       ((double)node->value[MVMP_N_SWAP_TOTAL] - (double)node->value[MVMP_N_SWAP_FREE]);
	mvmp_set(node, MVMP_N_MEM_CONTENTION, (uint64_t)((1 - left / total) * PPM + 0.5));
}

static void derive_load(struct mva_linux *lx, struct mvmp_record *node)
{
	bool known = has_all(node, 1ull << MVMP_N_LOAD1 | 1ull << MVMP_N_PCPUS);
	uint64_t now = mva_linux_now(lx);

	if (known && lx->node_sampled_ns &&
		node->value[MVMP_N_LOAD1] >= 1000 * node->value[MVMP_N_PCPUS])
		lx->max_util_ns += now - lx->node_sampled_ns;
	lx->node_sampled_ns = now;
	mva_set_or_unsupported(node, MVMP_N_MAX_UTIL, known, lx->max_util_ns);
}

void mva_derive_node(struct mva_linux *lx, struct mvmp_record *node)
{
	uint64_t pcpus = node->value[MVMP_N_PCPUS];

	derive_throttle(node);
	derive_memory(node);
	derive_load(lx, node);
	mva_set_or_unsupported(node, MVMP_N_CPU_CONTENTION, pcpus,
		pcpus ? node->value[MVMP_N_RUNNABLE] * PPM / pcpus : 0);
}
