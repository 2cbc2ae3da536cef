/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <mvmp/bytes.h>
#include <string.h>

/* Symmetric work only, and no longer than the INIT it answers: set so high that who floods with
 * recorded INITs does not use up the COOKIEs of the others. Those with tickets have their own. */
static const struct mvmp_rate cookie_rate = {.spacing_ns = MVMP_NS_PER_S / 20000, .burst = 1000};

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
	mvmp_served_turn(&r->admit.served);
	r->cookie_turn = now + MVMP_COOKIE_TURN_S * MVMP_NS_PER_S;
}

static bool proves(struct mvmp_endpoint *ep, const struct arrival *in,
	const uint8_t cookie[static MVMP_MAC_FIELD_LEN])
{
	uint8_t mac[MVMP_MAC_FIELD_LEN];

	mvmp_member_mac(ep, mac, cookie, MVMP_MAC_FIELD_LEN, in->header, MVMP_HEADER_LEN,
		in->frame.payload, INIT_COOKIE_AT);
	return mvmp_equal(mac, in->frame.payload + INIT_COOKIE_AT, sizeof(mac));
}

bool mvmp_cookie_proven(struct mvmp_endpoint *ep, const struct arrival *in, struct admission *a)
{
	static const uint8_t none[MVMP_MAC_FIELD_LEN];
	struct responder *r = &ep->responder;
	uint8_t former[MVMP_MAC_FIELD_LEN];

	turn_secrets(ep, in->now);
	if (!memcmp(in->frame.payload + INIT_COOKIE_AT, none, sizeof(none)))
		return false;
	make_cookie(ep, a->cookie, r->cookie_secret[0], in->from);
	if (proves(ep, in, a->cookie)) {
		a->served = mvmp_served_has(&r->admit.served, 0, a->cookie);
		if (a->served)
			return true;
		make_cookie(ep, former, r->cookie_secret[1], in->from);
	} else {
		make_cookie(ep, former, r->cookie_secret[1], in->from);
		if (!proves(ep, in, former))
			return false;
		a->served = mvmp_served_has(&r->admit.served, 0, a->cookie);
	}
	a->served |= mvmp_served_has(&r->admit.served, 1, former);
	return true;
}

/* Body: reason (8 bits), 15 reserved bytes, cookie; bound to the INIT by its member MAC. */
static void send_cookie(struct mvmp_endpoint *ep, const struct arrival *in,
	struct mvmp_limiter *limiter, uint8_t reason)
{
	uint8_t *frame = ep->out + MVMP_LINK_HEADROOM;
	uint8_t *salt = frame + MVMP_HEADER_LEN, *body = salt + MVMP_ID_LEN;
	struct mvmp_reader r = mvmp_reader(in->frame.payload, 4);
	struct mvmp_frame head = {
		.kind = MVMP_COOKIE, .payload_len = MVMP_COOKIE_PAYLOAD, .index = mvmp_get_u32(&r)};
	struct mvmp_aead *aead;
	int rc;

	if (!mvmp_ep_take(ep, limiter, &cookie_rate, cookie_rate.burst, in->now) || !head.index)
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
	if (!rc && !mvmp_ep_send(ep, in->from, MVMP_CONTROL, frame,
			   MVMP_HEADER_LEN + MVMP_COOKIE_PAYLOAD))
		ep->counters.cookies_sent++;
}

void mvmp_cookie_send(struct mvmp_endpoint *ep, const struct arrival *in, bool ticket)
{
	struct responder *r = &ep->responder;

	send_cookie(ep, in, ticket ? &r->ticket_cookies : &r->cookies, MVMP_REFUSAL_NONE);
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

	send_cookie(ep, in, &ep->responder.cookies,
		refusals[reason] ? refusals[reason] : MVMP_REFUSAL_CERT);
}
