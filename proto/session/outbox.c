/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"
#include "inbox.h"
#include <errno.h>
#include <mvmp/limits.h>
#include <stdlib.h>
#include <string.h>

enum { FREE = 0, FLYING, LOST, ACKED };

static struct mvmp_sent *sent_of(const struct mvmp_outbox *out, uint32_t sequence)
{
	return &out->sent[sequence & (out->sent_room - 1)];
}

static struct mvmp_outgoing *message_of(const struct mvmp_outbox *out, uint32_t number)
{
	return &out->message[number & (out->message_room - 1)];
}

void mvmp_outbox_init(struct mvmp_outbox *out, struct mvmp_pool *pool, struct mvmp_rtt *rtt,
	struct mvmp_endpoint_counters *counters)
{
	*out = (struct mvmp_outbox){.pool = pool,
		.rtt = rtt,
		.counters = counters,
		.limit = MVMP_WINDOW,
		.congestion = MVMP_CONGESTION_FIRST,
		.threshold = MVMP_WINDOW,
		.timer = UINT64_MAX};
}

void mvmp_outbox_clear(struct mvmp_outbox *out)
{
	for (uint32_t i = out->first; i != out->end; i++)
		mvmp_pool_put_secret(out->pool, message_of(out, i)->bytes, message_of(out, i)->len);
	if (out->pool)
		out->pool->queued -= out->bytes;
	free(out->message);
	free(out->sent);
	*out = (struct mvmp_outbox){.timer = UINT64_MAX};
}

bool mvmp_outbox_busy(const struct mvmp_outbox *out)
{
	return out->first != out->end;
}

/* Doubles a ring of `count` elements that start at `first`. */
static int ring_grow(void **ring, uint32_t *room, size_t element, uint32_t first, uint32_t count)
{
	uint32_t bigger = *room ? 2 * *room : 8;
	uint8_t *fresh = calloc(bigger, element);

	if (!fresh)
		return -ENOMEM;
	for (uint32_t i = first; i != first + count; i++)
		memcpy(fresh + (i & (bigger - 1)) * element,
			(uint8_t *)*ring + (i & (*room - 1)) * element, element);
	free(*ring);
	*ring = fresh;
	*room = bigger;
	return 0;
}

static int message_ring_grow(struct mvmp_outbox *out)
{
	void *ring = out->message;
	int rc = ring_grow(&ring, &out->message_room, sizeof(*out->message), out->first,
		out->end - out->first);

	out->message = ring;
	return rc;
}

static int sent_ring_grow(struct mvmp_outbox *out)
{
	void *ring = out->sent;
	int rc = ring_grow(
		&ring, &out->sent_room, sizeof(*out->sent), out->base, out->top - out->base);

	out->sent = ring;
	return rc;
}

/* An empty queue takes one message whatever others hold, so that nobody waits for somebody else's
 * acknowledgements. */
static bool is_full(const struct mvmp_outbox *out, size_t len)
{
	uint32_t queued = out->end - out->first;

	return queued == MVMP_QUEUE_MESSAGES ||
	       (queued && (out->bytes + len > MVMP_QUEUE_BYTES ||
				  out->pool->queued + len > MVMP_QUEUE_ALL));
}

int mvmp_outbox_push(struct mvmp_outbox *out, const void *bytes, size_t len)
{
	uint32_t queued = out->end - out->first;
	uint8_t *copy;

	if (is_full(out, len)) {
		out->starved = true;
		return -EAGAIN;
	}
	if (queued == out->message_room && message_ring_grow(out))
		return -ENOMEM;
	copy = mvmp_pool_get(out->pool, len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	*message_of(out, out->end++) = (struct mvmp_outgoing){copy, (uint32_t)len, (uint32_t)len};
	out->bytes += len;
	out->pool->queued += len;
	return 0;
}

bool mvmp_outbox_relieved(struct mvmp_outbox *out)
{
	if (!out->starved || out->end - out->first > MVMP_QUEUE_MESSAGES / 2 ||
		out->bytes > MVMP_QUEUE_BYTES / 2)
		return false;
	out->starved = false;
	return true;
}

static bool may_cut(const struct mvmp_outbox *out)
{
	return out->cut != out->end && out->cut - out->first < MVMP_MESSAGES_AHEAD &&
	       out->top - out->base < MVMP_WINDOW && (int32_t)(out->limit - out->top) > 0;
}

bool mvmp_outbox_ready(const struct mvmp_outbox *out)
{
	return out->flying < out->congestion && (out->lost || may_cut(out));
}

static void put_sent(
	struct mvmp_outbox *out, uint32_t sequence, struct mvmp_writer *w, uint64_t now)
{
	struct mvmp_sent *sent = sent_of(out, sequence);
	struct mvmp_outgoing *message = message_of(out, sent->message);
	struct mvmp_fragment fragment = {.sequence = sequence,
		.message = sent->message,
		.total = message->len,
		.offset = sent->offset,
		.bytes = message->bytes + sent->offset,
		.len = sent->len};

	mvmp_put_fragment(w, &fragment);
	sent->at = now;
	sent->order = ++out->order;
	sent->state = FLYING;
	sent->tries++;
	out->flying++;
	out->counters->fragments_sent++;
}

static size_t room_for_bytes(const struct mvmp_writer *w)
{
	size_t room = w->size - w->used;

	return room > MVMP_FRAGMENT_OVERHEAD ? room - MVMP_FRAGMENT_OVERHEAD : 0;
}

/* Cuts the next fragment of the queue; false when the frame is full or nothing may be cut. */
static bool fill_fresh(struct mvmp_outbox *out, struct mvmp_writer *w, uint64_t now)
{
	struct mvmp_outgoing *message;
	size_t room = room_for_bytes(w), len;

	if (!may_cut(out))
		return false;
	message = message_of(out, out->cut);
	len = message->len - out->cut_at;
	if (!room || (room < len && room < MVMP_FRAGMENT_MIN))
		return false;
	if (out->top - out->base == out->sent_room && sent_ring_grow(out))
		return false;
	if (len > room)
		len = room;
	*sent_of(out, out->top) = (struct mvmp_sent){
		.message = out->cut, .offset = out->cut_at, .len = (uint16_t)len};
	put_sent(out, out->top++, w, now);
	out->cut_at += (uint32_t)len;
	if (out->cut_at == message->len) {
		out->cut++;
		out->cut_at = 0;
	}
	return true;
}

/* Repeats the oldest lost fragment; false when there is none or the frame is full. */
static bool fill_lost(struct mvmp_outbox *out, struct mvmp_writer *w, uint64_t now)
{
	uint32_t sequence = out->base;

	if (!out->lost)
		return false;
	while (sent_of(out, sequence)->state != LOST)
		sequence++;
	if (sent_of(out, sequence)->len > room_for_bytes(w)) {
		if (!w->used) /* the path shrank: no frame will ever hold it */
			sent_of(out, sequence)->tries = MVMP_FRAGMENT_TRIES;
		return false;
	}
	out->lost--;
	out->counters->retransmissions++;
	put_sent(out, sequence, w, now);
	return true;
}

unsigned mvmp_outbox_fill(struct mvmp_outbox *out, struct mvmp_writer *w, uint64_t now)
{
	unsigned n = 0;

	while (out->flying < out->congestion) {
		if (out->lost ? !fill_lost(out, w, now) : !fill_fresh(out, w, now))
			break;
		n++;
	}
	if (n)
		out->timer = now + (out->probes ? mvmp_rtt_timeout(out->rtt, out->backoff)
						: mvmp_rtt_tail_probe(out->rtt));
	return n;
}

/* What one acknowledgement told. */
struct harvest {
	unsigned count;
	uint64_t order, at; /* of the latest transmission among what was acknowledged */
	bool clear;	    /* that one was sent only once: its round trip is known (Karn) */
};

/* An acknowledgement that comes sooner after a repetition than half a round trip is one of an
 * earlier transmission (RFC 8985, 6.2): it does not tell that what was sent since has arrived. */
static bool is_of_last(const struct mvmp_outbox *out, const struct mvmp_sent *sent, uint64_t now)
{
	return sent->tries == 1 || now - sent->at >= out->rtt->smooth / 2;
}

static void harvest_one(struct mvmp_outbox *out, uint32_t sequence, struct harvest *h, uint64_t now)
{
	struct mvmp_sent *sent = sent_of(out, sequence);
	struct mvmp_outgoing *message;

	if (sent->state != FLYING && sent->state != LOST)
		return;
	if (sent->state == FLYING)
		out->flying--;
	else
		out->lost--;
	if (sent->order > h->order && is_of_last(out, sent, now)) {
		h->order = sent->order;
		h->at = sent->at;
		h->clear = sent->tries == 1;
	}
	sent->state = ACKED;
	message = message_of(out, sent->message);
	message->unacked -= sent->len;
	h->count++;
}

static bool bits_in_range(const struct mvmp_outbox *out, const struct mvmp_ack *ack)
{
	uint32_t beyond = out->top - ack->next;

	for (unsigned i = 0; i < 8u * ack->bits_len; i++) {
		if ((ack->bits[i / 8] >> i % 8 & 1) && i + 1 >= beyond)
			return false;
	}
	return true;
}

static void harvest_all(
	struct mvmp_outbox *out, const struct mvmp_ack *ack, struct harvest *h, uint64_t now)
{
	for (uint32_t s = out->base; s != ack->next; s++)
		harvest_one(out, s, h, now);
	for (unsigned i = 0; i < 8u * ack->bits_len; i++) {
		if (ack->bits[i / 8] >> i % 8 & 1)
			harvest_one(out, ack->next + 1 + i, h, now);
	}
}

static void drop_acked(struct mvmp_outbox *out)
{
	while (out->base != out->top && sent_of(out, out->base)->state == ACKED)
		out->base++;
	while (out->first != out->cut && !message_of(out, out->first)->unacked) {
		struct mvmp_outgoing *message = message_of(out, out->first++);

		out->bytes -= message->len;
		out->pool->queued -= message->len;
		mvmp_pool_put_secret(out->pool, message->bytes, message->len);
		message->bytes = NULL;
	}
}

static void grow_window(struct mvmp_outbox *out, unsigned acked)
{
	if (out->congestion < out->threshold) {
		out->congestion += acked;
	} else {
		out->grown += acked;
		if (out->grown >= out->congestion) {
			out->grown = 0;
			out->congestion++;
		}
	}
	if (out->congestion > MVMP_WINDOW)
		out->congestion = MVMP_WINDOW;
}

/* One cut of the window for all losses of a round trip. */
static void shrink_window(struct mvmp_outbox *out, uint64_t order)
{
	if (order <= out->recover)
		return;
	out->recover = out->order;
	out->threshold = out->congestion / 2;
	if (out->threshold < MVMP_CONGESTION_MIN)
		out->threshold = MVMP_CONGESTION_MIN;
	out->congestion = out->threshold;
}

static void find_gaps(struct mvmp_outbox *out, const struct harvest *h)
{
	for (uint32_t s = out->base; s != out->top; s++) {
		struct mvmp_sent *sent = sent_of(out, s);

		if (sent->state != FLYING || sent->order > h->order)
			continue;
		if (sent->order + MVMP_REORDER_FRAGMENTS > h->order &&
			sent->at + out->rtt->smooth >= h->at)
			continue;
		sent->state = LOST;
		out->flying--;
		out->lost++;
		shrink_window(out, sent->order);
	}
}

static void take_harvest(
	struct mvmp_outbox *out, const struct mvmp_ack *ack, const struct harvest *h, uint64_t now)
{
	uint64_t held = ack->delay_us * 1000ull;

	if (h->clear && now - h->at > held)
		mvmp_rtt_sample(out->rtt, now - h->at - held);
	out->backoff = 0;
	out->probes = 0;
	grow_window(out, h->count);
	drop_acked(out);
	find_gaps(out, h);
	out->timer = out->flying + out->lost ? now + mvmp_rtt_tail_probe(out->rtt) : UINT64_MAX;
}

/* The peer says how often it got something again; it can have got no more than was repeated. */
static void count_spurious(struct mvmp_endpoint_counters *c, uint16_t again)
{
	uint64_t most = c->retransmissions - c->spurious_retransmissions;

	c->spurious_retransmissions += again < most ? again : most;
}

enum mvmp_verdict mvmp_outbox_ack(struct mvmp_outbox *out, const struct mvmp_ack *ack, uint64_t now)
{
	struct harvest h = {0};
	uint16_t again = (uint16_t)(ack->duplicates - out->duplicates);

	if ((int32_t)(ack->next - out->base) < 0)
		return MVMP_ACCEPTED; /* overtaken by a later one */
	if (ack->next - out->base > out->top - out->base || !bits_in_range(out, ack))
		return MVMP_DROP_RECORD;
	if (again < UINT16_MAX / 2) {
		count_spurious(out->counters, again);
		out->duplicates = ack->duplicates;
	}
	out->limit = ack->next + ack->credit;
	harvest_all(out, ack, &h, now);
	if (h.count)
		take_harvest(out, ack, &h, now);
	return MVMP_ACCEPTED;
}

/* Gives up on fragments in flight: on the oldest one, or on all. False: one has no try left. */
static bool lose(struct mvmp_outbox *out, bool all)
{
	for (uint32_t s = out->base; s != out->top; s++) {
		struct mvmp_sent *sent = sent_of(out, s);

		if (sent->tries >= MVMP_FRAGMENT_TRIES && sent->state != ACKED)
			return false;
		if (sent->state != FLYING)
			continue;
		sent->state = LOST;
		out->flying--;
		out->lost++;
		if (!all)
			break;
	}
	return true;
}

void mvmp_outbox_note_stall(struct mvmp_outbox *out, uint64_t now)
{
	if (out->timer == UINT64_MAX && out->cut != out->end && !may_cut(out))
		out->timer = now + MVMP_STALL_S * MVMP_NS_PER_S;
}

bool mvmp_outbox_expire(struct mvmp_outbox *out, uint64_t now)
{
	bool tail_probe = !out->probes && !out->lost;

	if (now < out->timer)
		return true;
	if (!out->flying && !out->lost)
		return false; /* stalled */
	if (!lose(out, !tail_probe))
		return false;
	out->probes = 1;
	if (!tail_probe) {
		out->threshold = out->congestion / 2 > MVMP_CONGESTION_MIN ? out->congestion / 2
									   : MVMP_CONGESTION_MIN;
		out->congestion = MVMP_CONGESTION_MIN;
		out->recover = out->order;
		out->backoff++;
	}
	out->timer = now + mvmp_rtt_timeout(out->rtt, out->backoff);
	return true;
}
