/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/sample.h>
#include <stdlib.h>
#include <string.h>

void mvmp_sample_reset(struct mvmp_sample *sample)
{
	struct mvmp_records kept[MVMP_ENTITY_COUNT];

	memcpy(kept, sample->kind, sizeof kept);
	*sample = (struct mvmp_sample){0};
	memcpy(sample->kind, kept, sizeof kept);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		sample->kind[kind].count = 0;
}

void mvmp_sample_free(struct mvmp_sample *sample)
{
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		free(sample->kind[kind].at);
	*sample = (struct mvmp_sample){0};
}

/* Makes room for `count` records; 0 or -ENOMEM with the array as it was. */
static int records_reserve(struct mvmp_records *records, uint32_t count)
{
	struct mvmp_record *at;

	if (count <= records->capacity)
		return 0;
	if (count > MVMP_RECORDS_MAX)
		return -ENOMEM;
	at = realloc(records->at, count * sizeof *at);
	if (!at)
		return -ENOMEM;
	records->at = at;
	records->capacity = count;
	return 0;
}

/* Half as much again, so that growing to n records copies O(n) of them. */
static uint32_t grown(uint32_t capacity)
{
	uint32_t more = capacity + capacity / 2 + 4;

	return more > MVMP_RECORDS_MAX ? MVMP_RECORDS_MAX : more;
}

struct mvmp_record *mvmp_sample_add(struct mvmp_sample *sample, enum mvmp_entity kind)
{
	struct mvmp_records *records = &sample->kind[kind];
	struct mvmp_record *record;

	if (records->count >= MVMP_RECORDS_MAX)
		return NULL;
	if (records->count == records->capacity &&
		records_reserve(records, grown(records->capacity))) {
		sample->starved = true;
		return NULL;
	}
	record = &records->at[records->count++];
	memset(record, 0, sizeof *record);
	return record;
}

bool mvmp_key_equal(const struct mvmp_key *a, const struct mvmp_key *b)
{
	return a->index == b->index && !memcmp(a->domain, b->domain, sizeof a->domain);
}

const struct mvmp_record *mvmp_sample_find(
	const struct mvmp_sample *sample, enum mvmp_entity kind, const struct mvmp_key *key)
{
	const struct mvmp_records *records = &sample->kind[kind];

	for (uint32_t i = 0; i < records->count; i++) {
		if (mvmp_key_equal(&records->at[i].key, key))
			return &records->at[i];
	}
	return NULL;
}

int mvmp_sample_copy(struct mvmp_sample *to, const struct mvmp_sample *from)
{
	struct mvmp_records kept[MVMP_ENTITY_COUNT];

	mvmp_sample_reset(to);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		if (records_reserve(&to->kind[kind], from->kind[kind].count))
			return -ENOMEM;
	}
	memcpy(kept, to->kind, sizeof kept);
	*to = *from;
	memcpy(to->kind, kept, sizeof kept);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		const struct mvmp_records *source = &from->kind[kind];

		to->kind[kind].count = source->count;
		if (source->count)
			memcpy(to->kind[kind].at, source->at, source->count * sizeof *source->at);
	}
	return 0;
}

/* Longest length of at most `max` bytes that does not end inside a UTF-8 character. */
static size_t utf8_cut(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

void mvmp_set_text(struct mvmp_record *r, unsigned text, const char *from)
{
	size_t len = utf8_cut(from, MVMP_TEXT_LEN - 1);

	memcpy(r->text[text], from, len);
	memset(r->text[text] + len, 0, MVMP_TEXT_LEN - len);
}
