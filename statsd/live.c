/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"
#include <errno.h>
#include <string.h>

enum { FIRST_MAX = 256 }; /* a first sample has no more frames */

void mvs_live_init(struct mvs_live *live)
{
	memset(live, 0, sizeof *live);
	live->now = &live->snapshot[0];
	live->before = &live->snapshot[1];
	live->next = &live->snapshot[2];
	live->interval_ms = MVMP_STATS_INTERVAL_MAX_MS;
}

void mvs_live_free(struct mvs_live *live)
{
	for (unsigned i = 0; i < 3; i++)
		mvs_snapshot_free(&live->snapshot[i]);
}

void mvs_live_restart(struct mvs_live *live)
{
	live->sample_numbers.counting = live->ring_numbers.counting = false;
}

bool mvs_live_has(const struct mvs_live *live)
{
	return live->now->arrival_ns != 0;
}

bool mvs_live_has_two(const struct mvs_live *live)
{
	return live->before->arrival_ns != 0;
}

/* A subscription's frames are numbered from 1; one that we find under way is taken as it is. */
static void begin_counting(struct mvs_numbers *numbers, uint64_t sequence)
{
	if (numbers->counting)
		return;
	numbers->highest = sequence > FIRST_MAX ? sequence - 1 : 0;
	numbers->counting = true;
}

/* Sequence numbers that were passed over are lost until they come late. */
static void count_frame(struct mvs_live *live, struct mvs_numbers *numbers, uint64_t sequence)
{
	live->received++;
	if (sequence > numbers->highest) {
		live->lost += sequence - numbers->highest - 1;
		numbers->highest = sequence;
	} else if (live->lost) {
		live->lost--;
	}
}

void mvs_live_ring_frame(struct mvs_live *live, uint64_t sequence)
{
	if (!sequence)
		return; /* nor did the node count it */
	begin_counting(&live->ring_numbers, sequence);
	count_frame(live, &live->ring_numbers, sequence);
}

static bool is_same_sample(const struct mvs_live *live, const struct mvmp_sample *fields)
{
	return fields->number == live->number &&
	       memcmp(fields->instance, live->instance, MVMP_ID_LEN) == 0;
}

static void begin(
	struct mvs_live *live, const struct mvmp_sample *fields, uint64_t sequence, uint64_t now_ns)
{
	mvs_snapshot_reset(live->next);
	memcpy(live->instance, fields->instance, MVMP_ID_LEN);
	live->number = fields->number;
	live->next->arrival_ns = now_ns;
	live->building = true;
	live->first_sequence = live->last_sequence = sequence;
	live->frames = 0;
	live->seen_last = false;
}

bool mvs_live_has_room(const struct mvmp_sample *sample)
{
	uint32_t records = 0;

	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		records += sample->kind[kind].count;
	return records <= MVS_RECORDS_PER_NODE;
}

/* Too many records of a node cost that node its surplus, in the order of kinds. */
static uint32_t keep_limit(struct mvs_live *live)
{
	uint32_t left = MVS_RECORDS_PER_NODE;

	live->over_limit = false;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		struct mvmp_records *records = &live->next->sample.kind[kind];

		if (records->count > left) {
			records->count = left;
			live->over_limit = true;
		}
		left -= records->count;
	}
	return left;
}

/* Frames of answers are not numbered: they come all or not at all. */
static bool is_whole(const struct mvs_live *live)
{
	return live->seen_last &&
	       (!live->numbered || live->frames == live->last_sequence - live->first_sequence + 1);
}

static void finish(struct mvs_live *live, void (*finished)(void *, struct mvs_live *), void *ctx)
{
	uint64_t carry_ns = (uint64_t)live->interval_ms * MVS_CARRY_INTERVALS * MVMP_NS_PER_MS;
	struct mvs_snapshot *done = live->next;
	uint32_t left = keep_limit(live);

	live->building = false;
	done->complete = is_whole(live);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		done->fresh[kind] = done->sample.kind[kind].count;
	if (mvs_snapshot_index(done))
		return;
	if (mvs_live_has(live)) {
		mvs_snapshot_carry(done, live->now, carry_ns, left);
		mvs_snapshot_index(done);
	}
	live->next = live->before;
	live->before = live->now;
	live->now = done;
	finished(ctx, live);
}

static void note_sequence(struct mvs_live *live, const struct mvmp_stats_head *head)
{
	live->frames++;
	live->seen_last |= head->last;
	if (head->sequence < live->first_sequence)
		live->first_sequence = head->sequence;
	if (head->sequence > live->last_sequence)
		live->last_sequence = head->sequence;
}

/* Whether the frame belongs to a sample older than what we have. A node's new instance counts
 * samples from the beginning. */
static bool is_old(const struct mvs_live *live, const struct mvmp_sample *fields)
{
	const struct mvmp_sample *now = &live->now->sample;

	return mvs_live_has(live) && memcmp(now->instance, fields->instance, MVMP_ID_LEN) == 0 &&
	       fields->number <= now->number;
}

/* A newer sample under a number that was passed already: the node forgot the subscription and
 * was asked for it again. */
static bool is_renumbered(
	const struct mvs_live *live, const struct mvmp_sample *fields, uint64_t sequence)
{
	return live->sample_numbers.counting && sequence <= live->sample_numbers.highest &&
	       memcmp(fields->instance, live->instance, MVMP_ID_LEN) == 0 &&
	       fields->number > live->number;
}

/* Counts a frame; the number that was expected. */
static uint64_t number_frame(
	struct mvs_live *live, const struct mvmp_sample *fields, uint64_t sequence)
{
	struct mvs_numbers *numbers = &live->sample_numbers;
	uint64_t expected;

	if (is_renumbered(live, fields, sequence))
		numbers->counting = false;
	begin_counting(numbers, sequence);
	expected = numbers->highest + 1;
	count_frame(live, numbers, sequence);
	return expected;
}

int mvs_live_frame(struct mvs_live *live, const uint8_t *bytes, size_t len, bool numbered,
	uint64_t now_ns, void (*finished)(void *ctx, struct mvs_live *live), void *ctx)
{
	struct mvmp_sample fields = {0};
	struct mvmp_stats_head head;
	uint64_t expected = 0;
	int rc = mvmp_stats_peek(bytes, len, &head, &fields), done = 0;

	if (rc)
		return rc;
	if (numbered)
		expected = number_frame(live, &fields, head.sequence);
	if (is_old(live, &fields))
		return 0;
	if (live->building && !is_same_sample(live, &fields)) {
		finish(live, finished, ctx);
		done++;
	}
	if (!live->building) {
		begin(live, &fields, head.sequence, now_ns);
		live->numbered = numbered;
		/* Frames lost before the first that came belong to this sample, perhaps. */
		if (numbered && expected < head.sequence)
			live->first_sequence = expected;
	}
	if (!mvs_live_has_room(&live->next->sample))
		return done;
	rc = mvmp_stats_unpack(bytes, len, &head, &live->next->sample);
	if (rc)
		return rc;
	note_sequence(live, &head);
	if (is_whole(live)) {
		finish(live, finished, ctx);
		done++;
	}
	return done;
}

uint64_t mvs_live_deadline(const struct mvs_live *live)
{
	if (!live->building)
		return UINT64_MAX;
	return live->next->arrival_ns + MVS_SAMPLE_WAIT_MS * MVMP_NS_PER_MS;
}

void mvs_live_advance(struct mvs_live *live, uint64_t now_ns,
	void (*finished)(void *ctx, struct mvs_live *live), void *ctx)
{
	if (live->building && now_ns >= mvs_live_deadline(live))
		finish(live, finished, ctx);
}
