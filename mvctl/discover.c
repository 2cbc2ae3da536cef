/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include "table.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPREAD_MS = 200, /* over which the answers of a wire are spread */
	/* The same when names are given, first: enough for a rack, and a person does not wait for
	 * a node that is there. On larger segments answers get lost, and the next round finds them.
	 */
	SPREAD_FIRST_MS = 2,
	PROBES = 4, /* rounds while nobody has answered */
};
#define ROUND_FIRST_S 0.03
#define ROUND_WIRE_S  0.25
#define ROUND_HOST_S  0.05

void mvctl_nodes_clear(struct mvctl_nodes *nodes)
{
	free(nodes->node);
	memset(nodes, 0, sizeof *nodes);
}

static struct mvctl_node *add_node(struct mvctl_nodes *nodes)
{
	nodes->node = mvctl_grow(nodes->node, nodes->count + 1, sizeof nodes->node[0]);
	memset(&nodes->node[nodes->count], 0, sizeof nodes->node[0]);
	return &nodes->node[nodes->count++];
}

static void set_peer(struct mvctl_node *node, const struct mvmp_peer *peer)
{
	node->found = true;
	node->peer = *peer;
	snprintf(node->name, sizeof node->name, "%s", peer->name);
	if (peer->macs)
		mvmp_hex(node->id, peer->mac[0] + 2, 4);
}

static struct mvctl_node *find_instance(struct mvctl_nodes *nodes, const struct mvmp_peer *peer)
{
	for (unsigned i = 0; i < nodes->count; i++) {
		if (!memcmp(nodes->node[i].peer.instance, peer->instance, MVMP_ID_LEN))
			return &nodes->node[i];
	}
	return NULL;
}

static bool by_unix(const struct mvctl *ctl, const struct mvmp_peer *peer)
{
	const struct mvmp_link *link = mvmp_run_link(ctl->net->run, peer->addr.link);

	return link && !link->has_macs;
}

/* With -i a node of this host is not meant; the aggregator of this host is. */
static bool is_hidden(const struct mvctl *ctl, uint16_t roles, const struct mvmp_peer *peer)
{
	return mvctl_wire_only(ctl) && roles & MVMP_ROLE_NODE && by_unix(ctl, peer);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct mvctl_node *x = a, *y = b;

	return mvctl_natural_compare(x->name, y->name);
}

void mvctl_heard(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret)
{
	const struct mvmp_peer *peers;
	size_t count = mvmp_client_peers(mvmp_run_client(ctl->net->run), &peers);

	ret->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct mvctl_node *known;

		if (!(peers[i].roles & roles) || is_hidden(ctl, roles, &peers[i]))
			continue;
		known = find_instance(ret, &peers[i]);
		if (!known)
			set_peer(add_node(ret), &peers[i]);
		else if (by_unix(ctl, &peers[i]))
			set_peer(known, &peers[i]);
	}
	if (ret->count)
		qsort(ret->node, ret->count, sizeof ret->node[0], compare_nodes);
}

static void probe(struct mvctl *ctl, unsigned spread_ms)
{
	struct mvmp_endpoint *ep = mvmp_run_endpoint(ctl->net->run);

	for (unsigned i = 0; i < MVMP_LINKS_MAX; i++) {
		const struct mvmp_link *link = mvmp_run_link(ctl->net->run, i);

		if (link)
			mvmp_endpoint_probe(
				ep, i, NULL, link->has_macs ? spread_ms : 0, mvmp_now());
	}
}

struct search {
	struct mvctl *ctl;
	uint16_t roles;
	struct mvctl_nodes *nodes;
	bool (*enough)(void *ctx, const struct mvctl_nodes *so_far);
	void *ctx;
};

static bool search_done(void *ctx)
{
	struct search *search = ctx;

	if (!search->enough)
		return false;
	mvctl_heard(search->ctl, search->roles, search->nodes);
	return search->enough(search->ctx, search->nodes);
}

int mvctl_discover(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret,
	bool (*enough)(void *ctx, const struct mvctl_nodes *so_far), void *ctx)
{
	struct search search = {ctl, roles, ret, enough, ctx};
	double round = ctl->net->wire ? ROUND_WIRE_S : ROUND_HOST_S;

	if (ctl->net->probed && search_done(&search))
		return 0;
	if (enough && ctl->net->wire) {
		probe(ctl, SPREAD_FIRST_MS);
		mvctl_wait(ctl, ROUND_FIRST_S, search_done, &search);
		mvctl_heard(ctl, roles, ret);
		if (enough(ctx, ret))
			return 0;
	}
	for (unsigned i = 0; i < PROBES; i++) {
		probe(ctl, SPREAD_MS);
		ctl->net->probed = true;
		mvctl_wait(ctl, round, search_done, &search);
		mvctl_heard(ctl, roles, ret);
		if (ctl->net->interrupted)
			return MVCTL_EXIT_INTERRUPTED;
		if (enough ? enough(ctx, ret) : ret->count > 0)
			return 0;
		/* Somebody answered, only not who was asked for: one more round for lost frames. */
		if (ret->count && i >= 1)
			return 0;
	}
	return 0;
}
