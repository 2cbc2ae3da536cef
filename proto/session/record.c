/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"
#include <mvmp/limits.h>

bool mvmp_record_next(struct mvmp_reader *r, struct mvmp_frame_record *record)
{
	uint16_t len;

	if (r->bad || !r->left)
		return false;
	record->type = mvmp_get_u8(r);
	mvmp_get_u8(r); /* reserved */
	len = mvmp_get_u16(r);
	record->body = mvmp_reader(mvmp_get_view(r, len), len);
	return !r->bad;
}

bool mvmp_record_fragment(struct mvmp_reader body, struct mvmp_fragment *fragment)
{
	struct mvmp_fragment f = {.sequence = mvmp_get_u32(&body),
		.message = mvmp_get_u32(&body),
		.total = mvmp_get_u32(&body),
		.offset = mvmp_get_u32(&body)};

	f.bytes = body.at;
	f.len = (uint16_t)body.left;
	if (body.bad || !f.len || f.total > MVMP_MESSAGE_MAX || f.offset >= f.total ||
		f.len > f.total - f.offset)
		return false;
	*fragment = f;
	return true;
}

bool mvmp_record_ack(struct mvmp_reader body, struct mvmp_ack *ack)
{
	struct mvmp_ack a = {.next = mvmp_get_u32(&body),
		.delay_us = mvmp_get_u16(&body),
		.credit = mvmp_get_u16(&body),
		.duplicates = mvmp_get_u16(&body)};

	if (body.bad || body.left > MVMP_ACK_BITMAP_MAX)
		return false;
	a.bits = body.at;
	a.bits_len = (uint8_t)body.left;
	*ack = a;
	return true;
}

static void put_head(struct mvmp_writer *w, enum mvmp_record_type type, size_t len)
{
	mvmp_put_u8(w, (uint8_t)type);
	mvmp_put_u8(w, 0);
	mvmp_put_u16(w, (uint16_t)len);
}

void mvmp_put_token(struct mvmp_writer *w, enum mvmp_record_type type, uint64_t token)
{
	put_head(w, type, sizeof(token));
	mvmp_put_u64(w, token);
}

void mvmp_put_padding(struct mvmp_writer *w)
{
	static const uint8_t zeros[64];
	size_t left = w->size - w->used;

	put_head(w, MVMP_RECORD_PAD, left - MVMP_RECORD_HEAD);
	while (!w->bad && w->used < w->size) {
		left = w->size - w->used;
		mvmp_put_bytes(w, zeros, left < sizeof(zeros) ? left : sizeof(zeros));
	}
}

void mvmp_put_close(struct mvmp_writer *w, uint8_t reason)
{
	put_head(w, MVMP_RECORD_CLOSE, sizeof(reason));
	mvmp_put_u8(w, reason);
}

void mvmp_put_ticket(struct mvmp_writer *w, const uint8_t id[static MVMP_TICKET_ID_LEN],
	const uint8_t secret[static MVMP_TICKET_SECRET_LEN])
{
	put_head(w, MVMP_RECORD_TICKET, MVMP_TICKET_ID_LEN + MVMP_TICKET_SECRET_LEN);
	mvmp_put_bytes(w, id, MVMP_TICKET_ID_LEN);
	mvmp_put_bytes(w, secret, MVMP_TICKET_SECRET_LEN);
}

void mvmp_put_fragment(struct mvmp_writer *w, const struct mvmp_fragment *fragment)
{
	put_head(w, MVMP_RECORD_FRAGMENT, MVMP_FRAGMENT_HEAD + (size_t)fragment->len);
	mvmp_put_u32(w, fragment->sequence);
	mvmp_put_u32(w, fragment->message);
	mvmp_put_u32(w, fragment->total);
	mvmp_put_u32(w, fragment->offset);
	mvmp_put_bytes(w, fragment->bytes, fragment->len);
}

void mvmp_put_ack(struct mvmp_writer *w, const struct mvmp_ack *ack)
{
	put_head(w, MVMP_RECORD_ACK, MVMP_ACK_HEAD + (size_t)ack->bits_len);
	mvmp_put_u32(w, ack->next);
	mvmp_put_u16(w, ack->delay_us);
	mvmp_put_u16(w, ack->credit);
	mvmp_put_u16(w, ack->duplicates);
	mvmp_put_bytes(w, ack->bits, ack->bits_len);
}
