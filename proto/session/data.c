/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- out ---- */

static struct mvmp_writer data_writer(struct mvmp_endpoint *ep, const struct session *s)
{
	return mvmp_writer(ep->out + MVMP_LINK_HEADROOM + MVMP_HEADER_LEN,
		(size_t)s->mtu - MVMP_DATA_OVERHEAD);
}

/* Seals the `len` bytes that data_writer() was given, and sends them. */
static int seal_and_send(
	struct mvmp_endpoint *ep, struct session *s, enum mvmp_channel channel, size_t len)
{
	struct keypair *pair = s->current;
	uint8_t *frame = ep->out + MVMP_LINK_HEADROOM, *body = frame + MVMP_HEADER_LEN;
	struct mvmp_frame head = {.kind = MVMP_DATA,
		.payload_len = (uint16_t)(len + MVMP_TAG_LEN),
		.index = pair->remote,
		.counter = pair->next[channel]++};
	int rc;

	if (head.counter >= MVMP_REKEY_FRAMES)
		mvmp_session_renew_early(s);
	if (channel == MVMP_STATS)
		head.counter |= MVMP_COUNTER_STATS;
	mvmp_frame_encode(frame, &head);
	if (ep->crypto->seal(pair->send, head.counter, frame, MVMP_HEADER_LEN, body, len, body))
		return -EIO;
	rc = mvmp_ep_send(ep, &s->peer.addr, channel, frame, len + MVMP_DATA_OVERHEAD);
	s->gone |= rc == -ENOTCONN && !ep->link[s->peer.addr.link].has_macs;
	return rc;
}

static void put_ping(
	struct mvmp_endpoint *ep, struct session *s, struct mvmp_writer *w, uint64_t now)
{
	s->ping_wanted = false;
	s->ping_token++;
	s->ping_at = now;
	s->pings++;
	mvmp_put_token(w, MVMP_RECORD_PING, s->ping_token);
}

static bool must_send(const struct session *s, uint64_t now)
{
	return s->ping_wanted || s->pong_wanted || mvmp_inbox_deadline(&s->inbox) <= now;
}

void mvmp_data_probe_mtu(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct mvmp_writer w = mvmp_writer(ep->out + MVMP_LINK_HEADROOM + MVMP_HEADER_LEN,
		(size_t)s->mtu_wanted - MVMP_DATA_OVERHEAD);

	s->mtu_token = ++s->ping_token;
	s->mtu_probe_at = ++s->mtu_probes < MVMP_MTU_PROBES
				  ? now + MVMP_MTU_PROBE_MS * MVMP_NS_PER_MS
				  : MVMP_NEVER;
	mvmp_put_token(&w, MVMP_RECORD_PING, s->mtu_token);
	mvmp_put_padding(&w);
	seal_and_send(ep, s, MVMP_CONTROL, w.used);
}

/* One frame of everything that waits; false when nothing does or the link takes no more. */
static bool send_frame(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	struct mvmp_writer w = data_writer(ep, s);

	if (!must_send(s, now) && !mvmp_outbox_ready(&s->outbox))
		return false;
	if (s->ping_wanted)
		put_ping(ep, s, &w, now);
	if (s->pong_wanted)
		mvmp_put_token(&w, MVMP_RECORD_PONG, s->pong_token);
	s->pong_wanted = false;
	if (s->tickets) {
		s->tickets--;
		mvmp_ticket_put(ep, s, &w);
	}
	mvmp_inbox_put_ack(&s->inbox, &w, now);
	mvmp_outbox_fill(&s->outbox, &w, now);
	return w.used && seal_and_send(ep, s, MVMP_CONTROL, w.used) == 0;
}

void mvmp_data_flush(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	for (unsigned n = 0; n < MVMP_FLUSH_FRAMES && send_frame(ep, s, now); n++)
		;
	mvmp_outbox_note_stall(&s->outbox, now);
	mvmp_session_arm(ep, s, now);
}

int mvmp_data_send_stats(
	struct mvmp_endpoint *ep, struct session *s, const void *bytes, size_t len, uint64_t now)
{
	struct mvmp_writer w = data_writer(ep, s);
	int rc;

	mvmp_put_bytes(&w, bytes, len);
	if (w.bad)
		return -EMSGSIZE;
	s->active_at = now;
	rc = seal_and_send(ep, s, MVMP_STATS, len);
	if (s->gone)
		mvmp_session_arm(ep, s, now);
	return rc;
}

void mvmp_data_send_close(struct mvmp_endpoint *ep, struct session *s, enum mvmp_status reason)
{
	struct mvmp_writer w = data_writer(ep, s);

	mvmp_put_close(&w, (uint8_t)reason);
	seal_and_send(ep, s, MVMP_CONTROL, w.used);
}

/* ---- in ---- */

/* Hands a message to the owner; false when the session is gone afterwards. */
static bool deliver(struct mvmp_endpoint *ep, mvmp_session handle, enum mvmp_event_type type,
	const uint8_t *bytes, size_t len)
{
	const struct session *s = mvmp_session_find(ep, handle);
	struct mvmp_event event = {.type = type,
		.session = handle,
		.peer = &s->peer,
		.cert = &s->cert,
		.initiated = s->initiated,
		.bytes = bytes,
		.len = len};

	ep->config.env.event(ep->config.env.ctx, &event);
	return mvmp_session_find(ep, handle) != NULL;
}

/* Hands out what is whole and in turn; false when the session is gone. */
static bool deliver_whole(struct mvmp_endpoint *ep, struct session *s)
{
	mvmp_session handle = s->handle;
	uint8_t *bytes;
	size_t len;
	bool alive = true;

	while (alive && (len = mvmp_inbox_pop(&s->inbox, &bytes)) > 0) {
		alive = deliver(ep, handle, MVMP_EVENT_MESSAGE, bytes, len);
		mvmp_wipe(bytes, len); /* the cluster key may be in it */
		free(bytes);
	}
	return alive;
}

static enum mvmp_verdict take_fragment(
	struct mvmp_endpoint *ep, struct session *s, struct mvmp_reader body, uint64_t now)
{
	mvmp_session handle = s->handle;
	struct mvmp_fragment fragment;
	enum mvmp_verdict verdict;
	bool direct;

	if (!mvmp_record_fragment(body, &fragment))
		return MVMP_DROP_RECORD;
	s->active_at = now;
	verdict = mvmp_inbox_take(&s->inbox, &fragment, now, &direct);
	if (direct && !deliver(ep, handle, MVMP_EVENT_MESSAGE, fragment.bytes, fragment.len))
		return verdict;
	deliver_whole(ep, s);
	return verdict;
}

static enum mvmp_verdict take_ack(
	struct mvmp_endpoint *ep, struct session *s, struct mvmp_reader body, uint64_t now)
{
	enum mvmp_verdict verdict;
	struct mvmp_ack ack;

	if (!mvmp_record_ack(body, &ack))
		return MVMP_DROP_RECORD;
	verdict = mvmp_outbox_ack(&s->outbox, &ack, now);
	if (mvmp_outbox_relieved(&s->outbox))
		deliver(ep, s->handle, MVMP_EVENT_WRITABLE, NULL, 0);
	return verdict;
}

static enum mvmp_verdict take_token(
	struct session *s, uint8_t type, struct mvmp_reader body, uint64_t now)
{
	uint64_t token = mvmp_get_u64(&body);

	if (body.bad || body.left)
		return MVMP_DROP_RECORD;
	if (type == MVMP_RECORD_PING) {
		s->pong_token = token;
		s->pong_wanted = true;
	} else if (token == s->mtu_token && s->mtu_token) {
		s->mtu = s->mtu_wanted;
		s->mtu_probe_at = MVMP_NEVER;
	} else if (token == s->ping_token && now > s->ping_at) {
		mvmp_rtt_sample(&s->rtt, now - s->ping_at);
	}
	return MVMP_ACCEPTED;
}

static enum mvmp_verdict take_close(
	struct mvmp_endpoint *ep, struct session *s, struct mvmp_reader body)
{
	uint8_t reason = mvmp_get_u8(&body);

	if (body.bad)
		return MVMP_DROP_RECORD;
	mvmp_session_down(ep, s, reason == MVMP_NOT_TRUSTED ? MVMP_NOT_TRUSTED : MVMP_NO_ANSWER,
		"the peer closed the session (%s)", mvmp_status_name(reason));
	return MVMP_ACCEPTED;
}

static enum mvmp_verdict take_record(struct mvmp_endpoint *ep, struct session *s,
	const struct mvmp_frame_record *record, uint64_t now)
{
	switch (record->type) {
	case MVMP_RECORD_PING:
	case MVMP_RECORD_PONG:
		return take_token(s, record->type, record->body, now);
	case MVMP_RECORD_ACK:
		return take_ack(ep, s, record->body, now);
	case MVMP_RECORD_FRAGMENT:
		return take_fragment(ep, s, record->body, now);
	case MVMP_RECORD_CLOSE:
		return take_close(ep, s, record->body);
	case MVMP_RECORD_TICKET:
		return mvmp_ticket_take(ep, s, record->body);
	case 0:
		return MVMP_DROP_RECORD;
	default:
		return MVMP_ACCEPTED; /* of a later version */
	}
}

static enum mvmp_verdict take_records(
	struct mvmp_endpoint *ep, mvmp_session handle, size_t len, uint64_t now)
{
	struct mvmp_reader r = mvmp_reader(ep->plain, len);
	enum mvmp_verdict verdict = MVMP_ACCEPTED;
	struct mvmp_frame_record record;
	struct session *s;

	while (verdict != MVMP_DROP_RECORD && (s = mvmp_session_find(ep, handle)) &&
		mvmp_record_next(&r, &record)) {
		enum mvmp_verdict one = take_record(ep, s, &record, now);

		if (one != MVMP_ACCEPTED)
			verdict = one;
	}
	s = mvmp_session_find(ep, handle);
	if (s)
		mvmp_data_flush(ep, s, now);
	return r.bad ? MVMP_DROP_RECORD : verdict;
}

/* Tag, then replay window: nothing changes before both have said yes. */
static enum mvmp_verdict open_frame(
	struct mvmp_endpoint *ep, const struct arrival *in, struct keypair *pair)
{
	const struct mvmp_frame *f = &in->frame;
	unsigned channel = f->counter & MVMP_COUNTER_STATS ? MVMP_STATS : MVMP_CONTROL;

	if (ep->crypto->open(pair->receive, f->counter, in->header, MVMP_HEADER_LEN, f->payload,
		    f->payload_len, ep->plain))
		return MVMP_DROP_TAG;
	if (!mvmp_replay_take(&pair->replay[channel], f->counter & ~MVMP_COUNTER_STATS))
		return MVMP_DROP_REPLAY;
	return MVMP_ACCEPTED;
}

static const struct mvmp_addr *pair_addr(const struct keypair *pair)
{
	return pair->session ? &pair->session->peer.addr : &pair->half_open->peer.addr;
}

static void note_life(struct session *s, uint64_t counter, uint64_t now)
{
	s->received_at = now;
	s->peer.seen = now;
	s->pings = 0;
	s->doubted = false;
	if ((counter & ~MVMP_COUNTER_STATS) >= MVMP_REKEY_FRAMES)
		mvmp_session_renew_early(s);
}

enum mvmp_verdict mvmp_data_receive(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct keypair *pair = mvmp_keyring_find(&ep->keyring, in->frame.index);
	size_t len = (size_t)in->frame.payload_len - MVMP_TAG_LEN;
	enum mvmp_verdict verdict;
	mvmp_session handle;
	struct session *s;
	bool renews;

	if (!pair)
		return MVMP_DROP_SESSION;
	if (!pair->receive)
		return MVMP_DROP_STATE;
	if (!mvmp_addr_equal(pair_addr(pair), in->from))
		return MVMP_DROP_MAC;
	verdict = open_frame(ep, in, pair);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	renews = pair->half_open && pair->half_open->replaces;
	handle = pair->session ? pair->session->handle
			       : mvmp_responder_confirm(ep, pair->half_open, in->now);
	if (!handle)
		return renews ? MVMP_DROP_SESSION : MVMP_DROP_FULL;
	s = mvmp_session_find(ep, handle);
	if (!s)
		return MVMP_ACCEPTED;
	note_life(s, in->frame.counter, in->now);
	if (!(in->frame.counter & MVMP_COUNTER_STATS))
		return take_records(ep, handle, len, in->now);
	s->active_at = in->now;
	if (deliver(ep, handle, MVMP_EVENT_STATS, ep->plain, len))
		mvmp_session_arm(ep, s, in->now);
	return MVMP_ACCEPTED;
}
