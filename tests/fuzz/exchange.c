/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "believer.h"
#include "exchange.h"
#include <stdlib.h>
#include <string.h>

/* A member hands something over, and every signature is right: what it brings never sets the state
 * back, changes no key but to the one that the state names, and can be handed on. */

static void newer(void *ctx, const struct mvmp_cluster_news *news)
{
	struct mvmp_identity *identity = ctx;
	bool changed = false;

	if (news->document &&
		mvmp_identity_update_cluster(identity, news->document, news->len, &changed, NULL))
		return;
	if (news->key &&
		!mvmp_identity_take_key(identity, news->key, BELIEVER_NOW_S, &changed, NULL) &&
		changed &&
		mvmp_identity_key_generation(identity) != identity->cluster.key_generation)
		abort();
}

static void make(struct mvmp_identity *identity)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 1}, seed[32];
	int len;

	believer_identity(identity, MVMP_ROLE_NODE, mac);
	len = mvmp_cluster_sign(
		&believer, &identity->cluster, seed, &identity->cluster_bytes, NULL);
	if (len < 0)
		abort();
	identity->cluster_len = (size_t)len;
}

static void hand_on(const struct rpc_cluster *from, const struct mvmp_cert *cert)
{
	const struct rpc_standing nothing = {0};
	struct rpc_standing theirs;
	struct mvmp_identity other;
	struct rpc_cluster to = {.identity = &other, .newer = newer, .ctx = &other};
	uint8_t *body;
	int len;

	make(&other);
	len = rpc_exchange_encode(from, &nothing, &body);
	if (len < 0 || rpc_exchange_take(&to, cert, body, (size_t)len, &theirs) ||
		other.cluster.number != from->identity->cluster.number)
		abort();
	free(body);
	mvmp_identity_clear(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_identity identity;
	struct rpc_cluster cluster = {.identity = &identity, .newer = newer, .ctx = &identity};
	struct rpc_standing theirs;
	struct mvmp_cert from;
	bool changed;

	make(&identity);
	from = identity.cert;
	if (!rpc_exchange_take(&cluster, &from, bytes, len, &theirs)) {
		if (identity.cluster.number < 1)
			abort();
		hand_on(&cluster, &from);
	}
	if (!mvmp_identity_take_cert(&identity, bytes, len, BELIEVER_NOW_S, &changed, NULL) &&
		(changed ? identity.cert.serial <= 1 : identity.cert.serial != 1))
		abort();
	mvmp_identity_clear(&identity);
	return 0;
}
