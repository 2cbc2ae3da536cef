/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include <stdlib.h>

/* NODES_READ: every node that was asked for or heard of, with its state and main figures. */

/* Share of time that all pCPUs were busy between the last two samples. */
static bool cpu_busy(const struct mvs_live *live, double *ret)
{
	static const unsigned column[] = {
		MVMP_N_USER, MVMP_N_SYSTEM, MVMP_N_STEAL, MVMP_N_IDLE, MVMP_N_IOWAIT};
	const struct mvmp_sample *a = &live->before->sample, *b = &live->now->sample;
	double busy = 0, all = 0, rate;

	if (!mvs_live_has_two(live) || !a->kind[MVMP_NODE].count || !b->kind[MVMP_NODE].count)
		return false;
	for (unsigned i = 0; i < 5; i++) {
		bool known = mvmp_rate(
			&rate, a, a->kind[MVMP_NODE].at, b, b->kind[MVMP_NODE].at, column[i]);

		if (!known && (i < 2 || i == 3))
			return false;
		all += known ? rate : 0;
		busy += known && i < 3 ? rate : 0;
	}
	*ret = all > 0 ? busy / all : 0;
	return all > 0;
}

static void fill_figures(Mvmp__NodesAnswer__Node *to, const struct mvs_live *live)
{
	const struct mvmp_sample *sample = &live->now->sample;
	const struct mvmp_record *node;
	double busy;

	to->simulated = sample->simulated;
	to->has_rates = cpu_busy(live, &busy);
	if (to->has_rates)
		to->cpu_busy_ppm = (uint32_t)(busy * 1e6 + 0.5);
	if (sample->kind[MVMP_NODE].count == 0)
		return;
	node = sample->kind[MVMP_NODE].at;
	to->backend = (char *)node->text[MVMP_NT_BACKEND];
	to->has_domains = mvmp_has(node, MVMP_N_DOMAINS);
	if (to->has_domains)
		to->domains = (uint32_t)node->value[MVMP_N_DOMAINS];
	to->has_memory = mvmp_has(node, MVMP_N_MEM_TOTAL) && mvmp_has(node, MVMP_N_MEM_AVAILABLE) &&
			 node->value[MVMP_N_MEM_TOTAL];
	if (to->has_memory)
		to->mem_used_ppm =
			(uint32_t)((1 - (double)node->value[MVMP_N_MEM_AVAILABLE] /
						   (double)node->value[MVMP_N_MEM_TOTAL]) *
				   1e6);
}

static void fill_node(Mvmp__NodesAnswer__Node *to, struct mvs_node *node, uint64_t now)
{
	mvmp__nodes_answer__node__init(to);
	to->name = (char *)mvs_node_label(node);
	to->node_id = node->node_id;
	to->mac.data = node->mac;
	to->mac.len = MVMP_MAC_LEN;
	to->state = mvs_node_state(node, now);
	to->note = (char *)mvs_node_note(node, now);
	to->frames = node->live.received;
	to->lost = node->live.lost;
	to->seen_age_ns = mvs_node_age(node, now);
	if (mvs_live_has(&node->live))
		fill_figures(to, &node->live);
}

void mvs_query_nodes(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__NodesAnswer answer = MVMP__NODES_ANSWER__INIT;
	Mvmp__NodesAnswer__Node *item = calloc(core->node_count + 1, sizeof *item);
	Mvmp__NodesAnswer__Node **list = calloc(core->node_count + 1, sizeof *list);
	struct mvs_node *node;
	struct mvmp_error err;

	LIST_FOREACH (node, &core->nodes, link) {
		if (!item || !list)
			break;
		fill_node(&item[answer.n_node], node, now);
		list[answer.n_node] = &item[answer.n_node];
		answer.n_node++;
	}
	answer.node = list;
	if (item && list) {
		mvs_answer(core, request->call, &answer.base, now);
	} else {
		mvmp_fail(
			&err, MVMP_NO_MEMORY, "no memory for a list of %u nodes", core->node_count);
		mvs_answer_error(core, request->call, &err, now);
	}
	free(list);
	free(item);
}
