/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <errno.h>
#include <stdlib.h>

/*
 * Whose turn is next: a heap of all nodes by when they want to be advanced, so that neither a turn
 * of the loop nor an advance looks at every node.
 */

static void put(struct mvs_core *core, struct mvs_node *node, uint32_t at)
{
	core->turn[at] = node;
	node->turn_at = at;
}

static void settle(struct mvs_node *node)
{
	struct mvs_core *core = node->core;
	uint32_t at = node->turn_at, child;

	for (; at && node->due_ns < core->turn[(at - 1) / 2]->due_ns; at = (at - 1) / 2)
		put(core, core->turn[(at - 1) / 2], at);
	while ((child = 2 * at + 1) < core->turns) {
		if (child + 1 < core->turns &&
			core->turn[child + 1]->due_ns < core->turn[child]->due_ns)
			child++;
		if (node->due_ns <= core->turn[child]->due_ns)
			break;
		put(core, core->turn[child], at);
		at = child;
	}
	put(core, node, at);
}

int mvs_turns_add(struct mvs_node *node)
{
	struct mvs_core *core = node->core;

	if (core->turns == core->turn_room) {
		uint32_t room = core->turn_room ? 2 * core->turn_room : 64;
		struct mvs_node **turn = realloc(core->turn, room * sizeof(*turn));

		if (!turn)
			return -ENOMEM;
		core->turn = turn;
		core->turn_room = room;
	}
	node->due_ns = UINT64_MAX;
	put(core, node, core->turns++);
	mvs_node_arm(node);
	return 0;
}

void mvs_turns_remove(struct mvs_node *node)
{
	struct mvs_core *core = node->core;
	struct mvs_node *last = core->turn[--core->turns];

	if (last == node)
		return;
	put(core, last, node->turn_at);
	settle(last);
}

void mvs_node_arm(struct mvs_node *node)
{
	struct mvs_core *core = node->core;

	if (node->turn_at >= core->turns || core->turn[node->turn_at] != node)
		return; /* not listed */
	node->due_ns = node->superfluous ? 0 : mvs_node_deadline(node);
	if (mvs_node_forgotten_at(node) < node->due_ns)
		node->due_ns = mvs_node_forgotten_at(node);
	settle(node);
}

struct mvs_node *mvs_turns_first(const struct mvs_core *core)
{
	return core->turns ? core->turn[0] : NULL;
}
