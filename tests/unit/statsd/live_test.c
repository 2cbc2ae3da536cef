/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <errno.h>
#include <live.h>
#include <string.h>

/* Samples of 40 pCPUs in frames of 200 bytes, so that one takes several frames. */
enum { CPUS = 40, ROOM = 200, FRAMES_MAX = 64 };

struct frames {
	unsigned count;
	uint8_t bytes[FRAMES_MAX][ROOM];
	size_t len[FRAMES_MAX];
};

static uint64_t sequence;
static unsigned finished_samples, first_cpu;

static void count_finished(void *ctx, struct mvs_live *live)
{
	finished_samples++;
}

static void make_sample(struct mvmp_sample *sample, uint64_t number, unsigned cpus, bool texts)
{
	memset(sample, 0, sizeof *sample);
	sample->number = number;
	sample->mono_ns = number * MVMP_NS_PER_S;
	sample->kinds = 1u << MVMP_PCPU | 1u << MVMP_POOL;
	for (unsigned i = 0; i < cpus; i++) {
		struct mvmp_record *r = mvmp_sample_add(sample, MVMP_PCPU);

		r->key.index = first_cpu + i;
		mvmp_set(r, MVMP_P_BUSY, number * (1000000000003 + i * 7919));
		mvmp_set(r, MVMP_P_IDLE, number * (2000000000003 + i * 104729));
	}
	if (texts)
		mvmp_set_text(mvmp_sample_add(sample, MVMP_POOL), MVMP_LT_NAME, "default");
	else
		mvmp_sample_add(sample, MVMP_POOL);
}

static void make_frames(struct frames *frames, uint64_t number, unsigned cpus, bool texts)
{
	struct mvmp_stats_cursor cursor = {.kinds = UINT32_MAX, .texts = texts};
	struct mvmp_stats_head head = {.subscription = 1, .interval_ms = 1000};
	struct mvmp_sample sample;
	int len;

	make_sample(&sample, number, cpus, texts);
	cursor.sample = &sample;
	frames->count = 0;
	for (;;) {
		head.sequence = ++sequence;
		len = mvmp_stats_pack(&cursor, &head, frames->bytes[frames->count], ROOM);
		if (len <= 0)
			break;
		frames->len[frames->count++] = (size_t)len;
		assert_true(frames->count < FRAMES_MAX);
	}
	sequence--;
	assert_true(frames->count > 2);
	mvmp_sample_free(&sample);
}

static int give(struct mvs_live *live, const struct frames *frames, unsigned i, uint64_t now)
{
	return mvs_live_frame(
		live, frames->bytes[i], frames->len[i], true, now, count_finished, NULL);
}

static int setup(void **state)
{
	static struct mvs_live live;

	mvs_live_init(&live);
	sequence = 0;
	finished_samples = first_cpu = 0;
	*state = &live;
	return 0;
}

static int teardown(void **state)
{
	mvs_live_free(*state);
	return 0;
}

/* Frames in any order make one sample, at once when the last one came. */
static void frames_in_any_order_make_a_sample(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	make_frames(&frames, 1, CPUS, true);
	for (unsigned i = frames.count; i-- > 0;)
		assert_int_equal(give(live, &frames, i, 1), i == 0 ? 1 : 0);
	assert_int_equal(finished_samples, 1);
	assert_true(live->now->complete);
	assert_int_equal(live->now->sample.kind[MVMP_PCPU].count, CPUS);
	assert_int_equal(live->lost, 0);
}

/* A lost frame is counted; its records stay for one interval, older and marked, without a rate;
 * the others are fresh. */
static void lost_frame_costs_its_records_one_interval(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;
	unsigned aged = 0;
	double rate;

	make_frames(&frames, 1, CPUS, true);
	for (unsigned i = 0; i < frames.count; i++)
		give(live, &frames, i, 1);
	make_frames(&frames, 2, CPUS, false);
	for (unsigned i = 0; i < frames.count; i++) {
		if (i != 1)
			give(live, &frames, i, MVMP_NS_PER_S);
	}
	assert_int_equal(finished_samples, 1);
	mvs_live_advance(live, 2 * MVMP_NS_PER_S, count_finished, NULL);
	assert_int_equal(finished_samples, 2);
	assert_int_equal(live->lost, 1);
	assert_false(live->now->complete);
	assert_int_equal(live->now->sample.kind[MVMP_PCPU].count, CPUS);
	for (unsigned i = 0; i < CPUS; i++) {
		const struct mvmp_record *r = &live->now->sample.kind[MVMP_PCPU].at[i];
		const struct mvmp_record *old = mvs_snapshot_find(live->before, MVMP_PCPU, &r->key);

		assert_non_null(old);
		if (r->quality == MVMP_LAST_GOOD) {
			aged++;
			assert_int_equal(r->age_ns, MVMP_NS_PER_S);
			assert_false(mvmp_rate(&rate, &live->before->sample, old,
				&live->now->sample, r, MVMP_P_BUSY));
		}
	}
	assert_int_equal(aged, CPUS - live->now->fresh[MVMP_PCPU]);
	assert_in_range(aged, 1, CPUS / 2);
}

/* What is gone from a complete sample is gone from the table. */
static void vanished_entities_vanish(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	make_frames(&frames, 1, CPUS, true);
	for (unsigned i = 0; i < frames.count; i++)
		give(live, &frames, i, 1);
	make_frames(&frames, 2, CPUS - 5, false);
	for (unsigned i = 0; i < frames.count; i++)
		give(live, &frames, i, MVMP_NS_PER_S);
	assert_int_equal(live->now->sample.kind[MVMP_PCPU].count, CPUS - 5);
}

/* Texts that come only now and then stay known in between. */
static void texts_are_kept(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	for (unsigned n = 1; n <= 3; n++) {
		make_frames(&frames, n, CPUS, n == 1);
		for (unsigned i = 0; i < frames.count; i++)
			give(live, &frames, i, n * MVMP_NS_PER_S);
	}
	assert_string_equal(live->now->sample.kind[MVMP_POOL].at[0].text[MVMP_LT_NAME], "default");
}

/* A late frame of an older sample changes nothing but takes back its loss. */
static void late_frame_takes_back_its_loss(void **state)
{
	struct mvs_live *live = *state;
	static struct frames first, second;

	make_frames(&first, 1, CPUS, true);
	make_frames(&second, 2, CPUS, true);
	for (unsigned i = 0; i + 1 < first.count; i++)
		give(live, &first, i, 1);
	for (unsigned i = 0; i < second.count; i++)
		give(live, &second, i, 2);
	assert_int_equal(live->lost, 1);
	give(live, &first, first.count - 1, 3);
	assert_int_equal(live->lost, 0);
	mvs_live_advance(live, 2 * MVMP_NS_PER_S, count_finished, NULL);
	assert_int_equal(live->now->sample.number, 2);
}

/* Samples that never end, each of other entities: what did not come again for five
 * intervals goes, so that a table of 40 records holds 40 * 6 at most. */
static void unfinished_samples_do_not_pile_up(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	live->interval_ms = 1000;
	for (unsigned n = 1; n <= 40; n++) {
		first_cpu = n * 1000;
		make_frames(&frames, n, CPUS, true);
		for (unsigned i = 0; i + 1 < frames.count; i++)
			give(live, &frames, i, n * MVMP_NS_PER_S);
	}
	assert_in_range(finished_samples, 38, 40);
	assert_in_range(live->now->sample.kind[MVMP_PCPU].count, CPUS, 6 * CPUS + 1);
}

/* Nor does the limit of records a node: at an interval of an hour nothing grows old. */
static void carried_records_stay_within_the_limit(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	live->interval_ms = 3600 * 1000;
	for (unsigned n = 1; n <= MVS_RECORDS_PER_NODE / CPUS + 100; n++) {
		first_cpu = n * 1000;
		make_frames(&frames, n, CPUS, true);
		for (unsigned i = 0; i + 1 < frames.count; i++)
			give(live, &frames, i, n * MVMP_NS_PER_S);
	}
	assert_int_equal(
		live->now->sample.kind[MVMP_PCPU].count + live->now->sample.kind[MVMP_POOL].count,
		MVS_RECORDS_PER_NODE);
}

/* Malformed bytes are refused and leave the table as it was. */
static void garbage_is_refused(void **state)
{
	struct mvs_live *live = *state;
	static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0x01, 0x02};

	assert_int_equal(
		mvs_live_frame(live, garbage, sizeof garbage, true, 1, count_finished, NULL),
		-EBADMSG);
	assert_false(mvs_live_has(live));
	assert_int_equal(live->received, 0);
}

/* Frames from the ring are numbered by themselves: between those of a sample they cost nothing,
 * and what is missing of them is lost, too. */
static void ring_frames_are_counted_by_themselves(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	make_frames(&frames, 1, CPUS, true);
	for (unsigned i = 0; i < frames.count; i++) {
		mvs_live_ring_frame(live, i + 1);
		give(live, &frames, i, 1);
	}
	assert_true(live->now->complete);
	assert_int_equal(live->lost, 0);
	assert_int_equal(live->received, 2 * frames.count);
	mvs_live_ring_frame(live, frames.count + 3);
	assert_int_equal(live->lost, 2);
	mvs_live_ring_frame(live, frames.count + 1);
	assert_int_equal(live->lost, 1);
}

/* A node that forgot the subscription counts anew in the same session; nothing was lost. */
static void a_subscription_made_again_is_numbered_anew(void **state)
{
	struct mvs_live *live = *state;
	static struct frames frames;

	for (uint64_t number = 1; number <= 3; number++) {
		make_frames(&frames, number, CPUS, true);
		for (unsigned i = 0; i < frames.count; i++)
			give(live, &frames, i, number);
	}
	sequence = 0;
	make_frames(&frames, 4, CPUS, true);
	for (unsigned i = 1; i < frames.count; i++)
		give(live, &frames, i, 4);
	assert_int_equal(live->lost, 1);
	give(live, &frames, 0, 4);
	assert_int_equal(live->lost, 0);
	assert_int_equal(live->now->sample.number, 4);
	assert_true(live->now->complete);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(ring_frames_are_counted_by_themselves),
		CASE(a_subscription_made_again_is_numbered_anew),
		CASE(frames_in_any_order_make_a_sample),
		CASE(lost_frame_costs_its_records_one_interval),
		CASE(vanished_entities_vanish),
		CASE(texts_are_kept),
		CASE(late_frame_takes_back_its_loss),
		CASE(unfinished_samples_do_not_pile_up),
		CASE(carried_records_stay_within_the_limit),
		CASE(garbage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
