/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int setup(void **state)
{
	static struct bed bed;

	bed_make(&bed);
	*state = &bed;
	return 0;
}

static int teardown(void **state)
{
	bed_remove(*state);
	return 0;
}

/* 12,500 bytes in 10 s are 1,250 bytes a second; what was not given is unknown, not 0. */
static void counter_becomes_its_rate(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 4; i++)
		bed_put(bed, i * 10000, 1, 1000 + i * 12500, 7);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 1250.0, 1e-9);
	assert_float_equal(bed_value(bed, "tx_bytes", 20), 0.0, 0);
	assert_true(isnan(bed_value(bed, "rx_packets", 20)));
}

/* Samples between whole seconds keep their exact spacing: 10.4 s at 100 bytes a second. */
static void fractions_of_seconds_count(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 5; i++)
		bed_put(bed, 300 + i * 10400, 1, i * 1040, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-6);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-6);
}

/* Beside a gap rates are as exact as elsewhere, although no sample falls on a whole second: the
 * unknown time begins and ends on one. 100 bytes a second in every known step. */
static void rates_beside_a_gap_are_exact(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i <= 12; i++)
		bed_put(bed, 400 + i * 5100, i < 6 ? 1 : 2, i * 510, 0);
	bed_run(bed, 40);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 0.11);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 0.11);
	assert_float_equal(bed_value(bed, "rx_bytes", 40), 100.0, 0.11);
	assert_float_equal(bed_value(bed, "rx_bytes", 50), 100.0, 0.11);
	assert_float_equal(bed_value(bed, "rx_bytes", 60), 100.0, 0.11);
}

/* Ten samples a second make one row a second, with the right rate. */
static void ten_samples_a_second_make_one_row(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i <= 200; i++)
		bed_put(bed, 37 + i * 100, 1, i * 10, 0);
	bed_run(bed, 40);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 0.11);
	assert_in_range(bed_counters(bed).updates, 20, 21);
	assert_int_equal(bed_counters(bed).late, 0);
}

/* One lost sample makes no gap: the rate over 20 s stands for both steps. */
static void one_lost_sample_makes_no_gap(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 1, 0, 0);
	bed_put(bed, 10000, 1, 1000, 0);
	bed_put(bed, 30000, 1, 5000, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 200.0, 1e-9);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 200.0, 1e-9);
}

/* Two lost samples are a gap. */
static void two_lost_samples_make_a_gap(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 1, 0, 0);
	bed_put(bed, 30000, 1, 3000, 0);
	bed_put(bed, 40000, 1, 4000, 0);
	bed_run(bed, 30);
	assert_true(isnan(bed_value(bed, "rx_bytes", 10)));
	assert_true(isnan(bed_value(bed, "rx_bytes", 30)));
	assert_float_equal(bed_value(bed, "rx_bytes", 40), 100.0, 1e-9);
}

/* A domain that restarted has a gap, even when its new counter is above the old. */
static void new_life_makes_a_gap_not_a_rate(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 1, 1000, 0);
	bed_put(bed, 10000, 1, 2000, 0);
	bed_put(bed, 20000, 2, 9000000, 0);
	bed_put(bed, 30000, 2, 9000500, 0);
	bed_put(bed, 40000, 2, 9001000, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 10), 100.0, 1e-9);
	assert_true(isnan(bed_value(bed, "rx_bytes", 20)));
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 50.0, 1e-9);
	assert_int_equal(bed_counters(bed).gaps, 1);
}

/* Counters that fall without a new life (reset, 32- and 64-bit wrap) are a gap, never a spike. */
static void counter_that_falls_makes_a_gap(void **state)
{
	static const uint64_t before[] = {5000, UINT32_MAX - 10, UINT64_MAX - 10};

	for (unsigned i = 0; i < 3; i++) {
		struct bed *bed = *state;
		int at = (int)i * 40;

		bed_put(bed, at * 1000, i, before[i], 0);
		bed_put(bed, at * 1000 + 10000, i, 100, 0);
		bed_put(bed, at * 1000 + 20000, i, 400, 0);
		bed_run(bed, 30);
		assert_true(isnan(bed_value(bed, "rx_bytes", at + 10)));
		assert_float_equal(bed_value(bed, "rx_bytes", at + 20), 30.0, 1e-9);
	}
}

/* Counters beyond 2^53 keep their differences exactly: 18 bytes in 10 s. */
static void large_counters_keep_small_rates(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 1, UINT64_MAX - 100, 0);
	bed_put(bed, 10000, 1, UINT64_MAX - 82, 0);
	bed_put(bed, 20000, 1, UINT64_MAX - 64, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 10), 1.8, 1e-9);
}

/* Late and repeated samples change nothing and are counted. */
static void late_and_repeated_samples_are_left_out(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 1, 0, 0);
	bed_put(bed, 10000, 1, 1000, 0);
	bed_put(bed, 10000, 1, 99000, 0);
	bed_put(bed, 5000, 1, 99000, 0);
	bed_put(bed, 20000, 1, 2000, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 10), 100.0, 1e-9);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-9);
	assert_int_equal(bed_counters(bed).late, 2);
}

/* Closed and opened again within a sample's time, the same life goes on without a gap. */
static void restart_of_the_program_goes_on(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 7, 0, 0);
	bed_put(bed, 10000, 7, 1000, 0);
	bed_close(bed);
	bed_open(bed);
	bed_put(bed, 20000, 7, 3000, 0);
	bed_run(bed, 30);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 200.0, 1e-9);
	assert_int_equal(bed_counters(bed).gaps, 0);
}

/* Opened again after the domain restarted meanwhile: a gap. */
static void restart_of_both_makes_a_gap(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 7, 0, 0);
	bed_put(bed, 10000, 7, 1000, 0);
	bed_close(bed);
	bed_open(bed);
	bed_put(bed, 20000, 8, 3000, 0);
	bed_run(bed, 30);
	assert_true(isnan(bed_value(bed, "rx_bytes", 20)));
}

/* Killed after the new life was noted in the index but before its rows reached the file: the
 * file's last counter is of the old life, so the next row of the new one begins with a gap. */
static void crash_between_index_and_rows_makes_a_gap(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 7, 0, 0);
	bed_put(bed, 10000, 7, 1000, 0);
	bed_run(bed, 40);
	bed_put(bed, 20000, 8, 2000, 0);
	bed_run(bed, 3); /* the index is written, rows wait */
	bed_crash(bed);
	bed_open(bed);
	bed_put(bed, 30000, 8, 500000, 0);
	bed_run(bed, 40);
	assert_true(isnan(bed_value(bed, "rx_bytes", 30)));
	assert_int_equal(bed_counters(bed).gaps, 1);
}

/* After a crash, rows given again (from the node's ring) fill what was lost, without a gap. */
static void rows_given_again_fill_a_crash(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, 0, 7, 0, 0);
	bed_run(bed, 40);
	bed_put(bed, 10000, 7, 1000, 0);
	bed_run(bed, 0);
	bed_crash(bed);
	bed_open(bed);
	for (unsigned i = 0; i < 4; i++)
		bed_put(bed, i * 10000, 7, i * 1000, 0);
	bed_run(bed, 40);
	assert_float_equal(bed_value(bed, "rx_bytes", 10), 100.0, 1e-9);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-9);
}

static void set_true(void *ctx)
{
	*(bool *)ctx = true;
}

/* A reader's flush brings waiting rows to disk at once. */
static void flush_brings_rows_to_disk(void **state)
{
	struct bed *bed = *state;
	bool done = false;

	for (unsigned i = 0; i < 3; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	assert_int_equal(mvs_store_flush(bed->store, &bed->vif, 1, set_true, &done), 0);
	mvs_store_run(bed->store, bed->now_ns);
	assert_false(done);
	mvs_store_reap(bed->store);
	assert_true(done);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-9);
}

/* The index tells people whose file it is, and the next start as well. */
static void index_keeps_names(void **state)
{
	struct bed *bed = *state;

	mvs_store_describe(bed->vif, "tap\t../../evil\n", true);
	bed_put(bed, 0, 1, 0, 0);
	bed_close(bed);
	bed_open(bed);
	assert_string_equal(mvs_file_name(bed->vif), "tap?../../evil?");
	assert_true(mvs_file_simulated(bed->vif));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(counter_becomes_its_rate),
		CASE(fractions_of_seconds_count),
		CASE(rates_beside_a_gap_are_exact),
		CASE(ten_samples_a_second_make_one_row),
		CASE(one_lost_sample_makes_no_gap),
		CASE(two_lost_samples_make_a_gap),
		CASE(new_life_makes_a_gap_not_a_rate),
		CASE(counter_that_falls_makes_a_gap),
		CASE(large_counters_keep_small_rates),
		CASE(late_and_repeated_samples_are_left_out),
		CASE(restart_of_the_program_goes_on),
		CASE(restart_of_both_makes_a_gap),
		CASE(crash_between_index_and_rows_makes_a_gap),
		CASE(rows_given_again_fill_a_crash),
		CASE(flush_brings_rows_to_disk),
		CASE(index_keeps_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
