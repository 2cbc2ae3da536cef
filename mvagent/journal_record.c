/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <mvmp/crypto.h>
#include <stdio.h>
#include <string.h>

enum { CHECK = 8 };

static void check_of(uint8_t to[static CHECK], const uint8_t *payload, size_t len)
{
	uint8_t hash[MVMP_HASH_LEN];

	mvmp_crypto_openssl.hash(hash, payload, len, NULL, 0);
	memcpy(to, hash, CHECK);
}

/* Room for the head, which seal() fills. Returns where the record starts. */
static size_t begin(struct mvmp_writer *w, enum journal_type type, uint64_t serial)
{
	static const uint8_t head[JOURNAL_HEAD];
	size_t start = w->used;

	mvmp_put_bytes(w, head, sizeof head);
	mvmp_put_u8(w, type);
	mvmp_put_u64(w, serial);
	return start;
}

static void seal(struct mvmp_writer *w, size_t start)
{
	struct mvmp_writer head = mvmp_writer(w->buf + start, JOURNAL_HEAD);
	size_t len = w->used - start - JOURNAL_HEAD;
	uint8_t check[CHECK];

	if (w->bad)
		return;
	check_of(check, w->buf + start + JOURNAL_HEAD, len);
	mvmp_put_u32(&head, (uint32_t)len);
	mvmp_put_bytes(&head, check, CHECK);
}

void journal_put_floor(struct mvmp_writer *w, uint64_t serial, uint64_t floor_ms)
{
	size_t start = begin(w, JOURNAL_FLOOR, serial);

	mvmp_put_u64(w, floor_ms);
	seal(w, start);
}

void journal_put_intent(struct mvmp_writer *w, const struct mva_intent *intent)
{
	size_t start = begin(w, JOURNAL_INTENT, intent->serial);
	size_t len = strlen(intent->summary);

	mvmp_put_bytes(w, intent->operation, MVMP_ID_LEN);
	mvmp_put_bytes(w, intent->digest, MVMP_ID_LEN);
	mvmp_put_u8(w, intent->verb);
	mvmp_put_u64(w, intent->wall_ns);
	mvmp_put_u8(w, (uint8_t)len);
	mvmp_put_bytes(w, intent->summary, len);
	seal(w, start);
}

static void put_text(struct mvmp_writer *w, const char *text)
{
	size_t len = text ? strnlen(text, 255) : 0;

	mvmp_put_u16(w, (uint16_t)len);
	mvmp_put_bytes(w, text, len);
}

void journal_put_result(struct mvmp_writer *w, uint64_t serial, const uint8_t *operation,
	const struct mva_result *result)
{
	size_t start = begin(w, JOURNAL_RESULT, serial);
	/* A longer body is asked for again by reading back. */
	size_t len = result->body_len <= JOURNAL_BODY_MAX ? result->body_len : 0;

	mvmp_put_bytes(w, operation, MVMP_ID_LEN);
	mvmp_put_u8(w, (uint8_t)result->status);
	put_text(w, result->text);
	put_text(w, result->hint);
	mvmp_put_u32(w, (uint32_t)len);
	mvmp_put_bytes(w, result->body, len);
	seal(w, start);
}

static void get_intent(struct journal_record *record, struct mvmp_reader *r)
{
	struct mva_intent *intent = &record->intent;
	size_t len;

	record->operation = mvmp_get_view(r, MVMP_ID_LEN);
	mvmp_get_bytes(r, intent->digest, MVMP_ID_LEN);
	intent->verb = mvmp_get_u8(r);
	intent->wall_ns = mvmp_get_u64(r);
	len = mvmp_get_u8(r);
	if (len >= sizeof intent->summary)
		r->bad = true;
	else
		mvmp_get_bytes(r, intent->summary, len);
	intent->serial = record->serial;
	if (!r->bad)
		memcpy(intent->operation, record->operation, MVMP_ID_LEN);
}

static void get_result(struct journal_record *record, struct mvmp_reader *r)
{
	record->operation = mvmp_get_view(r, MVMP_ID_LEN);
	record->status = mvmp_get_u8(r);
	record->text_len = mvmp_get_u16(r);
	record->text = mvmp_get_view(r, record->text_len);
	record->hint_len = mvmp_get_u16(r);
	record->hint = mvmp_get_view(r, record->hint_len);
	record->body_len = mvmp_get_u32(r);
	record->body = mvmp_get_view(r, record->body_len);
	if (record->text_len > 255 || record->hint_len > 255)
		r->bad = true;
}

size_t journal_get(struct journal_record *record, const uint8_t *bytes, size_t len)
{
	struct mvmp_reader head = mvmp_reader(bytes, len), r;
	uint32_t payload_len = mvmp_get_u32(&head);
	const uint8_t *check = mvmp_get_view(&head, CHECK);
	const uint8_t *payload = mvmp_get_view(&head, payload_len);
	uint8_t expected[CHECK];

	if (head.bad || payload_len < JOURNAL_PAYLOAD_MIN || payload_len > JOURNAL_RECORD_MAX)
		return 0;
	check_of(expected, payload, payload_len);
	if (memcmp(check, expected, CHECK) != 0)
		return 0;
	*record = (struct journal_record){0};
	r = mvmp_reader(payload, payload_len);
	record->type = mvmp_get_u8(&r);
	record->serial = mvmp_get_u64(&r);
	if (record->type == JOURNAL_FLOOR)
		record->floor_ms = mvmp_get_u64(&r);
	else if (record->type == JOURNAL_INTENT)
		get_intent(record, &r);
	else if (record->type == JOURNAL_RESULT)
		get_result(record, &r);
	return r.bad ? 0 : JOURNAL_HEAD + (size_t)payload_len;
}
