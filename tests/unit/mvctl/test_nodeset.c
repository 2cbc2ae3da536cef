/* SPDX-License-Identifier: Apache-2.0 */
#include "nodeset.h"
#include "support.h"
#include <stdlib.h>
#include <string.h>

static void assert_expands(const char *text, const char *const *names)
{
	struct mvctl_names got = {0};
	struct mvmp_error err;
	unsigned count = 0;

	assert_int_equal(mvctl_nodeset_expand(&got, text, &err), 0);
	while (names[count])
		count++;
	assert_int_equal(got.count, count);
	for (unsigned i = 0; i < count; i++)
		assert_string_equal(got.name[i], names[i]);
	mvctl_names_clear(&got);
}

/* Ranges are expanded with the zeros of their first number; commas in brackets do not split. */
static void test_expand(void **state)
{
	assert_expands("a", (const char *const[]){"a", NULL});
	assert_expands("r1-n[08-10]", (const char *const[]){"r1-n08", "r1-n09", "r1-n10", NULL});
	assert_expands("n[1,3-4],x", (const char *const[]){"n1", "n3", "n4", "x", NULL});
	assert_expands(
		"r[1-2]-n[1-2]", (const char *const[]){"r1-n1", "r1-n2", "r2-n1", "r2-n2", NULL});
	assert_expands("r1-*,^r1-n[1-2]", (const char *const[]){"r1-*", "^r1-n1", "^r1-n2", NULL});
}

static void assert_refused(const char *text, const char *named)
{
	struct mvctl_names got = {0};
	struct mvmp_error err;

	assert_int_equal(mvctl_nodeset_expand(&got, text, &err), -MVMP_INVALID);
	assert_non_null(strstr(err.text, named));
	mvctl_names_clear(&got);
}

/* A malformed set is refused with the part that is wrong; none may ask for endless memory. */
static void test_expand_refuses(void **state)
{
	assert_refused("n[", "n[");
	assert_refused("n[]", "n[]");
	assert_refused("n[1-]", "n[1-]");
	assert_refused("n[9-2]", "n[9-2]");
	assert_refused("n[1,]", "n[1,]");
	assert_refused("n[a-b]", "n[a-b]");
	assert_refused("ok,n[1-999999999]", "more than 65536");
	assert_refused("n[1-1000]m[1-1000]", "more than 65536");
}

static void assert_folds(const char *set, const char *folded)
{
	struct mvctl_names names = {0};
	struct mvmp_error err;
	char *text;

	assert_int_equal(mvctl_nodeset_expand(&names, set, &err), 0);
	text = mvctl_nodeset_fold(&names);
	assert_string_equal(text, folded);
	free(text);
	mvctl_names_clear(&names);
}

/* Folding gives ranges in natural order, one bracket a family, doubles once. */
static void test_fold(void **state)
{
	assert_folds(
		"r1-n[01-08],r1-n[10-16],r1-n[18-32],r1-n[34-40]", "r1-n[01-08,10-16,18-32,34-40]");
	assert_folds("n10,n9,n8", "n[8-10]");
	assert_folds("n09,n10,n11", "n[09-11]");
	assert_folds("b,a,a", "a,b");
	assert_folds("sim-01,r2-n3", "r2-n3,sim-01");
	assert_folds("n1.east,n2.east,n1.west", "n[1-2].east,n1.west");
	assert_folds("n1,n01", "n[01,1]");
}

/* What was folded expands to the same names again. */
static void test_fold_round_trip(void **state)
{
	static const char *const sets[] = {"n[1-120]", "n[001-120],n[9-11]", "a,b,c[7-9]x"};

	for (unsigned i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		struct mvctl_names names = {0}, again = {0};
		struct mvmp_error err;
		char *text;

		assert_int_equal(mvctl_nodeset_expand(&names, sets[i], &err), 0);
		mvctl_names_sort(&names);
		text = mvctl_nodeset_fold(&names);
		assert_int_equal(mvctl_nodeset_expand(&again, text, &err), 0);
		mvctl_names_sort(&again);
		assert_int_equal(again.count, names.count);
		for (unsigned n = 0; n < names.count; n++)
			assert_string_equal(again.name[n], names.name[n]);
		free(text);
		mvctl_names_clear(&names);
		mvctl_names_clear(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_expand_refuses),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
