/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mvmp_initiator_begin(struct mvmp_endpoint *ep, struct session *s, uint64_t give_up)
{
	struct shake *shake = calloc(1, sizeof(*shake));

	if (!shake)
		return -ENOMEM;
	shake->give_up = shake->deadline = give_up;
	shake->retry_at = MVMP_NEVER;
	shake->has_cookie =
		mvmp_discovery_cookie(ep, &s->peer.addr, ep->now, shake->cookie, &shake->cookie_at);
	s->shake = shake;
	return 0;
}

void mvmp_initiator_end(struct mvmp_endpoint *ep, struct session *s)
{
	if (!s->shake)
		return;
	mvmp_keyring_drop(ep, s->shake->pair);
	mvmp_wipe(s->shake, sizeof(*s->shake));
	free(s->shake);
	s->shake = NULL;
}

/* Its COOKIE says that the responder lives, and that every INIT is a lot in a lottery. */
static bool in_a_flood(const struct shake *shake, uint64_t now)
{
	return shake->has_cookie && now - shake->cookie_at < MVMP_INIT_PROVEN_S * MVMP_NS_PER_S;
}

/* Exponential and capped; of a constant pace at first where there is a ticket, and throughout a
 * flood. With a tenth of jitter so that many initiators do not march in step. */
static uint64_t retry_time(struct mvmp_endpoint *ep, const struct shake *shake, uint64_t now)
{
	unsigned tries = shake->tries < 8 ? shake->tries : 8;
	uint64_t ms = (uint64_t)MVMP_INIT_RETRY_MS << tries;

	if (ms > MVMP_INIT_RETRY_MAX_MS)
		ms = MVMP_INIT_RETRY_MAX_MS;
	if (shake->has_ticket && shake->tries < MVMP_INIT_TICKET_TRIES)
		ms = MVMP_INIT_RETRY_MS;
	if (in_a_flood(shake, now))
		ms = MVMP_INIT_PROVEN_MS;
	return now + ms * MVMP_NS_PER_MS + mvmp_ep_random_below(ep, ms * MVMP_NS_PER_MS / 10 + 1);
}

/* Timestamps only order the INITs of one instance, so the endpoint's own time will do: no
 * wall clock is needed, and two clients with one certificate do not disturb each other. */
static uint64_t next_timestamp(struct mvmp_endpoint *ep, uint64_t now)
{
	ep->last_timestamp = now > ep->last_timestamp ? now : ep->last_timestamp + 1;
	return ep->last_timestamp;
}

static void put_macs(struct mvmp_endpoint *ep, struct shake *shake)
{
	uint8_t *frame = shake->frame + MVMP_LINK_HEADROOM, *payload = frame + MVMP_HEADER_LEN;

	mvmp_member_mac(ep, payload + INIT_MEMBER_AT, ep->keys[shake->slot].member_key,
		MVMP_KEY_LEN, frame, MVMP_HEADER_LEN, payload, INIT_MEMBER_AT);
	if (shake->has_cookie)
		mvmp_member_mac(ep, payload + INIT_COOKIE_AT, shake->cookie, sizeof(shake->cookie),
			frame, MVMP_HEADER_LEN, payload, INIT_COOKIE_AT);
	if (shake->has_ticket)
		mvmp_ticket_seal(ep, frame, &shake->ticket, shake->instance);
}

/* The ticket goes by the certificate: the peer's, or what its BEACON said. */
static void find_ticket(struct mvmp_endpoint *ep, struct session *s)
{
	struct shake *shake = s->shake;
	const uint8_t *fingerprint = s->state == SESSION_UP
					     ? s->peer.fingerprint
					     : mvmp_discovery_fingerprint(ep, s, shake->instance);
	const struct mvmp_ticket *ticket = fingerprint ? mvmp_ticket_find(ep, fingerprint) : NULL;

	shake->has_ticket = ticket != NULL;
	if (ticket)
		shake->ticket = *ticket;
}

static int make_init(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct shake *shake = s->shake;
	uint8_t *frame = shake->frame + MVMP_LINK_HEADROOM, *payload = frame + MVMP_HEADER_LEN;
	struct mvmp_frame head = {.kind = MVMP_INIT, .payload_len = MVMP_INIT_PAYLOAD};
	struct mvmp_writer index = mvmp_writer(payload, 4);
	uint8_t secret[MVMP_INIT_SECRET_LEN], ephemeral[MVMP_KEY_LEN];
	struct mvmp_greeting g;
	int rc;

	mvmp_member_greet(ep, &g, s->peer.addr.link);
	g.timestamp = next_timestamp(ep, now);
	g.index = shake->pair->local;
	g.replaces = s->current ? s->current->remote : 0;
	mvmp_init_encode(secret, &g);
	mvmp_member_noise(ep, shake->slot, &shake->noise, true, shake->instance);
	mvmp_ep_random(ep, ephemeral, sizeof(ephemeral));
	mvmp_noise_set_ephemeral(&shake->noise, ephemeral);
	mvmp_wipe(ephemeral, sizeof(ephemeral));
	memset(shake->frame, 0, sizeof(shake->frame));
	mvmp_frame_encode(frame, &head);
	mvmp_put_u32(&index, g.index);
	rc = mvmp_noise_write(
		&shake->noise, secret, sizeof(secret), payload + 4, MVMP_INIT_NOISE_LEN);
	put_macs(ep, shake);
	return rc == MVMP_INIT_NOISE_LEN ? 0 : -EINVAL;
}

static void send_init(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct shake *shake = s->shake;

	mvmp_ep_send(ep, &s->peer.addr, MVMP_CONTROL, shake->frame + MVMP_LINK_HEADROOM,
		MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD);
	shake->sent_at = now;
	shake->retry_at = retry_time(ep, shake, now);
	shake->tries++;
	mvmp_session_arm(ep, s, now);
}

int mvmp_initiator_shake(struct mvmp_endpoint *ep, struct session *s,
	const uint8_t instance[static MVMP_ID_LEN], unsigned slot, uint64_t now)
{
	struct shake *shake = s->shake;

	mvmp_keyring_drop(ep, shake->pair);
	shake->pair = mvmp_keyring_take(ep, now);
	if (!shake->pair)
		return -ENOMEM;
	shake->pair->session = s;
	shake->slot = slot;
	memmove(shake->instance, instance, MVMP_ID_LEN);
	shake->made_at = now;
	find_ticket(ep, s);
	if (make_init(ep, s, now))
		return -EINVAL;
	if (s->state == SESSION_PROBING) {
		s->state = SESSION_SHAKING;
		shake->tries = 0;
	}
	ep->counters.handshakes_started++;
	send_init(ep, s, now);
	return 0;
}

static void give_up(struct mvmp_endpoint *ep, struct session *s)
{
	char mac[18], text[sizeof(s->shake->text)];
	enum mvmp_status status = s->shake->status;

	/* In a flood there was perhaps no time for the good answer: worth another attempt. */
	if (status == MVMP_NOT_TRUSTED && in_a_flood(s->shake, ep->now))
		status = MVMP_NO_ANSWER;
	if (status != MVMP_OK) {
		memcpy(text, s->shake->text, sizeof(text));
		mvmp_session_down(ep, s, status, "%s", text);
		return;
	}
	mvmp_discovery_forget(ep, &s->peer.addr);
	mvmp_session_down(ep, s, MVMP_NO_ANSWER, "no answer from %s on %s%s",
		mvmp_mac_text(mac, s->peer.addr.mac), ep->link[s->peer.addr.link].name,
		s->state == SESSION_SHAKING ? " to the handshake" : "");
}

/* The old INIT may be older by now than another of this instance, and the other side may know
 * another cluster key than it was made under. But what answers it must have time to come. */
static bool outdated(const struct shake *shake, uint64_t now)
{
	uint64_t ms = in_a_flood(shake, now) ? MVMP_INIT_RETRY_MAX_MS : MVMP_INIT_RENEW_MS;

	return now - shake->made_at >= ms * MVMP_NS_PER_MS;
}

static void repeat_init(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct shake *shake = s->shake;
	bool flood = in_a_flood(shake, now), anew = outdated(shake, now);
	unsigned slot = flood ? shake->slot : mvmp_member_other_slot(ep, shake->slot);

	/* Ask as well whether the instance is still the same. */
	if (flood ? anew : shake->tries >= 2)
		mvmp_discovery_probe(ep, &s->peer.addr, 0, now);
	if (!anew || mvmp_initiator_shake(ep, s, shake->instance, slot, now))
		send_init(ep, s, now);
}

static void repeat(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct shake *shake = s->shake;

	if (s->state != SESSION_PROBING) {
		repeat_init(ep, s, now);
		return;
	}
	mvmp_discovery_probe(ep, &s->peer.addr, 0, now);
	shake->retry_at = retry_time(ep, shake, now);
	shake->tries++;
}

bool mvmp_initiator_expire(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	if (now >= s->shake->give_up) {
		if (s->state == SESSION_UP) {
			mvmp_initiator_end(ep, s);
			s->rekey_at = now + MVMP_REKEY_LEAST_MS * MVMP_NS_PER_MS;
			return true;
		}
		give_up(ep, s);
		return false;
	}
	if (now >= s->shake->retry_at)
		repeat(ep, s, now);
	return true;
}

/* ---- REPLY and COOKIE ---- */

static struct session *shaking(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct keypair *pair = mvmp_keyring_find(&ep->keyring, in->frame.index);
	struct session *s = pair ? pair->session : NULL;

	return s && s->shake && s->shake->pair == pair ? s : NULL;
}

static const char *const refusal_text[] = {
	[MVMP_REFUSAL_CERT] = "the certificate is malformed or not signed by this cluster's CA",
	[MVMP_REFUSAL_EXPIRED] = "the certificate is outside its validity",
	[MVMP_REFUSAL_REVOKED] = "the certificate is revoked",
	[MVMP_REFUSAL_ROLE] = "the certificate has no role for this part in a session",
	[MVMP_REFUSAL_MAC] = "the certificate does not name the MAC it is used at",
	[MVMP_REFUSAL_FULL] = "no more sessions are possible now",
};

static enum mvmp_refusal refusal_of(enum mvmp_verdict verdict)
{
	switch (verdict) {
	case MVMP_DROP_EXPIRED:
		return MVMP_REFUSAL_EXPIRED;
	case MVMP_DROP_REVOKED:
		return MVMP_REFUSAL_REVOKED;
	case MVMP_DROP_ROLE:
		return MVMP_REFUSAL_ROLE;
	case MVMP_DROP_MAC:
		return MVMP_REFUSAL_MAC;
	default:
		return MVMP_REFUSAL_CERT;
	}
}

/* Ends the connect soon, not now: who says so may be another member that answers for it. A full
 * table may have room before the attempt ends, and a flood may not let the good answer come soon.
 */
static void expect_failure(struct mvmp_endpoint *ep, struct session *s, unsigned refusal,
	const char *whose, uint64_t now)
{
	bool full = refusal == MVMP_REFUSAL_FULL;
	struct shake *shake = s->shake;
	uint64_t soon = now + MVMP_REFUSED_MS * MVMP_NS_PER_MS;
	char mac[18];

	mvmp_mac_text(mac, s->peer.addr.mac);
	shake->status = full ? MVMP_BUSY : MVMP_NOT_TRUSTED;
	snprintf(shake->text, sizeof(shake->text), "%s %s: %s", whose, mac, refusal_text[refusal]);
	if (!full && !in_a_flood(shake, now) && soon < shake->give_up && s->state != SESSION_UP)
		shake->give_up = soon;
	mvmp_session_arm(ep, s, now);
}

/* The certificate's name is told where it is at least signed by the CA. */
static void distrust(struct mvmp_endpoint *ep, struct session *s, const struct mvmp_cert *cert,
	enum mvmp_verdict verdict, uint64_t now)
{
	char whose[sizeof("not trusting  at") + MVMP_NAME_MAX];

	if (verdict == MVMP_DROP_MAC || verdict == MVMP_DROP_ROLE)
		snprintf(whose, sizeof(whose), "not trusting %s at", cert->name);
	else
		snprintf(whose, sizeof(whose), "not trusting");
	expect_failure(ep, s, refusal_of(verdict), whose, now);
}

static enum mvmp_verdict check_responder(struct mvmp_endpoint *ep, const struct arrival *in,
	const struct session *s, const struct mvmp_noise *noise, const struct mvmp_greeting *g,
	struct mvmp_cert *cert)
{
	enum mvmp_verdict verdict =
		mvmp_member_check(ep, in->from, g, mvmp_noise_remote_static(noise), cert);

	if (verdict != MVMP_ACCEPTED)
		return verdict;
	if (!(cert->roles & (MVMP_ROLE_NODE | MVMP_ROLE_AGGREGATOR)))
		return MVMP_DROP_ROLE;
	if (s->expect_roles && !(cert->roles & s->expect_roles))
		return MVMP_DROP_ROLE;
	if (s->has_expect_mac && !mvmp_cert_has_mac(cert, s->expect_mac))
		return MVMP_DROP_MAC;
	if (s->state == SESSION_UP && memcmp(cert->key, s->cert.key, MVMP_KEY_LEN))
		return MVMP_DROP_CERT;
	return MVMP_ACCEPTED;
}

static const uint8_t *init_member_mac(const struct shake *shake)
{
	return shake->frame + MVMP_LINK_HEADROOM + MVMP_HEADER_LEN + INIT_MEMBER_AT;
}

/* A member answered this very INIT: else no public-key work is done for a REPLY. */
static bool from_member(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct shake *shake)
{
	uint8_t mac[MVMP_MAC_FIELD_LEN];

	if (!ep->keys[shake->slot].set)
		return false;
	mvmp_member_mac(ep, mac, ep->keys[shake->slot].member_key, MVMP_KEY_LEN, in->header,
		MVMP_HEADER_LEN + MVMP_REPLY_NOISE_LEN, init_member_mac(shake), MVMP_MAC_FIELD_LEN);
	return mvmp_equal(mac, in->frame.payload + MVMP_REPLY_NOISE_LEN, sizeof(mac));
}

static enum mvmp_verdict read_reply(struct mvmp_endpoint *ep, const struct arrival *in,
	struct session *s, struct mvmp_noise *noise, struct mvmp_greeting *g)
{
	uint8_t secret[MVMP_REPLY_SECRET_LEN];

	*noise = s->shake->noise;
	if (!from_member(ep, in, s->shake))
		return MVMP_DROP_STRANGER;
	if (mvmp_noise_read(noise, in->frame.payload, MVMP_REPLY_NOISE_LEN, secret,
		    sizeof(secret)) != MVMP_REPLY_SECRET_LEN)
		return MVMP_DROP_TAG;
	return mvmp_reply_decode(g, secret) ? MVMP_ACCEPTED : MVMP_DROP_RECORD;
}

/* The keys are good: the session goes up, or on with them. */
static void finish(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct keypair *pair = s->shake->pair;

	if (s->shake->tries == 1)
		mvmp_rtt_sample(&s->rtt, now - s->shake->sent_at);
	s->shake->pair = NULL;
	mvmp_initiator_end(ep, s);
	if (s->state == SESSION_UP) {
		mvmp_session_rotate(ep, s, pair, now);
		mvmp_data_flush(ep, s, now);
		return;
	}
	mvmp_session_up(ep, s, pair, now);
}

enum mvmp_verdict mvmp_initiator_reply(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct session *s = shaking(ep, in);
	struct mvmp_noise noise;
	struct mvmp_greeting g;
	struct mvmp_cert cert;
	enum mvmp_verdict verdict;

	if (!s)
		return MVMP_DROP_SESSION;
	if (!mvmp_addr_equal(&s->peer.addr, in->from))
		return MVMP_DROP_MAC;
	verdict = read_reply(ep, in, s, &noise, &g);
	if (verdict == MVMP_ACCEPTED) {
		verdict = check_responder(ep, in, s, &noise, &g, &cert);
		if (verdict != MVMP_ACCEPTED)
			distrust(ep, s, &cert, verdict, in->now);
	}
	if (verdict == MVMP_ACCEPTED &&
		mvmp_keypair_set(ep, s->shake->pair, &noise, g.index, in->now))
		verdict = MVMP_DROP_FULL;
	mvmp_noise_clear(&noise);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	mvmp_member_peer(ep, &s->peer, in->from, &g, &cert, in->now);
	s->cert = cert;
	finish(ep, s, in->now);
	return MVMP_ACCEPTED;
}

static bool open_cookie(struct mvmp_endpoint *ep, const struct arrival *in,
	const struct shake *shake, uint8_t body[static MVMP_COOKIE_SECRET_LEN])
{
	struct mvmp_aead *aead;
	int rc;

	if (!ep->keys[shake->slot].set ||
		mvmp_member_cookie_aead(ep, shake->slot, in->frame.payload, &aead))
		return false;
	rc = ep->crypto->open(aead, 0, init_member_mac(shake), MVMP_MAC_FIELD_LEN,
		in->frame.payload + MVMP_ID_LEN, MVMP_COOKIE_SECRET_LEN + MVMP_TAG_LEN, body);
	ep->crypto->aead_free(aead);
	if (!rc)
		mvmp_keylog_cookie(ep, shake->slot, in->frame.payload);
	return rc == 0;
}

/* That our session is not known there may be said by another member: look whether it lives. */
static enum mvmp_verdict take_refusal(
	struct mvmp_endpoint *ep, struct session *s, uint8_t refusal, uint64_t now)
{
	if (refusal > MVMP_REFUSAL_SESSION ||
		(refusal == MVMP_REFUSAL_SESSION && s->state != SESSION_UP))
		return MVMP_DROP_RECORD;
	if (refusal == MVMP_REFUSAL_SESSION)
		mvmp_session_question(ep, s, now);
	else
		expect_failure(ep, s, refusal, "refused by", now);
	return MVMP_ACCEPTED;
}

enum mvmp_verdict mvmp_initiator_cookie(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct session *s = shaking(ep, in);
	uint8_t body[MVMP_COOKIE_SECRET_LEN];

	if (!s)
		return MVMP_DROP_SESSION;
	if (!mvmp_addr_equal(&s->peer.addr, in->from))
		return MVMP_DROP_MAC;
	if (!open_cookie(ep, in, s->shake, body))
		return MVMP_DROP_STRANGER;
	if (body[0])
		return take_refusal(ep, s, body[0], in->now);
	/* One repetition for each cookie; a flood of COOKIEs makes no flood of INITs. */
	if (s->shake->has_cookie && mvmp_equal(s->shake->cookie, body + 16, MVMP_MAC_FIELD_LEN))
		return MVMP_DROP_REPLAY;
	memcpy(s->shake->cookie, body + 16, MVMP_MAC_FIELD_LEN);
	s->shake->has_cookie = true;
	s->shake->cookie_at = in->now;
	s->shake->give_up = s->shake->deadline; /* a refusal was too early */
	mvmp_discovery_keep_cookie(ep, in, s->shake->cookie);
	put_macs(ep, s->shake);
	send_init(ep, s, in->now);
	return MVMP_ACCEPTED;
}
