/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* That may be added by one save before the oldest are forgotten. */
enum { OPERATIONS_MORE = 256 };

static const struct mva_journal_limits defaults = {
	.segment_bytes = 1 << 20, .segments = 16, .operations = 32000};

char *journal_segment_name(char to[static MVA_FILE_NAME_MAX], uint32_t segment)
{
	snprintf(to, MVA_FILE_NAME_MAX, "journal.%08u", segment);
	return to;
}

uint64_t journal_operation_ms(const uint8_t operation[static MVMP_ID_LEN])
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < 6; i++)
		ms = ms << 8 | operation[i];
	return ms;
}

uint64_t journal_floor_of(const struct mva_journal *j, uint64_t serial)
{
	for (unsigned i = 0; i < j->floors; i++) {
		if (j->floor[i].serial == serial)
			return j->floor[i].ms > j->floor_all ? j->floor[i].ms : j->floor_all;
	}
	return j->floor_all;
}

void journal_raise_floor(struct mva_journal *j, uint64_t serial, uint64_t ms)
{
	unsigned i = 0;

	while (i < j->floors && j->floor[i].serial != serial)
		i++;
	if (serial == UINT64_MAX || i == JOURNAL_FLOORS_MAX) {
		j->floor_all = ms > j->floor_all ? ms : j->floor_all;
		return;
	}
	if (i == j->floors)
		j->floor[j->floors++] = (struct journal_floor){.serial = serial};
	if (ms > j->floor[i].ms)
		j->floor[i].ms = ms;
}

int mva_journal_open(struct mva_disk *disk, const struct mva_journal_limits *limits,
	uint64_t wall_ns, struct mva_journal **ret, struct mvmp_error *err)
{
	struct mva_journal *j = calloc(1, sizeof *j);
	int rc;

	if (!j)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	j->disk = disk;
	j->now_ms = wall_ns / MVMP_NS_PER_MS;
	j->limits = limits ? *limits : defaults;
	if (!j->limits.segment_bytes)
		j->limits.segment_bytes = defaults.segment_bytes;
	if (!j->limits.segments)
		j->limits.segments = defaults.segments;
	if (!j->limits.operations)
		j->limits.operations = defaults.operations;
	j->first = 1;
	rc = journal_table_init(&j->table, j->limits.operations + OPERATIONS_MORE)
		     ? mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal")
		     : journal_replay(j, err);
	if (rc) {
		mva_journal_close(j);
		return rc;
	}
	j->begin_segment |= j->last < j->first;
	*ret = j;
	return 0;
}

void mva_journal_close(struct mva_journal *j)
{
	if (!j)
		return;
	free(j->table.slot);
	free(j->pending.bytes);
	free(j->in_flight.bytes);
	free(j->scratch);
	free(j);
}

enum mva_journal_state mva_journal_find(const struct mva_journal *j, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], const uint8_t *digest)
{
	const struct journal_entry *e = journal_table_find(&j->table, serial, operation);
	uint64_t floor = journal_floor_of(j, serial);

	if (!e)
		return floor && journal_operation_ms(operation) <= floor ? MVA_JOURNAL_EXPIRED
									 : MVA_JOURNAL_NEW;
	if (digest && memcmp(digest, e->digest, MVMP_ID_LEN) != 0)
		return MVA_JOURNAL_CONFLICT;
	return e->state - 1;
}

static int make_room(struct journal_pending *pending, size_t wanted)
{
	size_t size = pending->size ? pending->size : 4096;
	uint8_t *bytes;

	while (size < wanted)
		size *= 2;
	if (size == pending->size)
		return 0;
	bytes = realloc(pending->bytes, size);
	if (!bytes)
		return -ENOMEM;
	pending->bytes = bytes;
	pending->size = size;
	return 0;
}

/* Room for another record; and, while a save is under way, for it behind what is being saved: a
 * save that fails puts both together. */
static int reserve(struct mva_journal *j, size_t len)
{
	size_t wanted = j->pending.used + len;

	if (make_room(&j->pending, wanted))
		return -ENOMEM;
	return j->saving ? make_room(&j->in_flight, j->in_flight.used + wanted) : 0;
}

int mva_journal_begin(struct mva_journal *j, const struct mva_intent *intent)
{
	struct journal_entry *e;
	struct mvmp_writer w;

	if (reserve(j, JOURNAL_HEAD + 256))
		return -ENOMEM;
	e = journal_table_add(&j->table, intent->serial, intent->operation);
	if (!e)
		return -ENOMEM;
	memcpy(e->digest, intent->digest, MVMP_ID_LEN);
	e->wall_ns = intent->wall_ns;
	e->state = MVA_JOURNAL_RUNNING + 1;
	w = mvmp_writer(j->pending.bytes + j->pending.used, j->pending.size - j->pending.used);
	journal_put_intent(&w, intent);
	j->pending.used += w.used;
	return 0;
}

int mva_journal_end(struct mva_journal *j, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], const struct mva_result *result)
{
	struct journal_entry *e = journal_table_find(&j->table, serial, operation);
	size_t len = JOURNAL_HEAD + 1024 + result->body_len;
	struct mvmp_writer w;

	if (!e)
		return -ENOENT;
	e->state = MVA_JOURNAL_DONE + 1;
	if (reserve(j, len))
		return -ENOMEM;
	w = mvmp_writer(j->pending.bytes + j->pending.used, j->pending.size - j->pending.used);
	journal_put_result(&w, serial, operation, result);
	j->pending.used += w.used;
	return 0;
}

void mva_journal_abandon(
	struct mva_journal *j, uint64_t serial, const uint8_t operation[static MVMP_ID_LEN])
{
	journal_table_remove(&j->table, serial, operation);
}

/* Reads the record at a place into scratch memory. */
static int read_record(
	struct mva_journal *j, const struct journal_place *place, struct journal_record *record)
{
	char name[MVA_FILE_NAME_MAX];
	ssize_t got;

	if (!place->segment)
		return -EAGAIN;
	if (!j->scratch)
		j->scratch = malloc(JOURNAL_RECORD_MAX);
	if (!j->scratch)
		return -ENOMEM;
	got = j->disk->ops->read(j->disk, journal_segment_name(name, place->segment), place->offset,
		j->scratch, JOURNAL_RECORD_MAX);
	if (got < 0)
		return (int)got;
	return journal_get(record, j->scratch, (size_t)got) ? 0 : -EIO;
}

static const char *text_of(char to[static 256], const uint8_t *text, size_t len)
{
	memcpy(to, text, len);
	to[len] = '\0';
	return to;
}

int mva_journal_result(struct mva_journal *j, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], struct mva_intent *intent,
	struct mva_result *result)
{
	static const struct mva_result none = {.status = MVMP_INTERRUPTED};
	struct journal_entry *e = journal_table_find(&j->table, serial, operation);
	struct journal_record record;
	int rc = e ? read_record(j, &e->intent, &record) : -ENOENT;

	if (rc)
		return rc;
	*intent = record.intent;
	*result = none;
	if (e->state != MVA_JOURNAL_DONE + 1)
		return 0;
	rc = read_record(j, &e->result, &record);
	if (rc)
		return rc;
	*result = (struct mva_result){.status = record.status,
		.text = text_of(j->text, record.text, record.text_len),
		.hint = text_of(j->hint, record.hint, record.hint_len),
		.body = record.body,
		.body_len = record.body_len};
	return 0;
}

const char *mva_journal_damage(const struct mva_journal *j)
{
	return j->damage[0] ? j->damage : NULL;
}

bool mva_journal_dirty(const struct mva_journal *j)
{
	return j->pending.used > 0;
}
