/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

bool journal_plausible(const struct journal_entry *e)
{
	return journal_operation_ms(e->operation) <= e->wall_ns / MVMP_NS_PER_MS + DAY_MS;
}

static bool in_first(void *ctx, const struct journal_entry *e)
{
	struct mva_journal *j = ctx;

	if (e->intent.segment != j->first)
		return false;
	if (journal_plausible(e))
		journal_raise_floor(j, e->serial, journal_operation_ms(e->operation));
	return true;
}

/* Intents that still run keep their segment. */
static bool first_is_needed(const struct mva_journal *j)
{
	for (uint32_t i = 0; i < j->table.slots; i++) {
		const struct journal_entry *e = &j->table.slot[i];

		if (e->state == MVA_JOURNAL_RUNNING + 1 && e->intent.segment == j->first)
			return true;
	}
	return false;
}

static bool too_much(const struct mva_journal *j)
{
	return j->last - j->first + 1 >= j->limits.segments ||
	       j->table.used >= j->limits.operations;
}

/* The head of a new segment: floors, which then cover what is forgotten with the first one. */
static void begin_segment(struct mva_journal *j, struct mva_batch *batch)
{
	uint8_t *head = malloc((JOURNAL_FLOORS_MAX + 1) * 32);
	char name[MVA_FILE_NAME_MAX];
	struct mvmp_writer w;

	j->dropping = head && j->first < j->last && too_much(j) && !first_is_needed(j);
	if (j->dropping)
		journal_table_filter(&j->table, in_first, j);
	j->last++;
	j->good = 0;
	w = mvmp_writer(head, head ? (JOURNAL_FLOORS_MAX + 1) * 32 : 0);
	for (unsigned i = 0; i < j->floors && head; i++)
		journal_put_floor(&w, j->floor[i].serial, j->floor[i].ms);
	if (head)
		journal_put_floor(&w, UINT64_MAX, j->floor_all);
	journal_segment_name(name, j->last);
	mva_batch_add(batch, MVA_STEP_REMOVE, name); /* of a failed attempt */
	mva_batch_append(batch, name, head, w.used);
	j->header_bytes = w.used;
	free(head);
}

/* Tells entries where their records will lie. */
static void place_records(struct mva_journal *j)
{
	const uint8_t *bytes = j->in_flight.bytes;
	size_t at = 0, base = j->good + j->header_bytes, step;
	struct journal_record record;

	while ((step = journal_get(&record, bytes + at, j->in_flight.used - at))) {
		struct journal_entry *e =
			journal_table_find(&j->table, record.serial, record.operation);
		struct journal_place place = {j->last, (uint32_t)(base + at)};

		if (e && record.type == JOURNAL_INTENT)
			e->intent = place;
		if (e && record.type == JOURNAL_RESULT)
			e->result = place;
		at += step;
	}
}

void mva_journal_save(struct mva_journal *j, struct mva_batch *batch)
{
	struct journal_pending swap = j->in_flight;
	char name[MVA_FILE_NAME_MAX];

	if (j->saving || !j->pending.used)
		return;
	j->in_flight = j->pending;
	j->pending = swap;
	j->pending.used = 0;
	j->saving = true;
	j->header_bytes = 0;
	j->fresh = j->begin_segment;
	if (j->begin_segment)
		begin_segment(j, batch);
	journal_segment_name(name, j->last);
	if (j->tail_bad && !j->fresh)
		mva_batch_truncate(batch, name, j->good);
	mva_batch_append(batch, name, j->in_flight.bytes, j->in_flight.used);
	mva_batch_add(batch, MVA_STEP_SYNC, name);
	if (j->fresh)
		mva_batch_add(batch, MVA_STEP_SYNC_NAMES, "");
	if (j->dropping)
		mva_batch_add(batch, MVA_STEP_REMOVE, journal_segment_name(name, j->first));
	place_records(j);
}

/* What could not be saved: results wait for the next save, intents are gone. */
static void keep_results(struct mva_journal *j)
{
	struct journal_pending *from = &j->in_flight, *late = &j->pending;
	struct journal_pending merged;
	struct journal_record record;
	size_t at = 0, kept = 0, step;

	while ((step = journal_get(&record, from->bytes + at, from->used - at))) {
		struct journal_entry *e =
			journal_table_find(&j->table, record.serial, record.operation);

		if (record.type == JOURNAL_RESULT) {
			memmove(from->bytes + kept, from->bytes + at, step);
			kept += step;
			if (e)
				e->result = (struct journal_place){0};
		}
		at += step;
	}
	/* Older records go first; there is room, see reserve(). */
	if (late->used)
		memcpy(from->bytes + kept, late->bytes, late->used);
	from->used = kept + late->used;
	merged = *from;
	*from = *late;
	from->used = 0;
	*late = merged;
}

void mva_journal_saved(struct mva_journal *j, int rc)
{
	size_t saved = j->header_bytes + j->in_flight.used;

	if (!j->saving)
		return;
	j->saving = false;
	if (rc) {
		if (j->fresh)
			j->last--;
		j->tail_bad = true;
		j->dropping = false;
		keep_results(j);
		return;
	}
	j->tail_bad = false;
	j->good += saved;
	j->in_flight.used = 0;
	if (j->dropping)
		j->first++;
	j->dropping = false;
	j->begin_segment =
		j->good >= j->limits.segment_bytes || j->table.used >= j->limits.operations;
}
