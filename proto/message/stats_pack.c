/* SPDX-License-Identifier: Apache-2.0 */
#include "stats_plan.h"
#include <errno.h>

/* Opens a submessage (or packed list) whose length is not known yet. */
static size_t open_field(struct mvmp_writer *w, unsigned field)
{
	put_tag(w, field, WIRE_BYTES);
	w->used += w->bad ? 0 : stats_length_room(w->size);
	if (w->used > w->size) {
		w->used = w->size;
		w->bad = true;
	}
	return w->used;
}

/* Writes the length of what follows `begin` and closes the gap before it. */
static void close_field(struct mvmp_writer *w, size_t begin)
{
	size_t len = w->used - begin, room = stats_length_room(w->size);
	size_t start = begin - room, gap = room - varint_size(len);

	if (w->bad)
		return;
	if (gap)
		memmove(w->buf + begin - gap, w->buf + begin, len);
	w->used = start;
	mvmp_put_varint(w, len);
	w->used += len;
}

static void put_domains(
	struct mvmp_writer *w, const struct stats_group *group, const struct mvmp_stats_plan *plan)
{
	const struct mvmp_record *end = group->at + group->count;
	size_t begin = open_field(w, GROUP_DOMAINS);
	const struct mvmp_record *r, *last = NULL;

	for (r = group->at; r < end; last = r++) {
		if (!last || memcmp(r->key.domain, last->key.domain, MVMP_ID_LEN) != 0)
			mvmp_put_bytes(w, r->key.domain, MVMP_ID_LEN);
	}
	close_field(w, begin);
	if (!(plan->keys & KEYS_RUNS))
		return;
	begin = open_field(w, GROUP_RUNS);
	for (r = last = group->at; r < end; r++) {
		if (!memcmp(r->key.domain, last->key.domain, MVMP_ID_LEN))
			continue;
		put_varint(w, (uint64_t)(r - last));
		last = r;
	}
	put_varint(w, (uint64_t)(end - last));
	close_field(w, begin);
}

static void put_key_part(
	struct mvmp_writer *w, const struct stats_group *group, bool differs, enum key_part part)
{
	uint32_t count = differs ? group->count : 1;
	size_t begin;

	if (!differs && !stats_key_part(group->at, part))
		return;
	begin = open_field(w, GROUP_INDEX + part);
	for (uint32_t i = 0; i < count; i++)
		put_varint(w, stats_key_part(&group->at[i], part));
	close_field(w, begin);
}

/* Bit n of the map: record n has `bit` in its `words` member (at `offset`). */
static void put_bitmap(struct mvmp_writer *w, unsigned field, const struct stats_group *group,
	unsigned metric, size_t offset)
{
	uint8_t byte = 0;

	put_length(w, field, (group->count + 7) / 8);
	for (uint32_t i = 0; i < group->count; i++) {
		uint64_t word;

		memcpy(&word, (const char *)&group->at[i] + offset, sizeof word);
		byte |= (uint8_t)((word >> metric & 1) << i % 8);
		if (i % 8 == 7 || i == group->count - 1) {
			mvmp_put_u8(w, byte);
			byte = 0;
		}
	}
}

/* How many records of the group have the metric. */
static uint32_t count_present(
	const struct stats_group *group, const struct mvmp_stats_plan *plan, unsigned metric)
{
	uint32_t n = 0;

	if (plan->all >> metric & 1)
		return group->count;
	for (uint32_t i = 0; i < group->count; i++)
		n += mvmp_has(&group->at[i], metric);
	return n;
}

/* The inner loop of packing: the writer as a copy of its own. */
static void put_each(struct mvmp_writer *to, const struct stats_group *group,
	const struct mvmp_stats_plan *plan, unsigned metric)
{
	const struct mvmp_record *r = group->at, *end = r + group->count;
	unsigned shift = plan->shift[metric];
	bool is_signed = plan->is_signed >> metric & 1;
	struct mvmp_writer w = *to;

	for (; r < end; r++) {
		uint64_t v = r->value[metric];

		if (mvmp_has(r, metric))
			put_varint(&w, is_signed ? mvmp_zigzag((int64_t)v) : v >> shift);
	}
	*to = w;
}

static void put_values(struct mvmp_writer *w, const struct stats_group *group,
	const struct mvmp_stats_plan *plan, unsigned metric)
{
	size_t begin = open_field(w, COLUMN_VALUE);

	if (plan->same >> metric & 1)
		put_varint(w, stats_encoded(plan, metric, group->at->value[metric]));
	else
		put_each(w, group, plan, metric);
	close_field(w, begin);
	if (plan->is_signed >> metric & 1)
		put_number(w, COLUMN_IS_SIGNED, 1);
	else if (plan->shift[metric])
		put_number(w, COLUMN_SHIFT, plan->shift[metric]);
}

static void put_column(struct mvmp_writer *w, const struct stats_group *group,
	const struct mvmp_stats_plan *plan, unsigned metric)
{
	uint32_t present = count_present(group, plan, metric);
	size_t begin;

	if (!present && !(plan->any_unsupported >> metric & 1))
		return;
	begin = open_field(w, GROUP_COLUMN);
	put_number(w, COLUMN_METRIC, metric);
	if (present)
		put_values(w, group, plan, metric);
	if (present && present < group->count)
		put_bitmap(w, COLUMN_PRESENT, group, metric, offsetof(struct mvmp_record, present));
	if (plan->all_unsupported >> metric & 1)
		put_field(w, COLUMN_UNSUPPORTED, "\xff", 1);
	else if (plan->any_unsupported >> metric & 1)
		put_bitmap(w, COLUMN_UNSUPPORTED, group, metric,
			offsetof(struct mvmp_record, unsupported));
	close_field(w, begin);
}

static void put_text(struct mvmp_writer *w, const struct stats_group *group,
	const struct mvmp_stats_plan *plan, unsigned text)
{
	bool same = plan->same >> (MVMP_METRICS_MAX + text) & 1;
	uint32_t count = same ? 1 : group->count;
	size_t begin = open_field(w, GROUP_TEXT);

	put_number(w, TEXT_TEXT, text);
	for (uint32_t i = 0; i < count; i++) {
		const char *value = group->at[i].text[text];

		put_field(w, TEXT_VALUE, value, strnlen(value, MVMP_TEXT_LEN - 1));
	}
	close_field(w, begin);
}

static void put_group(
	struct mvmp_writer *w, const struct stats_group *group, const struct mvmp_stats_plan *plan)
{
	size_t begin = open_field(w, FRAME_GROUP);

	put_number(w, GROUP_KIND, group->kind);
	put_number(w, GROUP_COUNT, group->count);
	if (kind_has_domain(group->kind))
		put_domains(w, group, plan);
	for (unsigned part = 0; part < KEY_PARTS; part++)
		put_key_part(w, group, plan->keys >> part & 1, part);
	for (uint64_t left = group->columns; left; left &= left - 1) {
		unsigned column = (unsigned)__builtin_ctzll(left);

		if (column < MVMP_METRICS_MAX)
			put_column(w, group, plan, column);
		else
			put_text(w, group, plan, column - MVMP_METRICS_MAX);
	}
	close_field(w, begin);
}

/* Everything but the groups; returns where the flags stand. */
static size_t put_head(struct mvmp_writer *w, const struct mvmp_stats_cursor *cursor,
	const struct mvmp_stats_head *head)
{
	const struct mvmp_sample *sample = cursor->sample;
	size_t flags;

	put_number(w, FRAME_SUBSCRIPTION, head->subscription);
	put_number(w, FRAME_SEQUENCE, head->sequence);
	put_number(w, FRAME_INTERVAL_MS, head->interval_ms);
	put_number(w, FRAME_FLAGS, 0);
	flags = w->used - 1;
	put_number(w, FRAME_SAMPLE, sample->number);
	put_number(w, FRAME_WALL_NS, sample->wall_ns);
	put_number(w, FRAME_MONO_NS, sample->mono_ns);
	put_field(w, FRAME_INSTANCE, sample->instance, MVMP_ID_LEN);
	put_field(w, FRAME_HOST_BOOT, sample->host_boot, MVMP_ID_LEN);
	put_number(w, FRAME_KINDS, sample->kinds & cursor->kinds);
	return flags;
}

/* Moves on to the next record that is wanted; false when there is none. */
static bool seek(struct mvmp_stats_cursor *cursor)
{
	for (; cursor->kind < MVMP_ENTITY_COUNT; cursor->kind++) {
		const struct mvmp_records *records = &cursor->sample->kind[cursor->kind];

		if (cursor->kinds >> cursor->kind & 1 && cursor->next < records->count) {
			if (!cursor->plan.made)
				stats_plan_make(
					&cursor->plan, cursor->kind, records, cursor->texts);
			return true;
		}
		cursor->next = 0;
		cursor->plan.made = false;
	}
	return false;
}

/* Takes as many columns of one record as fit; false when not one does. */
static bool cut_record(struct stats_group *group, const struct mvmp_stats_plan *plan, size_t room)
{
	uint64_t all = group->columns, taken = 0;

	for (uint64_t left = all; left; left &= left - 1) {
		group->columns = taken | (left & -left);
		stats_group_fit(group, plan, 1, room);
		if (!group->count)
			break;
		taken = group->columns;
	}
	group->columns = taken;
	group->count = taken ? 1 : 0;
	return taken;
}

/* Puts the next records into the frame; false when they need another one. */
static bool put_next(struct mvmp_writer *w, struct mvmp_stats_cursor *cursor, bool empty)
{
	const struct mvmp_stats_plan *plan = &cursor->plan;
	const struct mvmp_records *records = &cursor->sample->kind[cursor->kind];
	uint64_t columns = cursor->rest ? cursor->rest : plan->any | plan->any_unsupported;
	struct stats_group group = {.kind = cursor->kind,
		.at = &records->at[cursor->next],
		.columns = columns,
		.length = stats_length_room(w->size)};

	stats_group_fit(
		&group, plan, cursor->rest ? 1 : records->count - cursor->next, w->size - w->used);
	if (!group.count && (!empty || !cut_record(&group, plan, w->size - w->used)))
		return false;
	put_group(w, &group, plan);
	cursor->rest = columns & ~group.columns;
	if (!cursor->rest)
		cursor->next += group.count;
	return !cursor->rest;
}

int mvmp_stats_pack(
	struct mvmp_stats_cursor *cursor, struct mvmp_stats_head *head, uint8_t *out, size_t room)
{
	struct mvmp_writer w = mvmp_writer(out, room);
	size_t flags, begin;
	bool more;

	if (cursor->done)
		return 0;
	flags = put_head(&w, cursor, head);
	begin = w.used;
	while ((more = seek(cursor)) && put_next(&w, cursor, w.used == begin))
		;
	if (w.bad || (more && w.used == begin))
		return -EMSGSIZE;
	cursor->done = head->last = !more;
	out[flags] =
		(uint8_t)((head->last ? FRAME_LAST : 0) | (head->backfill ? FRAME_BACKFILL : 0) |
			  (cursor->sample->simulated ? FRAME_SIMULATED : 0));
	return (int)w.used;
}
