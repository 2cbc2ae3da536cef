/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

/* An operator that knows an address only gets a session by PROBE, BEACON, INIT, REPLY and its
 * confirming DATA, and requests and answers pass both ways. */
static void contact(void **state)
{
	struct pair p;

	pair_init(&p, 1, 1500, 1500);
	pair_connect(&p);
	assert_string_equal(p.ada->peer.name, "node-1");
	assert_string_equal(p.node->peer.name, "ada");
	assert_int_equal(pair_send(p.ada, 1, 200), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->messages, 1));
	assert_int_equal(p.node->last_len, 200);
	assert_int_equal(pair_send(p.node, 2, 100000), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.ada->messages, 1));
	assert_int_equal(p.ada->last_len, 100000);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(contact)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
