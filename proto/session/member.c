/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <string.h>

/* ---- cluster keys ---- */

static bool holds(const struct member_keys *keys, const uint8_t *cluster_key)
{
	return keys->set && mvmp_equal(keys->cluster_key, cluster_key, MVMP_KEY_LEN);
}

static void wipe_slot(struct mvmp_endpoint *ep, unsigned slot)
{
	if (!ep->keys[slot].set)
		return;
	mvmp_discovery_forget_slot(ep, slot);
	mvmp_noise_clear(&ep->keys[slot].started);
	mvmp_wipe(&ep->keys[slot], sizeof(ep->keys[slot]));
}

/* Keys of the cluster, one label each. */
static void derive(struct mvmp_endpoint *ep, unsigned slot, const uint8_t *cluster_key)
{
	struct member_keys *keys = &ep->keys[slot];

	if (holds(keys, cluster_key))
		return;
	wipe_slot(ep, slot);
	keys->set = true;
	memcpy(keys->cluster_key, cluster_key, MVMP_KEY_LEN);
	mvmp_hkdf(ep->crypto, keys->psk[0], MVMP_KEY_LEN, NULL, 0, cluster_key, MVMP_KEY_LEN,
		"mvmp v1 session psk0");
	mvmp_hkdf(ep->crypto, keys->psk[1], MVMP_KEY_LEN, NULL, 0, cluster_key, MVMP_KEY_LEN,
		"mvmp v1 session psk2");
	mvmp_hkdf(ep->crypto, keys->member_key, MVMP_KEY_LEN, NULL, 0, cluster_key, MVMP_KEY_LEN,
		"mvmp v1 member mac");
	mvmp_member_noise(ep, slot, &keys->started, false, ep->instance);
}

void mvmp_member_take_keys(struct mvmp_endpoint *ep)
{
	const struct mvmp_identity *identity = ep->identity;
	unsigned other = !ep->slot;

	/* The key that was the newer one stays where it is, whichever it is from now on. */
	if (holds(&ep->keys[other], identity->cluster_key) ||
		(identity->former.held && holds(&ep->keys[ep->slot], identity->former.key)))
		ep->slot = other;
	derive(ep, ep->slot, identity->cluster_key);
	if (identity->former.held)
		derive(ep, !ep->slot, identity->former.key);
	else
		wipe_slot(ep, !ep->slot);
}

void mvmp_member_wipe_keys(struct mvmp_endpoint *ep)
{
	for (unsigned i = 0; i < KEY_SLOTS; i++)
		wipe_slot(ep, i);
}

unsigned mvmp_member_other_slot(const struct mvmp_endpoint *ep, unsigned slot)
{
	if (ep->keys[!slot].set)
		return !slot;
	return ep->keys[slot].set ? slot : ep->slot;
}

int mvmp_member_cookie_aead(struct mvmp_endpoint *ep, unsigned slot,
	const uint8_t salt[static MVMP_ID_LEN], struct mvmp_aead **ret)
{
	uint8_t key[MVMP_KEY_LEN];

	mvmp_hkdf(ep->crypto, key, sizeof(key), salt, MVMP_ID_LEN, ep->keys[slot].cluster_key,
		MVMP_KEY_LEN, "mvmp v1 cookie");
	*ret = ep->crypto->aead_new(key);
	mvmp_wipe(key, sizeof(key));
	return *ret ? 0 : -ENOMEM;
}

void mvmp_member_mac(struct mvmp_endpoint *ep, uint8_t out[static MVMP_MAC_FIELD_LEN],
	const uint8_t *key, size_t key_len, const void *a, size_t a_len, const void *b,
	size_t b_len)
{
	uint8_t whole[MVMP_HASH_LEN];

	ep->crypto->hmac(whole, key, key_len, a, a_len, b, b_len);
	memcpy(out, whole, MVMP_MAC_FIELD_LEN);
	mvmp_wipe(whole, sizeof(whole));
}

void mvmp_member_noise(struct mvmp_endpoint *ep, unsigned slot, struct mvmp_noise *noise,
	bool initiator, const uint8_t instance[static MVMP_ID_LEN])
{
	static const char label[16] = "mvmp v1 session";
	uint8_t prologue[sizeof(label) + MVMP_ID_LEN];
	struct mvmp_noise_config config = {.crypto = ep->crypto,
		.pattern = &mvmp_noise_ixpsk0psk2,
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = sizeof(prologue),
		.psk = {ep->keys[slot].psk[0], ep->keys[slot].psk[1]},
		.static_secret = ep->identity->secret,
		.static_public = ep->identity->cert.key,
		.told = ep->config.key_log ? mvmp_keylog_noise : NULL,
		.told_ctx = ep};

	memcpy(prologue, label, sizeof(label));
	memcpy(prologue + sizeof(label), instance, MVMP_ID_LEN);
	mvmp_noise_start(noise, &config);
}

void mvmp_member_greet(struct mvmp_endpoint *ep, struct mvmp_greeting *g, unsigned link)
{
	*g = (struct mvmp_greeting){.mtu = ep->link[link].mtu,
		.cert_len = (uint16_t)ep->identity->cert_len,
		.cluster_number = ep->identity->cluster.number};
	memcpy(g->host_boot, ep->config.host_boot, MVMP_ID_LEN);
	memcpy(g->instance, ep->instance, MVMP_ID_LEN);
	memcpy(g->cert, ep->identity->cert_bytes, ep->identity->cert_len);
}

enum mvmp_verdict mvmp_member_check(struct mvmp_endpoint *ep, const struct mvmp_addr *from,
	const struct mvmp_greeting *g, const uint8_t *noise_key, struct mvmp_cert *cert)
{
	uint64_t wall_s = ep->config.env.wall_s(ep->config.env.ctx);
	bool has_macs = ep->link[from->link].has_macs;
	enum mvmp_verdict verdict = mvmp_cert_check(
		ep->crypto, cert, &ep->identity->cluster, g->cert, g->cert_len, wall_s);

	if (verdict != MVMP_ACCEPTED)
		return verdict;
	if (!noise_key || !mvmp_equal(cert->key, noise_key, MVMP_KEY_LEN))
		return MVMP_DROP_CERT;
	if ((cert->roles & (MVMP_ROLE_NODE | MVMP_ROLE_AGGREGATOR)) && !cert->macs)
		return MVMP_DROP_MAC;
	if (has_macs && cert->macs && !mvmp_cert_has_mac(cert, from->mac))
		return MVMP_DROP_MAC;
	return MVMP_ACCEPTED;
}

void mvmp_member_peer(struct mvmp_endpoint *ep, struct mvmp_peer *peer,
	const struct mvmp_addr *addr, const struct mvmp_greeting *g, const struct mvmp_cert *cert,
	uint64_t now)
{
	*peer = (struct mvmp_peer){.addr = *addr,
		.roles = cert->roles,
		.mtu = g->mtu,
		.macs = cert->macs,
		.cluster_number = g->cluster_number,
		.seen = now};
	memcpy(peer->name, cert->name, sizeof(peer->name));
	memcpy(peer->host_boot, g->host_boot, MVMP_ID_LEN);
	memcpy(peer->instance, g->instance, MVMP_ID_LEN);
	memcpy(peer->mac, cert->mac, sizeof(peer->mac));
	mvmp_cert_fingerprint(ep->crypto, peer->fingerprint, g->cert, g->cert_len);
}
