/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_PEERS_H
#define MVMP_PEERS_H

/* Members heard of, and which of them is meant by a target. */

#include <mvmp/client.h>
#include <mvmp/index.h>

enum {
	PEERS_MAX = 16384,
	TARGET_TEXT_LEN = 80,
	/* What a member may be asked for by: name, node id, MACs, the MAC it sends from. */
	RPC_KEYS_MAX = 3 + MVMP_CERT_MACS_MAX,
};

/* A target of one's own. */
struct rpc_target {
	bool has_addr, has_mac;
	struct mvmp_addr addr;
	uint8_t mac[MVMP_MAC_LEN];
	char text[TARGET_TEXT_LEN]; /* as the caller wrote it, or the address; for sentences */
	uint16_t role;
	uint64_t key; /* rpc_target_key(); not of an address */
};

struct peer_entry;

struct rpc_peers {
	struct mvmp_index index;
	struct peer_entry *newest, *oldest; /* by when they were heard */
	size_t count;
	struct mvmp_peer *list; /* what rpc_peers_list() made */
	uint32_t local_links;	/* bits of links whose addresses are no MACs */
};

/* MVMP_INVALID for a target that says nothing. */
int rpc_target_set(struct rpc_target *to, const struct mvmp_target *from, struct mvmp_error *err);

void rpc_peers_heard(struct rpc_peers *peers, const struct mvmp_peer *peer);
void rpc_peers_forget(struct rpc_peers *peers, const struct mvmp_addr *addr);
/* All, most recently heard first; valid until the next call. Without memory: none. */
size_t rpc_peers_list(struct rpc_peers *peers, const struct mvmp_peer **ret);
void rpc_peers_free(struct rpc_peers *peers);

/* Who was heard at an address, or NULL. */
const struct mvmp_peer *rpc_peers_at(const struct rpc_peers *peers, const struct mvmp_addr *addr);
bool rpc_peer_has_mac(const struct mvmp_peer *peer, const uint8_t *mac);

/* The best way to the member that is meant: Unix links first, then the one heard last. NULL when
 * none is known. *other is another member that goes by the same name, or NULL. */
const struct mvmp_peer *rpc_peers_choose(const struct rpc_peers *peers,
	const struct rpc_target *target, const struct mvmp_peer **other);

/* The members that a target may mean, one after the other; NULL at the end. `at` begins with
 * zeros; between two calls no member may be heard or forgotten. */
struct rpc_seek {
	struct mvmp_index_entry *entry;
	bool begun;
};
const struct mvmp_peer *rpc_peers_next(
	const struct rpc_peers *peers, const struct rpc_target *target, struct rpc_seek *at);

/* Under which key a target is looked for; not for targets that are an address. The keys under which
 * a member or a certificate may be found; how many. Equal keys prove nothing. */
uint64_t rpc_target_key(const struct rpc_target *target); /* computes it: see rpc_target.key */
unsigned rpc_peer_keys(const struct mvmp_peer *peer, uint64_t key[static RPC_KEYS_MAX]);
unsigned rpc_cert_keys(const struct mvmp_cert *cert, uint64_t key[static RPC_KEYS_MAX]);
uint64_t rpc_addr_key(const struct mvmp_addr *addr);

/* Whether the certificate that answered over `addr` is the one meant; else MVMP_NOT_TRUSTED
 * with the sentence. */
int rpc_target_check(const struct rpc_peers *peers, const struct rpc_target *target,
	const struct mvmp_addr *addr, const struct mvmp_cert *cert, struct mvmp_error *err);

/* Where a connect failed for a MAC that the member at `addr` does not claim itself, tells so by
 * what its BEACON said: *err is the endpoint's word for it. */
void rpc_target_explain(const struct rpc_peers *peers, const struct rpc_target *target,
	const struct mvmp_addr *addr, struct mvmp_error *err);

/* Whether this certificate is what the target names; says nothing of roles. */
bool rpc_target_names(const struct rpc_target *target, const struct mvmp_cert *cert);

bool rpc_addr_equal(const struct mvmp_addr *a, const struct mvmp_addr *b);

#endif
