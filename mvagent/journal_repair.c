/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A segment that is damaged in its midst (a bad sector, a careless editor) has lost records:
 * operations whose ids are not known any more may have been done. None of them may run again, so
 * whatever is not known and not younger than this moment is expired.
 */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The youngest time a lost id can have: callers' clocks may go before ours, as far as is seen. */
static uint64_t reach(const struct mva_journal *j)
{
	uint64_t ms = j->now_ms;

	for (uint32_t i = 0; i < j->table.slots; i++) {
		const struct journal_entry *e = &j->table.slot[i];

		if (!e->state)
			continue;
		ms = later(ms, e->wall_ns / MVMP_NS_PER_MS);
		if (journal_plausible(e))
			ms = later(ms, journal_operation_ms(e->operation));
	}
	return ms;
}

/* The right records, and behind them the floor that covers the rest. */
static size_t copy_right(
	const struct mva_journal *j, uint8_t *to, size_t size, const uint8_t *bytes, size_t len)
{
	struct mvmp_writer w = mvmp_writer(to, size);
	struct journal_record record;

	for (size_t at = 0; at < len;) {
		size_t step = journal_get(&record, bytes + at, len - at);

		if (step)
			mvmp_put_bytes(&w, bytes + at, step);
		at += step ? step : 1;
	}
	journal_put_floor(&w, UINT64_MAX, j->floor_all);
	return w.used;
}

static int write_file(struct mva_disk *disk, const char *name, const uint8_t *bytes, size_t len)
{
	int rc = disk->ops->remove(disk, name);

	if (!rc)
		rc = disk->ops->append(disk, name, bytes, len);
	return rc ? rc : disk->ops->sync(disk, name);
}

/* Until the rename the damaged segment is what it was: a repair that is cut off begins anew. */
static int replace(struct mva_disk *disk, const char *name, const uint8_t *bytes, size_t len,
	const uint8_t *right, size_t right_len)
{
	char kept[MVA_FILE_NAME_MAX + 8], made[MVA_FILE_NAME_MAX + 8];
	int rc;

	snprintf(kept, sizeof kept, "%s.damaged", name);
	snprintf(made, sizeof made, "%s.new", name);
	rc = write_file(disk, kept, bytes, len);
	if (!rc)
		rc = write_file(disk, made, right, right_len);
	if (!rc)
		rc = disk->ops->rename(disk, made, name);
	return rc ? rc : disk->ops->sync_names(disk);
}

static void tell(struct mva_journal *j, const char *name, size_t lost, int rc)
{
	if (j->damage[0])
		return; /* one sentence is enough; the counter has them all */
	if (rc)
		snprintf(j->damage, sizeof j->damage,
			"%s is damaged (%zu bytes) and cannot be mended: %s; unknown operations "
			"asked for before now are refused as expired",
			name, lost, strerror(-rc));
	else
		snprintf(j->damage, sizeof j->damage,
			"%s was damaged (%zu bytes), it is kept as %s.damaged; unknown operations "
			"asked for before now are refused as expired",
			name, lost, name);
}

static int repair_bytes(struct mva_journal *j, uint32_t segment, const uint8_t *bytes, size_t len,
	uint8_t *right, size_t size, bool last)
{
	size_t right_len = copy_right(j, right, size, bytes, len);
	struct journal_scan scan;
	char name[MVA_FILE_NAME_MAX];
	int rc =
		replace(j->disk, journal_segment_name(name, segment), bytes, len, right, right_len);

	journal_replay_bytes(j, segment, bytes, len, &scan);
	tell(j, name, scan.lost, rc);
	if (!rc) /* their places are others now */
		journal_replay_bytes(j, segment, right, right_len, &scan);
	if (last) {
		j->good = scan.good;
		j->tail_bad = false;
		j->begin_segment = rc != 0;
	}
	return 0;
}

int journal_repair(
	struct mva_journal *j, uint32_t segment, size_t size, bool last, struct mvmp_error *err)
{
	size_t len, room = size + 64;
	uint8_t *bytes = journal_read_segment(j, segment, size, &len, err);
	uint8_t *right = bytes ? malloc(room) : NULL;
	int rc = bytes ? -MVMP_NO_MEMORY : -MVMP_IO;

	journal_raise_floor(j, UINT64_MAX, reach(j));
	if (right)
		rc = repair_bytes(j, segment, bytes, len, right, room, last);
	else if (bytes)
		mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for the journal");
	free(right);
	free(bytes);
	return rc;
}
