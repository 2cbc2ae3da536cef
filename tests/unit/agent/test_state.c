/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "state.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_state_directory_serves_one_agent_at_a_time(void **state)
{
	const struct mva_user user = {.change = false};
	char path[] = "/tmp/mvmp-state-XXXXXX", expected[128] = "another agent uses the state "
								"directory ";
	struct mvmp_error err = {0};
	int first, second;

	assert_non_null(mkdtemp(path));
	first = mva_state_open(path, &user, &err);
	assert_true(first >= 0);
	assert_int_equal(mva_state_open(path, &user, &err), -MVMP_CONFLICT);
	assert_string_equal(err.text, strcat(expected, path));
	close(first);
	second = mva_state_open(path, &user, &err);
	assert_true(second >= 0);
	close(second);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_directory_serves_one_agent_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
