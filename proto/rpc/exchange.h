/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_EXCHANGE_H
#define MVMP_EXCHANGE_H

/* mvmp.ClusterExchange: who holds the newer cluster state or key hands it over. */

#include <mvmp/identity.h>
#include <mvmp/verb.h>

struct rpc_cluster {
	const struct mvmp_identity *identity; /* NULL: no exchange */
	mvmp_cluster_newer *newer;
	void *ctx;
};

/* What a member holds. */
struct rpc_standing {
	uint64_t number;     /* of its cluster state */
	uint32_t generation; /* of its cluster key */
};

struct rpc_standing rpc_standing_own(const struct rpc_cluster *cluster);

/* Whether we hold something newer. */
bool rpc_standing_lags(const struct rpc_cluster *cluster, const struct rpc_standing *theirs);

/* What we hold; with it the document and the key where the other's are older. `theirs` NULL: not
 * known yet. Encodes into a malloc'd *ret, which may hold the key: to be wiped. The length or
 * -ENOMEM. */
int rpc_exchange_encode(
	const struct rpc_cluster *cluster, const struct rpc_standing *theirs, uint8_t **ret);

/* Reads the other's and hands what is newer on. 0 with *theirs, or -EBADMSG. */
int rpc_exchange_take(const struct rpc_cluster *cluster, const struct mvmp_cert *from,
	const void *body, size_t len, struct rpc_standing *theirs);

#endif
