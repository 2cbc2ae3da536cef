/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <mvmp/bytes.h>
#include <string.h>

/*
 * Load control of handshakes. A handshake costs about 150 us of public-key work, so all
 * together are limited. When half of the burst or of the places for unconfirmed handshakes is used
 * up, a sender must prove that it receives at the MAC it sends from (a cookie, as in WireGuard),
 * and each MAC has a rate of its own. The rates are spent only after the INIT was read and found
 * newer than what its sender confirmed: replays of a proven INIT spend nothing.
 */

static const struct mvmp_rate all_rate = {.spacing_ns = MVMP_NS_PER_S / 500, .burst = 200};
/* Symmetric work only, and no longer than the INIT it answers: set so high that who floods with
 * recorded INITs does not use up the COOKIEs of the others. */
static const struct mvmp_rate cookie_rate = {.spacing_ns = MVMP_NS_PER_S / 20000, .burst = 1000};
static const struct mvmp_rate read_rate = {.spacing_ns = MVMP_NS_PER_S / 5000, .burst = 500};
static const struct mvmp_rate mac_rate = {.spacing_ns = MVMP_NS_PER_S / 10, .burst = 20};

enum init_places {
	INIT_MEMBER_AT = 4 + MVMP_INIT_NOISE_LEN, /* in the payload */
	INIT_COOKIE_AT = INIT_MEMBER_AT + MVMP_MAC_FIELD_LEN,
};

static void make_cookie(struct mvmp_endpoint *ep, uint8_t out[static MVMP_MAC_FIELD_LEN],
	const uint8_t secret[static MVMP_KEY_LEN], const struct mvmp_addr *addr)
{
	mvmp_member_mac(ep, out, secret, MVMP_KEY_LEN, &addr->link, 1, addr->mac, MVMP_MAC_LEN);
}

static void turn_secrets(struct mvmp_endpoint *ep, uint64_t now)
{
	struct responder *r = &ep->responder;

	if (r->cookie_turn && now < r->cookie_turn)
		return;
	if (r->cookie_turn)
		memcpy(r->cookie_secret[1], r->cookie_secret[0], MVMP_KEY_LEN);
	else
		mvmp_ep_random(ep, r->cookie_secret[1], MVMP_KEY_LEN);
	mvmp_ep_random(ep, r->cookie_secret[0], MVMP_KEY_LEN);
	r->cookie_turn = now + MVMP_COOKIE_TURN_S * MVMP_NS_PER_S;
}

static bool cookie_proven(struct mvmp_endpoint *ep, const struct arrival *in)
{
	static const uint8_t none[MVMP_MAC_FIELD_LEN];
	const uint8_t *proof = in->frame.payload + INIT_COOKIE_AT;

	if (!memcmp(proof, none, sizeof(none)))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t cookie[MVMP_MAC_FIELD_LEN], mac[MVMP_MAC_FIELD_LEN];

		make_cookie(ep, cookie, ep->responder.cookie_secret[i], in->from);
		mvmp_member_mac(ep, mac, cookie, sizeof(cookie), in->header, MVMP_HEADER_LEN,
			in->frame.payload, INIT_COOKIE_AT);
		if (mvmp_equal(mac, proof, sizeof(mac)))
			return true;
	}
	return false;
}

/* Body: reason (8 bits), 15 reserved bytes, cookie; bound to the INIT by its member MAC. */
static void send_cookie(struct mvmp_endpoint *ep, const struct arrival *in, uint8_t reason)
{
	uint8_t *frame = ep->out + MVMP_LINK_HEADROOM;
	uint8_t *salt = frame + MVMP_HEADER_LEN, *body = salt + MVMP_ID_LEN;
	struct mvmp_reader r = mvmp_reader(in->frame.payload, 4);
	struct mvmp_frame head = {
		.kind = MVMP_COOKIE, .payload_len = MVMP_COOKIE_PAYLOAD, .index = mvmp_get_u32(&r)};
	struct mvmp_aead *aead;
	int rc;

	if (!mvmp_limiter_take(&ep->responder.cookies, &cookie_rate, in->now) || !head.index)
		return;
	mvmp_frame_encode(frame, &head);
	mvmp_ep_random(ep, salt, MVMP_ID_LEN);
	memset(body, 0, MVMP_COOKIE_SECRET_LEN);
	body[0] = reason;
	if (reason == MVMP_REFUSAL_NONE)
		make_cookie(ep, body + 16, ep->responder.cookie_secret[0], in->from);
	if (mvmp_member_cookie_aead(ep, in->slot, salt, &aead))
		return;
	rc = ep->crypto->seal(aead, 0, in->frame.payload + INIT_MEMBER_AT, MVMP_MAC_FIELD_LEN, body,
		MVMP_COOKIE_SECRET_LEN, body);
	ep->crypto->aead_free(aead);
	if (!rc)
		mvmp_ep_send(
			ep, in->from, MVMP_CONTROL, frame, MVMP_HEADER_LEN + MVMP_COOKIE_PAYLOAD);
}

void mvmp_cookie_refuse(
	struct mvmp_endpoint *ep, const struct arrival *in, enum mvmp_verdict reason)
{
	static const uint8_t refusals[MVMP_VERDICT_COUNT] = {
		[MVMP_DROP_EXPIRED] = MVMP_REFUSAL_EXPIRED,
		[MVMP_DROP_REVOKED] = MVMP_REFUSAL_REVOKED,
		[MVMP_DROP_ROLE] = MVMP_REFUSAL_ROLE,
		[MVMP_DROP_MAC] = MVMP_REFUSAL_MAC,
		[MVMP_DROP_FULL] = MVMP_REFUSAL_FULL,
		[MVMP_DROP_SESSION] = MVMP_REFUSAL_SESSION,
	};

	send_cookie(ep, in, refusals[reason] ? refusals[reason] : MVMP_REFUSAL_CERT);
}

/* Half of the places are taken. Who replays recorded INITs (a stranger can) takes places, but
 * cannot open the COOKIE that the next one asks for. */
static bool crowded(const struct responder *r)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < r->count; i++)
		taken += r->half_open[i].pair != NULL;
	return 2 * taken >= r->count;
}

static bool strained(const struct responder *r, uint64_t now)
{
	return crowded(r) || mvmp_limiter_strained(&r->all, &all_rate, now);
}

enum mvmp_verdict mvmp_cookie_gate(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct responder *r = &ep->responder;

	if (strained(r, in->now)) {
		turn_secrets(ep, in->now);
		if (!cookie_proven(ep, in)) {
			send_cookie(ep, in, MVMP_REFUSAL_NONE);
			return MVMP_DROP_COOKIE;
		}
	}
	return mvmp_limiter_take(&r->reads, &read_rate, in->now) ? MVMP_ACCEPTED : MVMP_DROP_RATE;
}

enum mvmp_verdict mvmp_cookie_admit(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct responder *r = &ep->responder;
	uint32_t place = mvmp_addr_hash(in->from) % (sizeof(r->by_mac) / sizeof(r->by_mac[0]));

	if (strained(r, in->now) && !mvmp_limiter_take(&r->by_mac[place], &mac_rate, in->now))
		return MVMP_DROP_RATE;
	return mvmp_limiter_take(&r->all, &all_rate, in->now) ? MVMP_ACCEPTED : MVMP_DROP_RATE;
}
