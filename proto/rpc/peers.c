/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

/* The entry that a newly heard member replaces: its address, or its older address on that link
 * (a program that was restarted on a Unix link has a new one). */
static struct mvmp_peer *find(struct rpc_peers *peers, const struct mvmp_peer *peer)
{
	struct mvmp_peer *found = NULL;

	for (size_t i = 0; i < peers->count; i++) {
		struct mvmp_peer *p = &peers->at[i];

		if (rpc_addr_equal(&p->addr, &peer->addr))
			return p;
		if (p->addr.link == peer->addr.link &&
			!memcmp(p->fingerprint, peer->fingerprint, sizeof p->fingerprint))
			found = p;
	}
	return found;
}

static struct mvmp_peer *oldest(struct rpc_peers *peers)
{
	struct mvmp_peer *found = peers->at;

	for (size_t i = 0; i < peers->count; i++) {
		struct mvmp_peer *p = &peers->at[i];

		if (p->seen < found->seen)
			found = p;
	}
	return found;
}

/* A place at the end; NULL without memory. */
static struct mvmp_peer *add(struct rpc_peers *peers)
{
	size_t capacity = peers->capacity ? 2 * peers->capacity : 16;
	struct mvmp_peer *at;

	if (peers->count == peers->capacity) {
		at = realloc(peers->at, capacity * sizeof *at);
		if (!at)
			return NULL;
		peers->at = at;
		peers->capacity = capacity;
	}
	return &peers->at[peers->count++];
}

void rpc_peers_heard(struct rpc_peers *peers, const struct mvmp_peer *peer)
{
	struct mvmp_peer *to = find(peers, peer);

	if (!to)
		to = peers->count < PEERS_MAX ? add(peers) : oldest(peers);
	if (to)
		*to = *peer;
}

void rpc_peers_forget(struct rpc_peers *peers, const struct mvmp_addr *addr)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (!rpc_addr_equal(&peers->at[i].addr, addr))
			continue;
		peers->at[i] = peers->at[--peers->count];
		return;
	}
}

static int by_seen(const void *a, const void *b)
{
	const struct mvmp_peer *x = a, *y = b;

	return (x->seen < y->seen) - (x->seen > y->seen);
}

void rpc_peers_sort(struct rpc_peers *peers)
{
	if (peers->count)
		qsort(peers->at, peers->count, sizeof *peers->at, by_seen);
}

void rpc_peers_free(struct rpc_peers *peers)
{
	free(peers->at);
	*peers = (struct rpc_peers){0};
}

const struct mvmp_peer *rpc_peers_at(const struct rpc_peers *peers, const struct mvmp_addr *addr)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (rpc_addr_equal(&peers->at[i].addr, addr))
			return &peers->at[i];
	}
	return NULL;
}

bool rpc_peer_has_mac(const struct mvmp_peer *peer, const uint8_t *mac)
{
	for (unsigned i = 0; i < peer->macs; i++) {
		if (!memcmp(peer->mac[i], mac, MVMP_MAC_LEN))
			return true;
	}
	return false;
}

static bool has_node_id(const struct mvmp_peer *peer, const char *text)
{
	uint8_t id[4];

	return peer->macs && !mvmp_unhex(id, sizeof id, text) &&
	       !memcmp(id, peer->mac[0] + 2, sizeof id);
}

/* A MAC is also meant where it is the source address on a wire: whether the certificate allows
 * it is seen when it answers. */
static bool matches(const struct rpc_peers *peers, const struct rpc_target *target,
	const struct mvmp_peer *peer)
{
	bool wire = !(peers->local_links >> peer->addr.link & 1);

	if (target->has_mac)
		return rpc_peer_has_mac(peer, target->mac) ||
		       (wire && !memcmp(peer->addr.mac, target->mac, MVMP_MAC_LEN));
	return peer->roles & target->role &&
	       (!strcmp(peer->name, target->text) || has_node_id(peer, target->text));
}

const struct mvmp_peer *rpc_peers_next(
	const struct rpc_peers *peers, const struct rpc_target *target, size_t *at)
{
	while (*at < peers->count) {
		const struct mvmp_peer *peer = &peers->at[(*at)++];

		if (matches(peers, target, peer))
			return peer;
	}
	return NULL;
}

/* The same certificate, or a renewed one. */
static bool same_member(const struct mvmp_peer *a, const struct mvmp_peer *b)
{
	if (!memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint))
		return true;
	return !strcmp(a->name, b->name) && a->macs && b->macs &&
	       !memcmp(a->mac[0], b->mac[0], MVMP_MAC_LEN);
}

static bool better(
	const struct rpc_peers *peers, const struct mvmp_peer *a, const struct mvmp_peer *b)
{
	bool a_local = peers->local_links >> a->addr.link & 1;
	bool b_local = peers->local_links >> b->addr.link & 1;

	return a_local != b_local ? a_local : a->seen > b->seen;
}

const struct mvmp_peer *rpc_peers_choose(const struct rpc_peers *peers,
	const struct rpc_target *target, const struct mvmp_peer **other)
{
	const struct mvmp_peer *best = NULL;

	*other = NULL;
	for (size_t i = 0; i < peers->count; i++) {
		const struct mvmp_peer *p = &peers->at[i];

		if (!matches(peers, target, p))
			continue;
		if (best && !target->has_mac && !same_member(best, p))
			*other = better(peers, p, best) ? best : p;
		if (!best || better(peers, p, best))
			best = p;
	}
	return best;
}
