/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <string.h>

/*
 * Where a node may be. BEACONs are not authenticated: an address told by one is tried beside the
 * one that is proved, never instead of it.
 */

bool mvs_way_is(const struct mvs_way *way, const struct mvmp_addr *addr)
{
	return way->addr.link == addr->link && !memcmp(way->addr.mac, addr->mac, MVMP_MAC_LEN);
}

static struct mvs_way *find(struct mvs_node *node, const struct mvmp_addr *addr)
{
	for (unsigned i = 0; i < node->ways; i++) {
		if (mvs_way_is(&node->way[i], addr))
			return &node->way[i];
	}
	return NULL;
}

/* A place for a hint: a free one, or that of the hint heard longest ago. */
static struct mvs_way *make_place(struct mvs_node *node)
{
	struct mvs_way *oldest = NULL;

	if (node->ways < MVS_WAYS)
		return &node->way[node->ways++];
	for (unsigned i = node->proved; i < node->ways; i++) {
		if (!oldest || node->way[i].heard_ns < oldest->heard_ns)
			oldest = &node->way[i];
	}
	return oldest;
}

void mvs_way_heard(struct mvs_node *node, const struct mvmp_addr *addr, uint64_t now)
{
	struct mvs_way *way = find(node, addr);

	if (!way)
		way = make_place(node);
	way->addr = *addr;
	way->heard_ns = now;
}

static unsigned index_of_turn(const struct mvs_node *node)
{
	if (!node->proved)
		return node->turn % node->ways;
	if (node->ways == 1 || node->turn % 2 == 0)
		return 0;
	return 1 + node->turn / 2 % (node->ways - 1);
}

const struct mvmp_addr *mvs_way_next(const struct mvs_node *node)
{
	return node->ways ? &node->way[index_of_turn(node)].addr : NULL;
}

void mvs_way_prove(struct mvs_node *node, const struct mvmp_addr *addr)
{
	struct mvs_way *way = find(node, addr), first = node->way[0];

	if (!way) {
		mvs_way_heard(node, addr, 0);
		way = find(node, addr);
	}
	node->way[0] = *way;
	if (way != &node->way[0])
		*way = first;
	node->proved = true;
	node->turn = 0;
}

void mvs_way_drop(struct mvs_node *node)
{
	unsigned at;

	if (!node->ways)
		return;
	at = index_of_turn(node);
	if (at == 0)
		node->proved = false;
	node->way[at] = node->way[--node->ways];
}
