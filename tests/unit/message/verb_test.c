/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mvmp/verb.h>

enum {
	OBSERVER = MVMP_ROLE_OBSERVER,
	OPERATOR = MVMP_ROLE_OPERATOR,
	ADMIN = MVMP_ROLE_ADMIN,
	NODE = MVMP_ROLE_NODE,
	AGGREGATOR = MVMP_ROLE_AGGREGATOR,
};

/* Who may do what, written down a second time. */
static void roles_are_as_specified(void **state)
{
	static const struct {
		const char *verb;
		uint16_t own, allowed;
	} table[] = {
		{"cluster-exchange", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"cluster-exchange", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"link-read", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"ping", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"sample-read", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"subscribe", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"unsubscribe", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"ring-read", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"perf-read", NODE, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"perf-reset", NODE, OBSERVER | OPERATOR | ADMIN},
		{"audit-read", NODE, OBSERVER | OPERATOR | ADMIN},
		{"operation-read", NODE, OBSERVER | OPERATOR | ADMIN},
		{"drift-read", NODE, OBSERVER | OPERATOR | ADMIN},
		{"pin", NODE, OPERATOR | ADMIN},
		{"nodes-read", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"current-read", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"history-read", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"graph", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"store-read", AGGREGATOR, OBSERVER | OPERATOR | ADMIN | AGGREGATOR},
		{"pin", AGGREGATOR, 0},
		{"nodes-read", NODE, 0},
	};

	for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
		uint32_t verb = mvmp_verb_find(table[i].verb)->verb;

		for (unsigned role = 1; role < MVMP_ROLES_ALL; role <<= 1) {
			struct mvmp_cert caller = {.roles = (uint16_t)role};

			assert_int_equal(!mvmp_verb_allowed(verb, table[i].own, &caller, NULL),
				!!(table[i].allowed & role));
		}
	}
}

/* Only pin changes a node in this version. */
static void only_pin_changes(void **state)
{
	for (uint32_t verb = 0; verb < 300; verb++) {
		const struct mvmp_verb_info *info = mvmp_verb_info(verb);

		if (info)
			assert_int_equal(info->mutates, verb == 32);
	}
	assert_null(mvmp_verb_info(MVMP_VERB_NONE));
	assert_null(mvmp_verb_find("none"));
}

/* The sentences name the certificate, the role it has and the one it needs. */
static void refusals_are_sentences(void **state)
{
	struct mvmp_cert ada = {.name = "ada", .serial = 204, .roles = OBSERVER};
	struct mvmp_error err;

	assert_int_equal(mvmp_verb_allowed(MVMP_VERB_PIN, NODE, &ada, &err), MVMP_NOT_ALLOWED);
	assert_int_equal(err.status, MVMP_NOT_ALLOWED);
	assert_string_equal(
		err.text, "certificate 204 (ada) has role observer, pin needs operator");
	assert_int_equal(
		mvmp_verb_allowed(MVMP_VERB_PIN, AGGREGATOR, &ada, &err), MVMP_UNSUPPORTED);
	assert_string_equal(err.text, "pin is asked of role node, this member has role aggregator");
	assert_int_equal(mvmp_verb_allowed(4711, NODE, &ada, &err), MVMP_UNSUPPORTED);
	assert_string_equal(err.text, "verb 4711 is not known here (version 0.1.0)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_are_as_specified),
		cmocka_unit_test(only_pin_changes),
		cmocka_unit_test(refusals_are_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
