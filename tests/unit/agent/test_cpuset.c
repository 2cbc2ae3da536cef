/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "cpuset.h"
#include <string.h>

static void parsed_lists_print_sorted_and_merged(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {{"0", "0"}, {"0-3,8", "0-3,8"}, {"8,0-3", "0-3,8"}, {"1,2,3", "1-3"},
		{"5,5,5", "5"}, {"63-64", "63-64"}, {"1023", "1023"}, {"0-1023", "0-1023"}};
	char text[128];

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct mva_cpuset set;

		assert_int_equal(mva_cpuset_parse(&set, row[i].in, NULL), 0);
		assert_string_equal(mva_cpuset_text(text, sizeof text, &set), row[i].out);
	}
}

static void bad_lists_are_refused_and_leave_the_set_alone(void **state)
{
	static const char *const bad[] = {"", ",", "0,", ",0", "a", "3-1", "1024", "0-1024", "-1",
		"1-", "1--2", " 1", "1 ", "0x1", "99999999999999999999", "0-3;8"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct mva_cpuset set = {.bits = {42}};
		struct mvmp_error err;

		assert_int_equal(mva_cpuset_parse(&set, bad[i], &err), -MVMP_INVALID);
		assert_int_equal(set.bits[0], 42);
		assert_true(strlen(err.text) > 0);
	}
}

static void text_that_does_not_fit_keeps_whole_numbers(void **state)
{
	struct mva_cpuset set = {0};
	char text[8];

	for (unsigned cpu = 0; cpu < 100; cpu += 2)
		mva_cpuset_add(&set, cpu);
	assert_string_equal(mva_cpuset_text(text, sizeof text, &set), "0,2,4,6");
}

static void the_first_cpu_outside_a_set_is_named(void **state)
{
	struct mva_cpuset node, asked;

	assert_int_equal(mva_cpuset_parse(&node, "0-63", NULL), 0);
	assert_int_equal(mva_cpuset_parse(&asked, "4,97,99", NULL), 0);
	assert_int_equal(mva_cpuset_outside(&asked, &node), 97);
	assert_int_equal(mva_cpuset_outside(&node, &node), -1);
	assert_int_equal(mva_cpuset_count(&node), 64);
}

static void a_whole_node_prints_as_any(void **state)
{
	struct mva_cpuset node, part;
	char text[32];

	assert_int_equal(mva_cpuset_parse(&node, "0-7", NULL), 0);
	assert_int_equal(mva_cpuset_parse(&part, "0-6", NULL), 0);
	assert_string_equal(mva_cpuset_text_any(text, sizeof text, &node, &node), "any");
	assert_string_equal(mva_cpuset_text_any(text, sizeof text, &part, &node), "0-6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed_lists_print_sorted_and_merged),
		cmocka_unit_test(bad_lists_are_refused_and_leave_the_set_alone),
		cmocka_unit_test(text_that_does_not_fit_keeps_whole_numbers),
		cmocka_unit_test(the_first_cpu_outside_a_set_is_named),
		cmocka_unit_test(a_whole_node_prints_as_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
