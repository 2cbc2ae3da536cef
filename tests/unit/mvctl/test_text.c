/* SPDX-License-Identifier: Apache-2.0 */
#include "human.h"
#include "mvctl.h"
#include "options.h"
#include "support.h"
#include "times.h"
#include <stdlib.h>
#include <string.h>

static const char *as(mvctl_human *human, double raw)
{
	static char text[64];

	return human(text, sizeof text, raw);
}

/* Units: memory in powers of two, network and disk in powers of ten, fixed decimals. */
static void test_units(void **state)
{
	assert_string_equal(as(mvctl_human_bytes_mib, 8589934592.0), "8192");
	assert_string_equal(as(mvctl_human_bytes_gib, 512.0 * 1024 * 1024 * 1024), "512.0");
	assert_string_equal(as(mvctl_human_bits_mb, 41.2e6), "41.2");
	assert_string_equal(as(mvctl_human_bytes_mb, 95.46e6), "95.5");
	assert_string_equal(as(mvctl_human_khz_ghz, 2100000), "2.10");
	assert_string_equal(as(mvctl_human_millideg, 61000), "61");
	assert_string_equal(as(mvctl_human_milli, 71300), "71.30");
	assert_string_equal(as(mvctl_human_1, -0.0), "0.0");
}

/* An age is short in tables and in words in sentences, and never shows 60 seconds. */
static void test_ages(void **state)
{
	char text[32];

	assert_string_equal(as(mvctl_human_ns_age, 0.3e9), "0.3s");
	assert_string_equal(as(mvctl_human_ns_age, 9.96e9), "9s");
	assert_string_equal(as(mvctl_human_ns_age, 41e9), "41s");
	assert_string_equal(as(mvctl_human_ns_age, 192e9), "3m12s");
	assert_string_equal(as(mvctl_human_ns_age, 7500e9), "2h05m");
	assert_string_equal(as(mvctl_human_ns_age, 41.0 * 86400e9), "41d");
	assert_string_equal(mvctl_human_duration(text, sizeof text, 600000000), "0.6 s");
	assert_string_equal(
		mvctl_human_duration(text, sizeof text, 41ull * 86400 * MVMP_NS_PER_S), "41 d");
	assert_string_equal(mvctl_human_size(text, sizeof text, 800), "800 B");
	assert_string_equal(mvctl_human_size(text, sizeof text, 466ull << 20), "466.0 MiB");
}

static int64_t at(const char *text)
{
	struct mvmp_error err;
	int64_t value = -1;

	assert_int_equal(mvctl_time_parse(&value, text, 1763600000, &err), 0);
	return value;
}

/* Times: now, spans back from now, calendar times in local time or UTC, seconds since 1970. */
static void test_times(void **state)
{
	assert_int_equal(at("now"), 1763600000);
	assert_int_equal(at("-6h"), 1763600000 - 21600);
	assert_int_equal(at("-90s"), 1763600000 - 90);
	assert_int_equal(at("-2d"), 1763600000 - 172800);
	assert_int_equal(at("@1763600001"), 1763600001);
	/* date -u -d 2026-11-20T10:00 +%s */
	assert_int_equal(at("2026-11-20T10:00Z"), 1795168800);
	assert_int_equal(at("2026-11-20T10:00:30Z"), 1795168830);
	setenv("TZ", "UTC-2", 1); /* POSIX: two hours east of Greenwich */
	assert_int_equal(at("2026-11-20T10:00"), 1795168800 - 7200);
	unsetenv("TZ");
}

/* What is no time is refused, and the refusal shows the forms. */
static void test_bad_times(void **state)
{
	static const char *const bad[] = {"", "yesterday", "-", "-6x", "@", "@-1", "2026-13-01",
		"2026-11-20T10:00x", "6h", "nowish", "-nan"};
	struct mvmp_error err;
	int64_t value;
	double span;

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(mvctl_time_parse(&value, bad[i], 0, &err), -MVMP_INVALID);
		assert_non_null(strstr(err.hint, "-6h"));
	}
	assert_int_equal(mvctl_span_parse(&span, "250ms", &err), 0);
	assert_true(span == 0.25);
	assert_int_equal(mvctl_span_parse(&span, "0", &err), -MVMP_INVALID);
	assert_int_equal(mvctl_span_parse(&span, "-1s", &err), -MVMP_INVALID);
}

/* The documented exit codes; a status this version does not know is a failure. */
static void test_exit_codes(void **state)
{
	static const int expected[MVMP_STATUS_COUNT] = {
		0, 1, 2, 3, 4, 4, 5, 7, 7, 8, 9, 7, 1, 1, 4, 1, 1, 1, 1};

	for (int status = 0; status < MVMP_STATUS_COUNT; status++)
		assert_int_equal(mvctl_exit_code(status), expected[status]);
	assert_int_equal(mvctl_exit_code(MVMP_STATUS_COUNT), 1);
	assert_int_equal(mvctl_exit_code(-1), 1);
}

static int result_of(unsigned done, const enum mvmp_status *status, unsigned failures)
{
	struct mvctl ctl;
	int rc;

	mvctl_init(&ctl, "mvctl");
	for (unsigned i = 0; i < failures; i++) {
		struct mvmp_error error = {.status = status[i]};

		mvctl_keep_error(&ctl, &error, "n1", NULL);
	}
	ctl.done = done;
	rc = mvctl_result(&ctl);
	mvctl_clear(&ctl);
	return rc;
}

/* All failed alike gives their code, some failed gives 6, as do failures of different kinds. */
static void test_results_of_many(void **state)
{
	const enum mvmp_status alike[] = {MVMP_NO_ANSWER, MVMP_NO_ANSWER};
	const enum mvmp_status differ[] = {MVMP_NO_ANSWER, MVMP_INVALID, MVMP_INVALID};

	assert_int_equal(result_of(3, NULL, 0), 0);
	assert_int_equal(result_of(0, alike, 2), 5);
	assert_int_equal(result_of(1, alike, 2), 6);
	assert_int_equal(result_of(0, differ, 3), 6);
}

/* Suggestions come by edits, of which swapping two neighbours is one. */
static void test_distance(void **state)
{
	assert_int_equal(mvctl_distance("pin", "pin"), 0);
	assert_int_equal(mvctl_distance("pni", "pin"), 1);
	assert_int_equal(mvctl_distance("pni", "ping"), 2);
	assert_int_equal(mvctl_distance("", "abc"), 3);
	assert_int_equal(mvctl_distance("kitten", "sitting"), 3);
}

/* Splits at blanks, in place; returns how many words. */
static int split(char *line, char *argv[static 16])
{
	int argc = 0;

	for (char *word = strtok(line, " "); word && argc < 15; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

/* Options of all commands are found wherever they stand; the rest keeps its order. */
static void test_options_anywhere(void **state)
{
	char line[] = "mvctl pin -n r1-n01 web-07 --json 0 --timeout=2m 4 -- -n";
	char *argv[16];
	struct mvctl ctl;
	int argc = split(line, argv);

	mvctl_init(&ctl, "mvctl");
	assert_int_equal(mvctl_take_options(&ctl, &argc, argv), 0);
	assert_int_equal(argc, 7);
	assert_string_equal(argv[1], "pin");
	assert_string_equal(argv[2], "web-07");
	assert_string_equal(argv[4], "4");
	assert_string_equal(argv[6], "-n");
	assert_string_equal(ctl.opt.nodes, "r1-n01");
	assert_int_equal(ctl.opt.format, MVCTL_JSON);
	assert_true(ctl.opt.timeout_s == 120);
	mvctl_clear(&ctl);
}

static int result_of_line(const char *text)
{
	FILE *null = fopen("/dev/null", "w");
	char line[128], *argv[16];
	struct mvctl ctl;
	int argc, rc;

	snprintf(line, sizeof line, "%s", text);
	argc = split(line, argv);
	mvctl_init(&ctl, "mvctl");
	ctl.err = null;
	rc = mvctl_take_options(&ctl, &argc, argv);
	mvctl_clear(&ctl);
	fclose(null);
	return rc;
}

/* Options that contradict each other or lack their value are an error, not a silent choice. */
static void test_options_that_conflict(void **state)
{
	assert_int_equal(result_of_line("mvctl nodes --json --tsv"), 2);
	assert_int_equal(result_of_line("mvctl nodes --wide --columns NODE"), 2);
	assert_int_equal(result_of_line("mvctl nodes --json --columns NODE"), 2);
	assert_int_equal(result_of_line("mvctl -n a nodes --all"), 2);
	assert_int_equal(result_of_line("mvctl -n a -n b nodes"), 2);
	assert_int_equal(result_of_line("mvctl nodes -n"), 2);
	assert_int_equal(result_of_line("mvctl nodes --color red"), 2);
	assert_int_equal(result_of_line("mvctl nodes --json=yes"), 2);
	assert_int_equal(result_of_line("mvctl nodes --timeout 0"), 2);
}

/* "-o json" is understood where -o is not a file. */
static void test_output_habit(void **state)
{
	assert_int_equal(result_of_line("mvctl nodes -o json --tsv"), 2);
	assert_int_equal(result_of_line("mvctl graph -o json --tsv"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_results_of_many),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_options_anywhere),
		cmocka_unit_test(test_options_that_conflict),
		cmocka_unit_test(test_output_habit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
