/* SPDX-License-Identifier: Apache-2.0 */
#include "inbox.h"
#include "rtt.h"
#include <mvmp/crypto.h>
#include <mvmp/limits.h>
#include <stdlib.h>
#include <string.h>

static bool seen(const struct mvmp_inbox *in, uint32_t sequence)
{
	return in->seen[sequence % MVMP_WINDOW / 64] >> sequence % 64 & 1;
}

static void flip_seen(struct mvmp_inbox *in, uint32_t sequence)
{
	in->seen[sequence % MVMP_WINDOW / 64] ^= 1ull << sequence % 64;
}

static bool has_gap(const struct mvmp_inbox *in)
{
	return in->seen[0] | in->seen[1];
}

static void ack_by(struct mvmp_inbox *in, uint64_t at)
{
	if (!in->ack_at || at < in->ack_at)
		in->ack_at = at ? at : 1;
}

static enum mvmp_verdict take_again(struct mvmp_inbox *in, uint64_t now)
{
	in->duplicates++;
	ack_by(in, now);
	return MVMP_ACCEPTED;
}

static void hold(struct mvmp_inbox *in, size_t bytes)
{
	in->held += bytes;
	*in->held_all += bytes;
}

static void release(struct mvmp_inbox *in, size_t bytes)
{
	in->held -= bytes;
	*in->held_all -= bytes;
}

/* Gives a message its buffer. Zeroed, so that a peer that leaves holes reads nothing of ours. */
static bool open_slot(
	struct mvmp_inbox *in, struct mvmp_incoming *slot, const struct mvmp_fragment *f)
{
	bool in_turn = f->message == in->message;
	size_t ahead = in->longest ? in->longest : MVMP_ASSEMBLY_SESSION;

	if (!in_turn &&
		(in->held + f->total > ahead || *in->held_all + f->total > MVMP_ASSEMBLY_ALL))
		return false;
	slot->bytes = calloc(1, f->total);
	if (!slot->bytes)
		return false;
	slot->total = f->total;
	slot->got = 0;
	hold(in, f->total);
	return true;
}

static enum mvmp_verdict place(struct mvmp_inbox *in, const struct mvmp_fragment *f, bool *direct)
{
	struct mvmp_incoming *slot = &in->slot[f->message % MVMP_MESSAGES_AHEAD];

	if (f->message - in->message >= MVMP_MESSAGES_AHEAD ||
		(in->longest && f->total > in->longest))
		return MVMP_DROP_WINDOW;
	if (!slot->bytes && f->len == f->total && f->message == in->message) {
		in->message++;
		*direct = true;
		return MVMP_ACCEPTED;
	}
	if (!slot->bytes && !open_slot(in, slot, f))
		return MVMP_DROP_FULL;
	if (slot->total != f->total || slot->got + f->len > slot->total)
		return MVMP_DROP_WINDOW;
	memcpy(slot->bytes + f->offset, f->bytes, f->len);
	slot->got += f->len;
	return MVMP_ACCEPTED;
}

/* A gap is told at once, so that the sender can fill it; else every few fragments, or a little
 * later together with whatever goes the other way. */
static void note_received(struct mvmp_inbox *in, uint32_t sequence, uint64_t now)
{
	bool late;

	flip_seen(in, sequence);
	while (seen(in, in->next))
		flip_seen(in, in->next++);
	late = has_gap(in);
	in->newest_at = now;
	in->unacknowledged++;
	ack_by(in, late || in->unacknowledged >= MVMP_ACK_EVERY
			   ? now
			   : now + MVMP_ACK_DELAY_MS * MVMP_NS_PER_MS);
}

enum mvmp_verdict mvmp_inbox_take(
	struct mvmp_inbox *in, const struct mvmp_fragment *f, uint64_t now, bool *direct)
{
	enum mvmp_verdict verdict;

	*direct = false;
	if ((int32_t)(f->sequence - in->next) < 0)
		return take_again(in, now);
	if (f->sequence - in->next >= MVMP_WINDOW)
		return MVMP_DROP_WINDOW;
	if (seen(in, f->sequence))
		return take_again(in, now);
	verdict = place(in, f, direct);
	if (verdict == MVMP_ACCEPTED)
		note_received(in, f->sequence, now);
	return verdict;
}

size_t mvmp_inbox_pop(struct mvmp_inbox *in, uint8_t **ret)
{
	struct mvmp_incoming *slot = &in->slot[in->message % MVMP_MESSAGES_AHEAD];

	if (!slot->bytes || slot->got < slot->total)
		return 0;
	release(in, slot->total);
	in->message++;
	*ret = slot->bytes;
	slot->bytes = NULL;
	return slot->total;
}

uint64_t mvmp_inbox_deadline(const struct mvmp_inbox *in)
{
	return in->ack_at ? in->ack_at : UINT64_MAX;
}

static uint8_t make_bits(const struct mvmp_inbox *in, uint8_t bits[static MVMP_ACK_BITMAP_MAX])
{
	uint8_t len = 0;

	memset(bits, 0, MVMP_ACK_BITMAP_MAX);
	if (!has_gap(in))
		return 0;
	for (uint32_t i = 0; i < MVMP_WINDOW - 1; i++) {
		if (!seen(in, in->next + 1 + i))
			continue;
		bits[i / 8] |= (uint8_t)(1 << i % 8);
		len = (uint8_t)(i / 8 + 1);
	}
	return len;
}

void mvmp_inbox_put_ack(struct mvmp_inbox *in, struct mvmp_writer *w, uint64_t now)
{
	uint8_t bits[MVMP_ACK_BITMAP_MAX];
	uint64_t waited_us = (now - in->newest_at) / 1000;
	struct mvmp_ack ack = {.next = in->next,
		.delay_us = (uint16_t)(waited_us < UINT16_MAX ? waited_us : UINT16_MAX),
		.credit = MVMP_WINDOW,
		.duplicates = in->duplicates,
		.bits = bits};

	if (!in->ack_at || w->size - w->used < MVMP_ACK_OVERHEAD_MAX)
		return;
	ack.bits_len = make_bits(in, bits);
	mvmp_put_ack(w, &ack);
	in->ack_at = 0;
	in->unacknowledged = 0;
}

void mvmp_inbox_clear(struct mvmp_inbox *in)
{
	for (unsigned i = 0; i < MVMP_MESSAGES_AHEAD; i++) {
		if (in->slot[i].bytes)
			mvmp_wipe(in->slot[i].bytes, in->slot[i].total);
		free(in->slot[i].bytes);
	}
	if (in->held_all)
		*in->held_all -= in->held;
	*in = (struct mvmp_inbox){0};
}
