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
	const char *dot = strrchr(name, '.');
	uint32_t number = dot ? (uint32_t)strtoul(dot + 1, NULL, 10) : 0;

	if (found->count == SEGMENTS_READ_MAX)
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

/* The next record from `at` on, or `len`. */
static size_t resynchronise(const uint8_t *bytes, size_t at, size_t len)
{
	struct journal_record record;

	while (at < len && !journal_get(&record, bytes + at, len - at))
		at++;
	return at;
}

/* What a power cut leaves at the end of the last segment: a record that goes on behind the end
 * of the file, or zeros. Anything else has been written whole and is no longer what it was. */
static bool is_torn(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader head = mvmp_reader(bytes, len);
	uint32_t payload_len = mvmp_get_u32(&head);
	size_t zeros = 0;

	while (zeros < len && !bytes[zeros])
		zeros++;
	return zeros == len || len < JOURNAL_HEAD ||
	       (payload_len <= JOURNAL_RECORD_MAX && payload_len > len - JOURNAL_HEAD);
}

int journal_replay_bytes(struct mva_journal *j, uint32_t segment, const uint8_t *bytes, size_t len,
	struct journal_scan *scan)
{
	struct journal_record record;
	size_t at = 0;
	int rc = 0;

	*scan = (struct journal_scan){0};
	while (at < len && !rc) {
		size_t step = journal_get(&record, bytes + at, len - at);
		size_t next = step ? at + step : resynchronise(bytes, at + 1, len);

		if (step) {
			rc = take(j, &record, &(struct journal_place){segment, (uint32_t)at});
			scan->good = next;
		} else {
			scan->tail = next == len ? len - at : 0;
			scan->lost += next - at;
		}
		at = next;
	}
	scan->torn = scan->tail && is_torn(bytes + scan->good, scan->tail);
	return rc;
}

uint8_t *journal_read_segment(
	struct mva_journal *j, uint32_t segment, size_t size, size_t *len, struct mvmp_error *err)
{
	char name[MVA_FILE_NAME_MAX];
	uint8_t *bytes = malloc(size + 1);
	ssize_t got;

	if (!bytes) {
		mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal");
		return NULL;
	}
	got = j->disk->ops->read(j->disk, journal_segment_name(name, segment), 0, bytes, size);
	if (got < 0) {
		mvmp_fail(err, MVMP_IO, "cannot read %s: %s", name, strerror((int)-got));
		free(bytes);
		return NULL;
	}
	*len = (size_t)got;
	return bytes;
}

static int replay_segment(struct mva_journal *j, uint32_t segment, size_t size, bool last,
	bool *damaged, struct mvmp_error *err)
{
	struct journal_scan scan;
	size_t len;
	uint8_t *bytes = journal_read_segment(j, segment, size, &len, err);
	int rc;

	if (!bytes)
		return -MVMP_IO;
	rc = journal_replay_bytes(j, segment, bytes, len, &scan);
	free(bytes);
	j->good = scan.good;
	j->tail_bad = scan.good < len;
	*damaged = scan.lost > (last && scan.torn ? scan.tail : 0);
	return rc ? mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal") : 0;
}

static int replay_found(struct mva_journal *j, const struct found *found, struct mvmp_error *err)
{
	bool damaged[SEGMENTS_READ_MAX] = {false};
	int rc = 0;

	for (unsigned i = 0; i < found->count && !rc; i++)
		rc = replay_segment(j, found->segment[i], (size_t)found->size[i],
			i + 1 == found->count, &damaged[i], err);
	/* Only when all is read it is known how far the damage may reach. */
	for (unsigned i = 0; i < found->count && !rc; i++) {
		if (damaged[i])
			rc = journal_repair(j, found->segment[i], (size_t)found->size[i],
				i + 1 == found->count, err);
	}
	return rc;
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
	if (found->count) {
		j->first = found->segment[0];
		j->last = found->segment[found->count - 1];
	}
	rc = replay_found(j, found, err);
	free(found);
	return rc;
}
