/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_EXCHANGE_H
#define MVMP_EXCHANGE_H

/* mvmp.ClusterExchange: who holds the newer cluster state hands it over. */

#include <mvmp/identity.h>
#include <mvmp/verb.h>

struct rpc_cluster {
	const struct mvmp_identity *identity; /* NULL: no exchange */
	mvmp_cluster_newer *newer;
	void *ctx;
};

/* Our number, and the document when it is newer than `theirs`. Encodes into a malloc'd *ret;
 * the length or -ENOMEM. */
int rpc_exchange_encode(const struct rpc_cluster *cluster, uint64_t theirs, uint8_t **ret);

/* Reads the other's and hands a newer document on. 0 with *theirs, or -EBADMSG. */
int rpc_exchange_take(
	const struct rpc_cluster *cluster, const void *body, size_t len, uint64_t *theirs);

#endif
