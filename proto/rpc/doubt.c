/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <string.h>

/*
 * BEACONs are not authenticated: anybody may announce any name. Where several do, or the one who
 * does is somebody else, certificates decide: all are asked, and a name is ambiguous only when two
 * certificates bear it.
 */

static bool same_cert(const struct mvmp_client *client, mvmp_session a, mvmp_session b)
{
	const struct mvmp_cert *x = mvmp_endpoint_cert(client->ep, a);
	const struct mvmp_cert *y = mvmp_endpoint_cert(client->ep, b);

	return x && y && !strcmp(x->name, y->name) && x->macs == y->macs &&
	       !memcmp(x->mac, y->mac, x->macs * sizeof x->mac[0]);
}

/* Notes what the certificate at `addr` says; false when the name is not its member's. */
static bool weigh(struct mvmp_client *client, struct call *call, struct doubt *doubt,
	struct connection *c, const struct mvmp_addr *addr)
{
	const struct mvmp_cert *cert = mvmp_endpoint_cert(client->ep, c->session);

	if (!cert || rpc_target_check(&client->peers, &call->target, addr, cert, &call->liar))
		return false;
	if (doubt->proved && !same_cert(client, doubt->proved, c->session)) {
		doubt->conflict = true;
		doubt->other_at = *addr;
	} else {
		doubt->proved = c->session;
		doubt->proved_at = *addr;
	}
	return true;
}

/* Addresses are copied: connecting and forgetting change the table. */
static unsigned list_bearers(const struct mvmp_client *client, const struct call *call,
	struct mvmp_addr to[static DOUBTED_MAX])
{
	const struct mvmp_peer *peer;
	unsigned n = 0;
	struct rpc_seek at = {0};

	while (n < DOUBTED_MAX && (peer = rpc_peers_next(&client->peers, &call->target, &at)))
		to[n++] = peer->addr;
	return n;
}

void doubt_resolve(struct mvmp_client *client, struct call *call, struct doubt *doubt, uint64_t now)
{
	struct mvmp_addr addr[DOUBTED_MAX];
	unsigned n = list_bearers(client, call, addr);
	uint64_t give_up = now + CONNECT_MS * MVMP_NS_PER_MS;

	*doubt = (struct doubt){0};
	if (!call->doubted)
		call->doubted = now;
	for (unsigned i = 0; i < n; i++) {
		struct connection *c =
			connection_get(client, &addr[i], NULL, call->target.role, give_up, now);

		if (c && !c->up)
			doubt->pending = true;
		else if (!c || !weigh(client, call, doubt, c, &addr[i]))
			rpc_peers_forget(&client->peers, &addr[i]);
	}
}
