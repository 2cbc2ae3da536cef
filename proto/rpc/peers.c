/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

struct peer_entry {
	struct mvmp_peer peer;
	struct peer_entry *newer, *older;
	struct mvmp_index_entry addr, fingerprint, key[RPC_KEYS_MAX];
};

enum { KEY_FINGERPRINT = 16 }; /* beside those of keys.c */

static uint64_t fingerprint_key(const struct mvmp_peer *peer)
{
	uint8_t bytes[1 + sizeof peer->fingerprint] = {peer->addr.link};

	memcpy(bytes + 1, peer->fingerprint, sizeof peer->fingerprint);
	return mvmp_index_key(KEY_FINGERPRINT, bytes, sizeof bytes);
}

static struct peer_entry *at_address(const struct rpc_peers *peers, const struct mvmp_addr *addr)
{
	struct mvmp_index_entry *at;
	struct peer_entry *e = mvmp_index_first(&peers->index, rpc_addr_key(addr), &at);

	while (e && !rpc_addr_equal(&e->peer.addr, addr))
		e = mvmp_index_next(&at);
	return e;
}

/* The entry that a newly heard member replaces: its address, or its older address on that link
 * (a program that was restarted on a Unix link has a new one). */
static struct peer_entry *find(const struct rpc_peers *peers, const struct mvmp_peer *peer)
{
	struct peer_entry *e = at_address(peers, &peer->addr);
	struct mvmp_index_entry *at;

	if (e)
		return e;
	e = mvmp_index_first(&peers->index, fingerprint_key(peer), &at);
	while (e &&
		(e->peer.addr.link != peer->addr.link ||
			memcmp(e->peer.fingerprint, peer->fingerprint, sizeof peer->fingerprint)))
		e = mvmp_index_next(&at);
	return e;
}

static void take_from_list(struct rpc_peers *peers, struct peer_entry *e)
{
	*(e->newer ? &e->newer->older : &peers->newest) = e->older;
	*(e->older ? &e->older->newer : &peers->oldest) = e->newer;
}

static void put_first(struct rpc_peers *peers, struct peer_entry *e)
{
	e->newer = NULL;
	e->older = peers->newest;
	*(e->older ? &e->older->newer : &peers->oldest) = e;
	peers->newest = e;
}

static void take_from_index(struct rpc_peers *peers, struct peer_entry *e)
{
	mvmp_index_remove(&peers->index, &e->addr);
	mvmp_index_remove(&peers->index, &e->fingerprint);
	for (unsigned i = 0; i < RPC_KEYS_MAX; i++)
		mvmp_index_remove(&peers->index, &e->key[i]);
}

static int put_into_index(struct rpc_peers *peers, struct peer_entry *e)
{
	uint64_t key[RPC_KEYS_MAX];
	unsigned keys = rpc_peer_keys(&e->peer, key);
	int rc = mvmp_index_put(&peers->index, &e->addr, rpc_addr_key(&e->peer.addr), e);

	if (!rc)
		rc = mvmp_index_put(&peers->index, &e->fingerprint, fingerprint_key(&e->peer), e);
	for (unsigned i = 0; !rc && i < keys; i++)
		rc = mvmp_index_put(&peers->index, &e->key[i], key[i], e);
	return rc;
}

static void drop(struct rpc_peers *peers, struct peer_entry *e)
{
	take_from_index(peers, e);
	take_from_list(peers, e);
	peers->count--;
	free(e);
}

/* A new entry, or the one that was not heard of for longest; NULL without memory. */
static struct peer_entry *make_place(struct rpc_peers *peers)
{
	struct peer_entry *e;

	if (peers->count >= PEERS_MAX)
		return peers->oldest;
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	put_first(peers, e);
	peers->count++;
	return e;
}

void rpc_peers_heard(struct rpc_peers *peers, const struct mvmp_peer *peer)
{
	struct peer_entry *e = find(peers, peer);

	if (!e)
		e = make_place(peers);
	if (!e)
		return;
	take_from_index(peers, e);
	e->peer = *peer;
	take_from_list(peers, e);
	put_first(peers, e);
	if (put_into_index(peers, e))
		drop(peers, e);
}

void rpc_peers_forget(struct rpc_peers *peers, const struct mvmp_addr *addr)
{
	struct peer_entry *e = at_address(peers, addr);

	if (e)
		drop(peers, e);
}

size_t rpc_peers_list(struct rpc_peers *peers, const struct mvmp_peer **ret)
{
	struct mvmp_peer *list = realloc(peers->list, (peers->count + 1) * sizeof *list);
	size_t n = 0;

	*ret = list;
	if (!list)
		return 0;
	peers->list = list;
	for (const struct peer_entry *e = peers->newest; e; e = e->older)
		list[n++] = e->peer;
	return n;
}

void rpc_peers_free(struct rpc_peers *peers)
{
	while (peers->newest)
		drop(peers, peers->newest);
	mvmp_index_clear(&peers->index);
	free(peers->list);
	*peers = (struct rpc_peers){0};
}

const struct mvmp_peer *rpc_peers_at(const struct rpc_peers *peers, const struct mvmp_addr *addr)
{
	const struct peer_entry *e = at_address(peers, addr);

	return e ? &e->peer : NULL;
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
	const struct rpc_peers *peers, const struct rpc_target *target, struct rpc_seek *at)
{
	struct peer_entry *e;

	if (at->begun)
		e = mvmp_index_next(&at->entry);
	else
		e = mvmp_index_first(&peers->index, target->key, &at->entry);
	at->begun = true;
	while (e && !matches(peers, target, &e->peer))
		e = mvmp_index_next(&at->entry);
	return e ? &e->peer : NULL;
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
	const struct mvmp_peer *best = NULL, *p;
	struct rpc_seek at = {0};

	*other = NULL;
	while ((p = rpc_peers_next(peers, target, &at))) {
		if (best && !target->has_mac && !same_member(best, p))
			*other = better(peers, p, best) ? best : p;
		if (!best || better(peers, p, best))
			best = p;
	}
	return best;
}
