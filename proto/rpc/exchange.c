/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"
#include "mvmp.pb-c.h"
#include <errno.h>
#include <stdlib.h>

int rpc_exchange_encode(const struct rpc_cluster *cluster, uint64_t theirs, uint8_t **ret)
{
	const struct mvmp_identity *own = cluster->identity;
	Mvmp__ClusterExchange message = MVMP__CLUSTER_EXCHANGE__INIT;
	uint8_t *bytes;
	size_t len;

	message.number = own->cluster.number;
	if (own->cluster.number > theirs)
		message.document = (ProtobufCBinaryData){own->cluster_len, own->cluster_bytes};
	len = mvmp__cluster_exchange__get_packed_size(&message);
	bytes = malloc(len + 1);
	if (!bytes)
		return -ENOMEM;
	mvmp__cluster_exchange__pack(&message, bytes);
	*ret = bytes;
	return (int)len;
}

int rpc_exchange_take(
	const struct rpc_cluster *cluster, const void *body, size_t len, uint64_t *theirs)
{
	Mvmp__ClusterExchange *message = mvmp__cluster_exchange__unpack(NULL, len, body);

	if (!message)
		return -EBADMSG;
	*theirs = message->number;
	if (message->document.len && message->number > cluster->identity->cluster.number)
		cluster->newer(cluster->ctx, message->document.data, message->document.len);
	mvmp__cluster_exchange__free_unpacked(message, NULL);
	return 0;
}
