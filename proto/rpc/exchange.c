/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"
#include "mvmp.pb-c.h"
#include <errno.h>
#include <stdlib.h>

struct rpc_standing rpc_standing_own(const struct rpc_cluster *cluster)
{
	return (struct rpc_standing){.number = cluster->identity->cluster.number,
		.generation = mvmp_identity_key_generation(cluster->identity)};
}

/* A key goes only with the state that names it, or to who has that. */
static bool wants_key(const struct rpc_standing *own, const struct rpc_standing *theirs)
{
	return own->generation > theirs->generation && own->number >= theirs->number;
}

bool rpc_standing_lags(const struct rpc_cluster *cluster, const struct rpc_standing *theirs)
{
	struct rpc_standing own = rpc_standing_own(cluster);

	return own.number > theirs->number || wants_key(&own, theirs);
}

int rpc_exchange_encode(
	const struct rpc_cluster *cluster, const struct rpc_standing *theirs, uint8_t **ret)
{
	const struct mvmp_identity *identity = cluster->identity;
	struct rpc_standing own = rpc_standing_own(cluster);
	Mvmp__ClusterExchange message = MVMP__CLUSTER_EXCHANGE__INIT;
	uint8_t *bytes;
	size_t len;

	message.number = own.number;
	message.generation = own.generation;
	if (theirs && own.number > theirs->number)
		message.document =
			(ProtobufCBinaryData){identity->cluster_len, identity->cluster_bytes};
	if (theirs && wants_key(&own, theirs))
		message.key = (ProtobufCBinaryData){MVMP_KEY_LEN, (uint8_t *)identity->cluster_key};
	len = mvmp__cluster_exchange__get_packed_size(&message);
	bytes = malloc(len + 1);
	if (!bytes)
		return -ENOMEM;
	mvmp__cluster_exchange__pack(&message, bytes);
	*ret = bytes;
	return (int)len;
}

int rpc_exchange_take(const struct rpc_cluster *cluster, const struct mvmp_cert *from,
	const void *body, size_t len, struct rpc_standing *theirs)
{
	Mvmp__ClusterExchange *message = mvmp__cluster_exchange__unpack(NULL, len, body);
	struct rpc_standing own = rpc_standing_own(cluster);
	struct mvmp_cluster_news news = {.from = from};

	if (!message)
		return -EBADMSG;
	*theirs = (struct rpc_standing){message->number, message->generation};
	if (message->document.len && theirs->number > own.number) {
		news.document = message->document.data;
		news.len = message->document.len;
	}
	if (message->key.len == MVMP_KEY_LEN && theirs->generation > own.generation)
		news.key = message->key.data;
	if (news.document || news.key)
		cluster->newer(cluster->ctx, &news);
	if (message->key.len)
		mvmp_wipe(message->key.data, message->key.len);
	mvmp__cluster_exchange__free_unpacked(message, NULL);
	return 0;
}
