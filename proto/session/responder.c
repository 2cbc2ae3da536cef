/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum { STAMP_WAYS = 4 };

int mvmp_responder_init(struct mvmp_endpoint *ep)
{
	struct responder *r = &ep->responder;
	unsigned places;

	r->count = ep->config.half_open_max;
	places = mvmp_responder_places(r);
	r->half_open = calloc(places, sizeof(*r->half_open));
	r->mark = calloc(places, sizeof(*r->mark));
	if (!r->half_open || !r->mark)
		return -ENOMEM;
	for (unsigned i = 0; i < places; i++)
		r->half_open[i].timer.kind = TIMER_HALF_OPEN;
	return ep->config.answer_probes ? mvmp_admit_init(&r->admit) : 0;
}

void mvmp_responder_clear(struct mvmp_endpoint *ep)
{
	free(ep->responder.half_open);
	free(ep->responder.mark);
	mvmp_admit_clear(&ep->responder.admit);
	mvmp_wipe(&ep->responder, sizeof(ep->responder));
}

static void occupy(struct responder *r, struct half_open *half, struct keypair *pair,
	const uint8_t *member_mac)
{
	size_t place = (size_t)(half - r->half_open);

	half->pair = pair;
	memcpy(half->member_mac, member_mac, MVMP_MAC_FIELD_LEN);
	memcpy(&r->mark[place], member_mac, sizeof(r->mark[place]));
	r->taken += place < r->count;
}

void mvmp_responder_drop(struct mvmp_endpoint *ep, struct half_open *half)
{
	struct responder *r = &ep->responder;
	size_t place = (size_t)(half - r->half_open);

	r->mark[place] = 0;
	r->taken -= place < r->count;
	mvmp_heap_set(&ep->heap, &half->timer, MVMP_NEVER);
	mvmp_keyring_drop(ep, half->pair);
	mvmp_wipe(half, sizeof(*half));
	half->timer.kind = TIMER_HALF_OPEN;
}

/* ---- timestamps, by the initiator's instance ---- */

static struct stamp *find_stamp(struct responder *r, const uint8_t instance[static MVMP_ID_LEN])
{
	struct stamp *set = &r->stamp[instance[0] % (MVMP_STAMPS / STAMP_WAYS) * STAMP_WAYS];
	struct stamp *oldest = set;

	for (unsigned i = 0; i < STAMP_WAYS; i++) {
		if (set[i].used && !memcmp(set[i].instance, instance, MVMP_ID_LEN))
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

static bool stamp_is_newer(
	struct responder *r, const uint8_t instance[static MVMP_ID_LEN], uint64_t timestamp)
{
	const struct stamp *stamp = find_stamp(r, instance);

	return !stamp->used || memcmp(stamp->instance, instance, MVMP_ID_LEN) ||
	       timestamp > stamp->timestamp;
}

static void note_stamp(struct responder *r, const struct half_open *half, uint64_t now)
{
	struct stamp *stamp = find_stamp(r, half->peer.instance);
	bool same = stamp->used && !memcmp(stamp->instance, half->peer.instance, MVMP_ID_LEN);

	if (!same || half->timestamp > stamp->timestamp)
		stamp->timestamp = half->timestamp;
	memcpy(stamp->instance, half->peer.instance, MVMP_ID_LEN);
	stamp->used = now + 1;
}

/* ---- INIT ---- */

/* Every INIT comes here, so that first a few cache lines of marks are looked through. */
static struct half_open *find_half_open(struct responder *r, const uint8_t *member_mac)
{
	uint64_t mark;

	memcpy(&mark, member_mac, sizeof(mark));
	for (unsigned i = 0; i < mvmp_responder_places(r); i++) {
		struct half_open *half = &r->half_open[i];

		if (r->mark[i] == mark && half->pair &&
			!memcmp(half->member_mac, member_mac, MVMP_MAC_FIELD_LEN))
			return half;
	}
	return NULL;
}

static bool older(const struct half_open *half, const struct half_open *than)
{
	return !than || half->pair->born < than->pair->born;
}

/* Drops the handshake that waits longest, where it has waited long enough: who means it confirms
 * within a few round trips, who only fills the table does not. */
static struct half_open *take_oldest(
	struct mvmp_endpoint *ep, struct half_open *oldest, uint64_t least_ms, uint64_t now)
{
	if (!oldest || now - oldest->pair->born < least_ms * MVMP_NS_PER_MS)
		return NULL;
	mvmp_responder_drop(ep, oldest);
	return oldest;
}

static struct half_open *make_place(struct mvmp_endpoint *ep, uint64_t now)
{
	struct responder *r = &ep->responder;
	struct half_open *oldest = NULL;

	for (unsigned i = 0; i < r->count; i++) {
		struct half_open *half = &r->half_open[i];

		if (!half->pair)
			return half;
		if (older(half, oldest))
			oldest = half;
	}
	return take_oldest(ep, oldest, MVMP_HALF_OPEN_LEAST_MS, now);
}

/* One of the places for tickets. Who holds as many as one ticket may, gives up his own. */
static struct half_open *make_ticket_place(
	struct mvmp_endpoint *ep, const uint8_t *ticket, uint64_t now)
{
	struct responder *r = &ep->responder;
	struct half_open *unused = NULL, *oldest = NULL, *own = NULL;
	unsigned held = 0;

	for (unsigned i = r->count; i < mvmp_responder_places(r); i++) {
		struct half_open *half = &r->half_open[i];

		if (!half->pair) {
			unused = half;
			continue;
		}
		if (older(half, oldest))
			oldest = half;
		if (memcmp(half->ticket, ticket, MVMP_TICKET_ID_LEN))
			continue;
		held++;
		if (older(half, own))
			own = half;
	}
	if (held >= MVMP_HALF_OPEN_EACH)
		return take_oldest(ep, own, 0, now);
	return unused ? unused : take_oldest(ep, oldest, MVMP_HALF_OPEN_LEAST_MS, now);
}

static enum mvmp_verdict send_reply(struct mvmp_endpoint *ep, struct half_open *half)
{
	mvmp_ep_send(ep, &half->peer.addr, MVMP_CONTROL, half->reply + MVMP_LINK_HEADROOM,
		MVMP_HEADER_LEN + MVMP_REPLY_PAYLOAD);
	return MVMP_ACCEPTED;
}

/* The same INIT again: its REPLY got lost, or somebody replays it. Either costs one frame. */
static enum mvmp_verdict repeat_reply(
	struct mvmp_endpoint *ep, struct half_open *half, const struct arrival *in)
{
	if (!mvmp_addr_equal(&half->peer.addr, in->from))
		return MVMP_DROP_MAC;
	if (++half->repeats > MVMP_REPLY_REPEATS)
		return MVMP_DROP_RATE;
	return send_reply(ep, half);
}

static bool made_under(struct mvmp_endpoint *ep, const struct arrival *in, unsigned slot)
{
	uint8_t mac[MVMP_MAC_FIELD_LEN];

	if (!ep->keys[slot].set)
		return false;
	mvmp_member_mac(ep, mac, ep->keys[slot].member_key, MVMP_KEY_LEN, in->header,
		MVMP_HEADER_LEN, in->frame.payload, INIT_MEMBER_AT);
	return mvmp_equal(mac, in->frame.payload + INIT_MEMBER_AT, sizeof(mac));
}

/* Notes which cluster key the INIT was made under. */
static bool from_member(struct mvmp_endpoint *ep, struct arrival *in)
{
	in->slot = ep->slot;
	if (made_under(ep, in, in->slot))
		return true;
	in->slot = !ep->slot;
	return made_under(ep, in, in->slot);
}

static enum mvmp_verdict read_init(struct mvmp_endpoint *ep, const struct arrival *in,
	struct mvmp_noise *noise, struct mvmp_greeting *g)
{
	uint8_t secret[MVMP_INIT_SECRET_LEN];
	struct mvmp_reader index = mvmp_reader(in->frame.payload, 4);

	*noise = ep->keys[in->slot].started;
	if (mvmp_noise_read(noise, in->frame.payload + 4, MVMP_INIT_NOISE_LEN, secret,
		    sizeof(secret)) != MVMP_INIT_SECRET_LEN)
		return MVMP_DROP_BOOT;
	if (!mvmp_init_decode(g, secret) || g->index != mvmp_get_u32(&index))
		return MVMP_DROP_RECORD;
	if (!stamp_is_newer(&ep->responder, g->instance, g->timestamp))
		return MVMP_DROP_STALE;
	return MVMP_ACCEPTED;
}

/* The session whose keys a handshake renews: named by the initiator, and really its own. */
static struct session *renewed(struct mvmp_endpoint *ep, uint32_t replaces,
	const struct mvmp_addr *addr, const uint8_t *instance, const struct mvmp_cert *cert)
{
	struct keypair *pair = mvmp_keyring_find(&ep->keyring, replaces);
	struct session *s = pair ? pair->session : NULL;

	if (!s || s->state != SESSION_UP || s->initiated || !mvmp_addr_equal(&s->peer.addr, addr) ||
		memcmp(s->peer.instance, instance, MVMP_ID_LEN) ||
		memcmp(s->cert.key, cert->key, MVMP_KEY_LEN))
		return NULL;
	return s;
}

/* Who is refused for what the certificate says, or because there is no place, is told so; all
 * else is dropped in silence. A renewal of what is not known here must not become a new session:
 * the initiator would go on with the numbers of the old one. */
static enum mvmp_verdict check_initiator(struct mvmp_endpoint *ep, const struct arrival *in,
	const struct mvmp_noise *noise, const struct mvmp_greeting *g, struct mvmp_cert *cert)
{
	enum mvmp_verdict verdict =
		mvmp_member_check(ep, in->from, g, mvmp_noise_remote_static(noise), cert);

	if (verdict == MVMP_ACCEPTED && !(cert->roles & ~MVMP_ROLE_NODE))
		verdict = MVMP_DROP_ROLE;
	if (verdict == MVMP_ACCEPTED && !g->replaces && mvmp_sessions_full(ep, cert->key, in->now))
		verdict = MVMP_DROP_FULL;
	if (verdict == MVMP_ACCEPTED && g->replaces &&
		!renewed(ep, g->replaces, in->from, g->instance, cert))
		verdict = MVMP_DROP_SESSION;
	if (verdict != MVMP_ACCEPTED)
		mvmp_cookie_refuse(ep, in, verdict);
	return verdict;
}

static int make_reply(struct mvmp_endpoint *ep, struct half_open *half, struct mvmp_noise *noise,
	unsigned slot, uint32_t to)
{
	uint8_t secret[MVMP_REPLY_SECRET_LEN], ephemeral[MVMP_KEY_LEN];
	uint8_t *frame = half->reply + MVMP_LINK_HEADROOM;
	struct mvmp_frame head = {
		.kind = MVMP_REPLY, .payload_len = MVMP_REPLY_PAYLOAD, .index = to};
	struct mvmp_greeting g;
	int rc;

	mvmp_member_greet(ep, &g, half->peer.addr.link);
	g.index = half->pair->local;
	mvmp_reply_encode(secret, &g);
	mvmp_ep_random(ep, ephemeral, sizeof(ephemeral));
	mvmp_noise_set_ephemeral(noise, ephemeral);
	mvmp_wipe(ephemeral, sizeof(ephemeral));
	mvmp_frame_encode(frame, &head);
	rc = mvmp_noise_write(
		noise, secret, sizeof(secret), frame + MVMP_HEADER_LEN, MVMP_REPLY_NOISE_LEN);
	mvmp_member_mac(ep, frame + MVMP_HEADER_LEN + MVMP_REPLY_NOISE_LEN,
		ep->keys[slot].member_key, MVMP_KEY_LEN, frame,
		MVMP_HEADER_LEN + MVMP_REPLY_NOISE_LEN, half->member_mac, MVMP_MAC_FIELD_LEN);
	return rc == MVMP_REPLY_NOISE_LEN ? 0 : -EINVAL;
}

/* The public-key work; everything cheap has said yes before. */
static enum mvmp_verdict answer_init(struct mvmp_endpoint *ep, const struct arrival *in,
	const struct admission *a, struct mvmp_noise *noise, const struct mvmp_greeting *g,
	const struct mvmp_cert *cert)
{
	const uint8_t *ticket = in->frame.payload + INIT_TICKET_AT;
	struct half_open *half =
		a->ticket ? make_ticket_place(ep, ticket, in->now) : make_place(ep, in->now);
	struct keypair *pair = half ? mvmp_keyring_take(ep, in->now) : NULL;

	if (!pair)
		return MVMP_DROP_FULL;
	occupy(&ep->responder, half, pair, in->frame.payload + INIT_MEMBER_AT);
	if (a->ticket)
		memcpy(half->ticket, ticket, MVMP_TICKET_ID_LEN);
	half->cert = *cert;
	half->timestamp = g->timestamp;
	half->replaces = g->replaces;
	mvmp_member_peer(ep, &half->peer, in->from, g, cert, in->now);
	if (make_reply(ep, half, noise, in->slot, g->index) ||
		mvmp_keypair_set(ep, pair, noise, g->index, in->now)) {
		mvmp_responder_drop(ep, half);
		return MVMP_DROP_TAG;
	}
	pair->half_open = half;
	mvmp_heap_set(&ep->heap, &half->timer, in->now + MVMP_HALF_OPEN_S * MVMP_NS_PER_S);
	ep->counters.handshakes_answered++;
	ep->counters.handshakes_by_ticket += a->ticket;
	return send_reply(ep, half);
}

enum mvmp_verdict mvmp_responder_receive(struct mvmp_endpoint *ep, struct arrival *in)
{
	struct half_open *half;
	struct admission a;
	struct mvmp_noise noise;
	struct mvmp_greeting g;
	struct mvmp_cert cert;
	enum mvmp_verdict verdict;

	if (!ep->config.answer_probes)
		return MVMP_DROP_ROLE;
	if (!from_member(ep, in))
		return MVMP_DROP_STRANGER;
	half = find_half_open(&ep->responder, in->frame.payload + INIT_MEMBER_AT);
	if (half)
		return repeat_reply(ep, half, in);
	verdict = mvmp_admit_read(ep, in, &a);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	verdict = read_init(ep, in, &noise, &g);
	if (verdict == MVMP_ACCEPTED)
		verdict = mvmp_admit_answer(ep, in, &a);
	if (verdict == MVMP_ACCEPTED)
		verdict = check_initiator(ep, in, &noise, &g, &cert);
	if (verdict == MVMP_ACCEPTED)
		verdict = answer_init(ep, in, &a, &noise, &g, &cert);
	mvmp_admit_note(ep, in, &a, verdict);
	mvmp_noise_clear(&noise);
	return verdict;
}

/* ---- the first valid DATA ---- */

/* NULL when the session to be renewed has ended meanwhile, when no place is free, or when the
 * owner, told that a silent session made place, dropped the link. */
static struct session *session_for(struct mvmp_endpoint *ep, struct half_open *half, uint64_t now)
{
	struct keypair *pair = half->pair;
	struct session *s;

	if (half->replaces)
		return renewed(
			ep, half->replaces, &half->peer.addr, half->peer.instance, &half->cert);
	s = mvmp_session_take(ep, &half->peer.addr, half->cert.key, now);
	if (!s || half->pair == pair)
		return s;
	mvmp_session_drop(ep, s);
	return NULL;
}

mvmp_session mvmp_responder_confirm(struct mvmp_endpoint *ep, struct half_open *half, uint64_t now)
{
	struct keypair *pair = half->pair;
	bool renews = half->replaces != 0;
	struct session *s = session_for(ep, half, now);
	mvmp_session handle;

	if (!s)
		return 0;
	handle = s->handle;
	note_stamp(&ep->responder, half, now);
	s->peer = half->peer;
	s->cert = half->cert;
	half->pair = NULL;
	pair->half_open = NULL;
	mvmp_responder_drop(ep, half);
	if (renews)
		mvmp_session_rotate(ep, s, pair, now);
	else
		mvmp_session_up(ep, s, pair, now);
	return handle;
}
