/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <draw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* rx: 1,000 bytes a second, doubled in the third of six minutes, unknown in the fourth. */
static int setup(void **state)
{
	static struct bed bed;
	uint64_t rx = 0;

	bed_make(&bed);
	for (int s = 0; s <= 360; s += 10) {
		rx += s > 120 && s <= 180 ? 20000 : 10000;
		if (s <= 180 || s > 240)
			bed_put(&bed, s * 1000, 1, rx, 0);
		if (s % 30 == 0)
			bed_run(&bed, 30);
	}
	bed_run(&bed, 30);
	*state = &bed;
	return 0;
}

static int teardown(void **state)
{
	bed_remove(*state);
	return 0;
}

static void make_job(struct mvs_draw_job *job, struct bed *bed, const char *metric)
{
	const struct mvs_series *series;
	struct mvs_series storage;
	struct mvs_draw_item *item = &job->item[job->items++];

	job->from_s = T0;
	job->to_s = job->now_s = T0 + 360;
	job->width = 600;
	job->height = 220;
	assert_int_equal(mvs_series_find(&series, &storage, MVMP_VIF, metric, NULL), 0);
	bed_vif_path(bed, item->path, sizeof item->path);
	snprintf(item->title, sizeof item->title, "r1-n01/web-07/vif0: %s", series->title);
	snprintf(item->unit, sizeof item->unit, "%s", series->unit);
	snprintf(item->rpn, sizeof item->rpn, "%s", series->rpn);
	item->sources = series->sources;
	for (unsigned i = 0; i < series->sources; i++)
		snprintf(item->source[i], sizeof item->source[i], "%s", series->source[i]);
}

/* 1,000 bytes a second are 8,000 bit/s; the known minutes' mean is (4 * 8 + 16) / 5 kbit/s;
 * six rows of 10 s are missing, and the first row after a gap has no rate. */
static void figures_match_the_samples(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;
	const struct mvs_draw_line *line = &output.result.line[0];

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	mvs_draw(&job, &output);
	assert_int_equal(output.result.status, MVMP_OK);
	assert_int_equal(output.result.step_s, 10);
	assert_int_equal(output.result.start_s, T0 + 10);
	assert_float_equal(output.value[0], 8000, 1e-6);
	assert_float_equal(output.value[13], 16000, 1e-6);
	assert_true(isnan(output.value[18]));
	assert_true(isnan(output.value[23]));
	assert_int_equal(output.result.missing, 7);
	assert_int_equal(output.result.first_gap_s, T0 + 190);
	assert_int_equal(output.result.last_gap_s, T0 + 250);
	assert_float_equal(line->min, 8000, 1e-6);
	assert_float_equal(line->max, 16000, 1e-6);
	assert_float_equal(line->now, 8000, 1e-6);
	assert_float_equal(line->avg, (23 * 8000. + 6 * 16000.) / 29, 1e-6);
	assert_in_range(line->max_at_s, T0 + 130, T0 + 180);
	mvs_draw_free(&output);
}

/* What lies ahead of the newest sample is not missing: it is not there yet. */
static void the_step_under_way_is_not_missing(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	job.from_s = T0 + 260;
	job.to_s = job.now_s = T0 + 375;
	mvs_draw(&job, &output);
	assert_int_equal(output.result.missing, 0);
	mvs_draw_free(&output);
}

/* A PNG begins with its magic bytes and has the size asked for (big-endian in its IHDR). */
static void png_has_the_size_asked_for(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	make_job(&job, *state, "tx");
	job.image = true;
	mvs_draw(&job, &output);
	assert_int_equal(output.result.status, MVMP_OK);
	assert_memory_equal(output.image, "\x89PNG\r\n\x1a\n", 8);
	assert_int_equal(output.image[18] << 8 | output.image[19], 600);
	assert_int_equal(output.image[22] << 8 | output.image[23], 220);
	assert_int_equal(output.result.width, 600);
	mvs_draw_free(&output);
}

/* Whether every tag that opens closes, in order; good enough for what cairo writes. */
static bool is_well_formed(const char *at, const char *end)
{
	int depth = 0;

	while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
		const char *close = memchr(at, '>', (size_t)(end - at));

		if (!close)
			return false;
		if (at[1] == '/')
			depth--;
		else if (at[1] != '?' && at[1] != '!' && close[-1] != '/')
			depth++;
		if (depth < 0)
			return false;
		at = close;
	}
	return depth == 0;
}

/* An SVG is well-formed and says that it is one. */
static void svg_is_well_formed(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;
	const char *text;

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	job.image = job.svg = true;
	mvs_draw(&job, &output);
	assert_int_equal(output.result.status, MVMP_OK);
	text = (const char *)output.image;
	assert_true(is_well_formed(text, text + output.result.image_len));
	assert_non_null(memmem(text, output.result.image_len, "<svg", 4));
	mvs_draw_free(&output);
}

/* Simulated data and its lack make different pictures: the label is in the image. */
static void simulated_is_in_the_picture(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output real, simulated;

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	job.image = job.thumbnail = true;
	mvs_draw(&job, &real);
	job.item[0].simulated = true;
	mvs_draw(&job, &simulated);
	assert_int_equal(real.result.status, MVMP_OK);
	assert_int_equal(simulated.result.status, MVMP_OK);
	assert_true(real.result.image_len != simulated.result.image_len ||
		    memcmp(real.image, simulated.image, real.result.image_len) != 0);
	mvs_draw_free(&real);
	mvs_draw_free(&simulated);
}

/* A file that is gone is an error with a sentence, not a crash. */
static void missing_file_is_an_error(void **state)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;

	memset(&job, 0, sizeof job);
	make_job(&job, *state, "rx");
	strcpy(job.item[0].path, "/nonexistent/x:y.rrd");
	mvs_draw(&job, &output);
	assert_int_equal(output.result.status, MVMP_IO);
	assert_non_null(strstr(output.result.text, "cannot read history"));
	mvs_draw_free(&output);
}

/* Every derived series draws: its expression and its sources are right. */
static void every_derived_series_draws(void **state)
{
	struct bed *bed = *state;
	static const struct mvmp_key key;
	static struct mvmp_record record;
	struct mvs_file *file;

	for (const struct mvs_series *s = mvs_derived; s->name; s++) {
		static struct mvs_draw_job job;
		struct mvs_draw_output output;

		file = mvs_store_file(bed->dir, s->kind, &key, true);
		record.present = UINT64_MAX;
		for (unsigned i = 0; i < 3; i++) {
			for (unsigned m = 0; m < MVMP_METRICS_MAX; m++)
				record.value[m] = 1000 + 10 * i * (m + 1);
			mvs_store_put(bed->store, file, (T0 + 10 * i) * 1000ull, 1, &record);
		}
		bed_run(bed, 30);
		memset(&job, 0, sizeof job);
		make_job(&job, bed, "rx");
		mvs_file_path(job.item[0].path, sizeof job.item[0].path, file);
		strcpy(job.item[0].rpn, s->rpn);
		job.item[0].sources = s->sources;
		for (unsigned i = 0; i < s->sources; i++)
			strcpy(job.item[0].source[i], s->source[i]);
		job.to_s = job.now_s = T0 + 20;
		mvs_draw(&job, &output);
		assert_int_equal(output.result.status, MVMP_OK);
		assert_false(isnan(output.value[1]));
		mvs_draw_free(&output);
	}
}

/* Long titles leave room for the figures: their middle goes, at whole characters. */
static void long_titles_are_cut_in_the_middle(void **state)
{
	char cut[MVS_TITLE_MAX];

	mvs_draw_cut(cut, 20, "r1-n01 CPU busy");
	assert_string_equal(cut, "r1-n01 CPU busy");
	mvs_draw_cut(cut, 20, "r1-n02/a-very-long-name/vif0 received");
	assert_string_equal(cut, "r1-n02/a-.. received");
	mvs_draw_cut(cut, 8, "ab\303\244cdefghi\303\266j");
	assert_string_equal(cut, "ab..\303\266j");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(figures_match_the_samples),
		CASE(the_step_under_way_is_not_missing),
		CASE(png_has_the_size_asked_for),
		CASE(svg_is_well_formed),
		CASE(simulated_is_in_the_picture),
		CASE(missing_file_is_an_error),
		cmocka_unit_test(long_titles_are_cut_in_the_middle),
		CASE(every_derived_series_draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
