/* SPDX-License-Identifier: Apache-2.0 */

/* A uevent is words that each end with a NUL; exactly one of them tells of a new generation. */

#include "../cmocka_all.h"
#include "generation.h"

#define IS_NEW(text) generation_event_is_new(text, sizeof(text) - 1)

static void the_word_is_found_wherever_it_stands(void **state)
{
	assert_true(IS_NEW("change@/devices/x\0ACTION=change\0NEW_VMGENID=1\0SEQNUM=7\0"));
	assert_true(IS_NEW("NEW_VMGENID=1\0"));
	assert_true(IS_NEW("\0\0NEW_VMGENID=1\0"));
}

static void nothing_else_is_taken_for_it(void **state)
{
	assert_false(IS_NEW(""));
	assert_false(IS_NEW("add@/devices/x\0ACTION=add\0"));
	assert_false(IS_NEW("XNEW_VMGENID=1\0"));
	assert_false(IS_NEW("NEW_VMGENID=10\0"));
	assert_false(IS_NEW("NEW_VMGENID=0\0"));
}

static void a_word_without_its_end_is_none(void **state)
{
	assert_false(generation_event_is_new("NEW_VMGENID=1", 13));
	assert_false(generation_event_is_new("a\0NEW_VMGENID=1", 15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_word_is_found_wherever_it_stands),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(a_word_without_its_end_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
