/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <timeline.h>

#define S   MVMP_NS_PER_S
#define DAY (86400 * S)

static const uint64_t wall = 1700000000 * S;

/* In step, store time is wall time. */
static void follows_the_wall_clock(void **state)
{
	struct mvs_timeline line = {0};

	mvs_timeline_update(&line, 50 * S, wall);
	assert_int_equal(mvs_timeline_ms(&line, (int64_t)(50 * S)), wall / 1000000);
	assert_int_equal(mvs_timeline_ms(&line, (int64_t)(53 * S)), wall / 1000000 + 3000);
}

/* A clock set forward by an hour is followed at once. */
static void steps_forward_at_once(void **state)
{
	struct mvs_timeline line = {0};

	mvs_timeline_update(&line, 50 * S, wall);
	mvs_timeline_update(&line, 51 * S, wall + 3601 * S);
	assert_int_equal(mvs_timeline_ms(&line, (int64_t)(51 * S)), (wall + 3601 * S) / 1000000);
}

/* A clock set back by five minutes never makes store time go back or stand still: from when it is
 * noticed ten seconds take ten seconds, less the slew of 0.5 %. After 300 / 0.005 s = 16.7 h it is
 * in step again. */
static void steps_back_are_slewed(void **state)
{
	struct mvs_timeline line = {0};
	uint64_t before, after;

	mvs_timeline_update(&line, 40 * S, wall - 10 * S);
	mvs_timeline_update(&line, 50 * S, wall - 300 * S);
	before = mvs_timeline_ms(&line, (int64_t)(50 * S));
	assert_int_equal(before, wall / 1000000);
	assert_int_equal(mvs_timeline_ms(&line, (int64_t)(60 * S)) - before, 9950);
	mvs_timeline_update(&line, 60 * S, wall + 10 * S - 300 * S);
	after = mvs_timeline_ms(&line, (int64_t)(60 * S));
	assert_int_equal(after - before, 9950);
	assert_true(line.ahead_ns > (int64_t)(299 * S));
	mvs_timeline_update(&line, 60 * S + DAY / 2, wall + 10 * S - 300 * S + DAY / 2);
	assert_true(line.ahead_ns > 0);
	mvs_timeline_update(&line, 60 * S + DAY, wall + 10 * S - 300 * S + DAY);
	assert_int_equal(line.ahead_ns, 0);
	assert_int_equal(line.era, 0);
}

/* Read every millisecond, with an update every second and the clock set back by a minute, by 3 ms
 * and by a day's drift, store time never goes back. */
static void no_update_makes_it_go_back(void **state)
{
	static const uint64_t back_ns[] = {0, 60 * S, 60 * S + 3000000, 60 * S + 3004000};
	struct mvs_timeline line = {0};
	uint64_t last = 0, ms;

	for (uint64_t at = 50 * S; at < 58 * S; at += 1000000) {
		if (at % S == 0)
			mvs_timeline_update(&line, at, wall + at - back_ns[(at / S - 50) / 2]);
		ms = mvs_timeline_ms(&line, (int64_t)at);
		assert_true(ms >= last);
		last = ms;
	}
	assert_int_equal(line.era, 0);
}

/* Set back by an hour, it is followed at once, and a new era tells so. */
static void long_steps_back_begin_an_era(void **state)
{
	struct mvs_timeline line = {0};

	mvs_timeline_update(&line, 50 * S, wall);
	mvs_timeline_update(&line, 60 * S, wall + 10 * S - 3600 * S);
	assert_int_equal(
		mvs_timeline_ms(&line, (int64_t)(60 * S)), (wall + 10 * S - 3600 * S) / 1000000);
	assert_int_equal(line.ahead_ns, 0);
	assert_int_equal(line.era, 1);
}

/* A node's clock at the ends of what 64 bits hold gives some time, without overflow. */
static void any_clock_gives_some_time(void **state)
{
	static const uint64_t told[] = {UINT64_MAX, 0, (uint64_t)INT64_MAX, 1ull << 63, 5};
	struct mvs_timeline line = {0};
	struct mvs_offset offset = {0};

	mvs_timeline_update(&line, 50 * S, wall);
	for (unsigned i = 0; i < 5; i++) {
		mvs_offset_update(&offset, (100 + i) * S, told[i]);
		mvs_timeline_ms(&line, mvs_offset_apply(&offset, told[4 - i]));
	}
	assert_true(offset.set);
}

/* Samples that travel 1 to 40 ms are mapped to times at most 3 ms off their spacing. */
static void transport_delay_is_filtered(void **state)
{
	static const uint64_t delay_ms[] = {12, 1, 40, 7, 33, 2};
	struct mvs_offset offset = {0};
	int64_t last = 0;

	for (unsigned i = 0; i < 6; i++) {
		uint64_t sampled = (100 + 10 * i) * S;
		int64_t at;

		mvs_offset_update(&offset, 7000 * S + sampled + delay_ms[i] * 1000000, sampled);
		at = mvs_offset_apply(&offset, sampled);
		if (i > 1)
			assert_in_range(at - last, 9997000000, 10003000000);
		last = at;
	}
}

/* A node that slept for a minute is believed after three samples. */
static void suspended_node_is_believed_again(void **state)
{
	struct mvs_offset offset = {0};

	mvs_offset_update(&offset, 100 * S, 10 * S);
	for (unsigned i = 1; i <= 3; i++)
		mvs_offset_update(&offset, (160 + 10 * i) * S, (10 + 10 * i) * S);
	assert_int_equal(mvs_offset_apply(&offset, 40 * S), 190 * S);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_wall_clock),
		cmocka_unit_test(steps_forward_at_once),
		cmocka_unit_test(steps_back_are_slewed),
		cmocka_unit_test(no_update_makes_it_go_back),
		cmocka_unit_test(long_steps_back_begin_an_era),
		cmocka_unit_test(any_clock_gives_some_time),
		cmocka_unit_test(transport_delay_is_filtered),
		cmocka_unit_test(suspended_node_is_believed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
