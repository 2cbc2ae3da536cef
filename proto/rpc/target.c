/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)MVMP_NAME_MAX < (int)TARGET_TEXT_LEN, "every name has room");

bool rpc_addr_equal(const struct mvmp_addr *a, const struct mvmp_addr *b)
{
	return a->link == b->link && !memcmp(a->mac, b->mac, MVMP_MAC_LEN);
}

static void set_mac(struct rpc_target *to, const uint8_t *mac)
{
	to->has_mac = true;
	memcpy(to->mac, mac, MVMP_MAC_LEN);
	mvmp_mac_text(to->text, mac);
	to->key = rpc_target_key(to);
}

int rpc_target_set(struct rpc_target *to, const struct mvmp_target *from, struct mvmp_error *err)
{
	uint8_t mac[MVMP_MAC_LEN];
	size_t len;

	*to = (struct rpc_target){.role = from->role};
	if (from->addr) {
		to->has_addr = true;
		to->addr = *from->addr;
		mvmp_mac_text(to->text, from->addr->mac);
		return 0;
	}
	if (from->mac) {
		set_mac(to, from->mac);
		return 0;
	}
	len = from->text ? strlen(from->text) : 0;
	if (!len)
		return mvmp_fail(err, MVMP_INVALID, "no member is named");
	if (len > MVMP_NAME_MAX)
		return mvmp_fail(err, MVMP_INVALID,
			"\"%.70s...\" is no member: names have at most %d characters", from->text,
			MVMP_NAME_MAX);
	if (!mvmp_mac_parse(mac, from->text)) {
		set_mac(to, mac);
	} else {
		memcpy(to->text, from->text, len + 1);
		to->key = rpc_target_key(to);
	}
	return 0;
}

static bool names(const struct rpc_target *target, const struct mvmp_cert *cert)
{
	char id[9];

	return !strcmp(cert->name, target->text) ||
	       (cert->macs && !strcasecmp(mvmp_cert_node_id(id, cert), target->text));
}

bool rpc_target_names(const struct rpc_target *target, const struct mvmp_cert *cert)
{
	if (target->has_addr)
		return true;
	return target->has_mac ? mvmp_cert_has_mac(cert, target->mac) : names(target, cert);
}

/* "0c:c4:7a:77:f9:b5" or "0c:... and 0c:...". */
static void macs_text(char *to, size_t size, const uint8_t (*macs)[MVMP_MAC_LEN], unsigned count)
{
	size_t used = 0;
	char mac[18];

	snprintf(to, size, "none");
	for (unsigned i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%s%s", i ? " and " : "",
			mvmp_mac_text(mac, macs[i]));
}

static int refuse_mac(struct mvmp_error *err, const uint8_t *mac, const char *name,
	const uint8_t (*macs)[MVMP_MAC_LEN], unsigned count)
{
	char allowed[168], asked[18];

	macs_text(allowed, sizeof allowed, macs, count);
	mvmp_fail(err, MVMP_NOT_TRUSTED, "%s answered from MAC %s, its certificate allows %s only",
		name, mvmp_mac_text(asked, mac), allowed);
	return mvmp_hint(err, "ask whose machine this is, or sign a certificate with this MAC");
}

void rpc_target_explain(const struct rpc_peers *peers, const struct rpc_target *target,
	const struct mvmp_addr *addr, struct mvmp_error *err)
{
	bool wire = !(peers->local_links >> addr->link & 1);
	const uint8_t *mac = target->has_mac ? target->mac : addr->mac;
	const struct mvmp_peer *peer = rpc_peers_at(peers, addr);

	if (err->status != MVMP_NOT_TRUSTED || !peer || (!wire && !target->has_mac) ||
		rpc_peer_has_mac(peer, mac))
		return;
	refuse_mac(err, mac, peer->name, peer->mac, peer->macs);
}

int rpc_target_check(const struct rpc_peers *peers, const struct rpc_target *target,
	const struct mvmp_addr *addr, const struct mvmp_cert *cert, struct mvmp_error *err)
{
	bool wire = !(peers->local_links >> addr->link & 1);
	char has[64], needs[64];

	if (target->has_mac && !mvmp_cert_has_mac(cert, target->mac))
		return refuse_mac(err, target->mac, cert->name, cert->mac, cert->macs);
	if (wire && cert->macs && !mvmp_cert_has_mac(cert, addr->mac))
		return refuse_mac(err, addr->mac, cert->name, cert->mac, cert->macs);
	if (!rpc_target_names(target, cert))
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"%s was announced there, but the certificate that answered is %s's",
			target->text, cert->name);
	if (cert->roles & target->role)
		return 0;
	return mvmp_fail(err, MVMP_NOT_TRUSTED, "%s has role %s in its certificate, needed is %s",
		cert->name, mvmp_roles_text(has, cert->roles),
		mvmp_roles_text(needs, target->role));
}
