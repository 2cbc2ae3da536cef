/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_READ_MAX = 1024 };

struct found {
	uint32_t segment[SEGMENTS_READ_MAX];
	uint64_t size[SEGMENTS_READ_MAX];
	unsigned count;
};

static void note_segment(void *ctx, const char *name, uint64_t size)
{
	struct found *found = ctx;
	char expected[MVA_FILE_NAME_MAX];
	unsigned number;

	if (found->count == SEGMENTS_READ_MAX || sscanf(name, "journal.%8u", &number) != 1)
		return;
	if (!number || strcmp(name, journal_segment_name(expected, number)) != 0)
		return;
	found->segment[found->count] = number;
	found->size[found->count++] = size;
}

static void sort(struct found *found)
{
	for (unsigned i = 1; i < found->count; i++) {
		for (unsigned k = i; k && found->segment[k] < found->segment[k - 1]; k--) {
			uint32_t segment = found->segment[k];
			uint64_t size = found->size[k];

			found->segment[k] = found->segment[k - 1];
			found->size[k] = found->size[k - 1];
			found->segment[k - 1] = segment;
			found->size[k - 1] = size;
		}
	}
}

static int take_intent(
	struct mva_journal *j, const struct journal_record *r, const struct journal_place *place)
{
	struct journal_entry *e = journal_table_find(&j->table, r->serial, r->operation);

	if (!e)
		e = journal_table_add(&j->table, r->serial, r->operation);
	if (!e)
		return -ENOMEM;
	memcpy(e->digest, r->intent.digest, MVMP_ID_LEN);
	e->wall_ns = r->intent.wall_ns;
	e->intent = *place;
	e->state = MVA_JOURNAL_INTERRUPTED + 1; /* until its result is read */
	return 0;
}

static int take(
	struct mva_journal *j, const struct journal_record *r, const struct journal_place *place)
{
	struct journal_entry *e;

	if (r->type == JOURNAL_FLOOR)
		journal_raise_floor(j, r->serial, r->floor_ms);
	if (r->type == JOURNAL_INTENT)
		return take_intent(j, r, place);
	if (r->type != JOURNAL_RESULT)
		return 0;
	e = journal_table_find(&j->table, r->serial, r->operation);
	if (e) {
		e->result = *place;
		e->state = MVA_JOURNAL_DONE + 1;
	}
	return 0;
}

/* Takes the records of a segment; *good is where the right ones end. */
static int replay_bytes(
	struct mva_journal *j, uint32_t segment, const uint8_t *bytes, size_t len, size_t *good)
{
	struct journal_record record;
	size_t step;
	int rc = 0;

	*good = 0;
	while (!rc && (step = journal_get(&record, bytes + *good, len - *good))) {
		rc = take(j, &record, &(struct journal_place){segment, (uint32_t)*good});
		*good += step;
	}
	j->counters.damaged += len - *good;
	return rc;
}

static int replay_segment(
	struct mva_journal *j, uint32_t segment, size_t size, struct mvmp_error *err)
{
	char name[MVA_FILE_NAME_MAX];
	uint8_t *bytes = malloc(size + 1);
	ssize_t got;
	int rc;

	if (!bytes)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal");
	got = j->disk->ops->read(j->disk, journal_segment_name(name, segment), 0, bytes, size);
	if (got < 0) {
		free(bytes);
		return mvmp_fail(err, MVMP_IO, "cannot read %s: %s", name, strerror((int)-got));
	}
	rc = replay_bytes(j, segment, bytes, (size_t)got, &j->good);
	j->tail_bad = j->good < (size_t)got;
	free(bytes);
	return rc ? mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal") : 0;
}

int journal_replay(struct mva_journal *j, struct mvmp_error *err)
{
	struct found *found = calloc(1, sizeof *found);
	int rc = found ? j->disk->ops->list(j->disk, note_segment, found) : -ENOMEM;

	if (rc) {
		free(found);
		return mvmp_fail(
			err, MVMP_IO, "cannot list the state directory: %s", strerror(-rc));
	}
	sort(found);
	for (unsigned i = 0; i < found->count && !rc; i++)
		rc = replay_segment(j, found->segment[i], (size_t)found->size[i], err);
	if (found->count) {
		j->first = found->segment[0];
		j->last = found->segment[found->count - 1];
	}
	free(found);
	return rc;
}
