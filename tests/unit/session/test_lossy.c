/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <errno.h>

enum { MESSAGES = 40 };

/* What one side must have received: numbered messages in order, each whole and unchanged. */
struct ledger {
	uint32_t next;
	bool wrong, echo;
};

static size_t length_of(uint32_t number)
{
	static const size_t lengths[] = {5, 100, 1400, 1500, 4000, 9000, 33000};

	return lengths[number % (sizeof(lengths) / sizeof(lengths[0]))];
}

static bool is_message(const struct mvmp_event *event, uint32_t number)
{
	if (event->len != length_of(number))
		return false;
	for (size_t i = 0; i < event->len; i++) {
		if (event->bytes[i] != (uint8_t)(number + i * 7))
			return false;
	}
	return true;
}

static void check_message(struct test_node *node, const struct mvmp_event *event)
{
	struct ledger *ledger = node->ctx;

	if (event->type != MVMP_EVENT_MESSAGE)
		return;
	if (!is_message(event, ledger->next))
		ledger->wrong = true;
	ledger->next++;
	if (ledger->echo)
		mvmp_endpoint_send(
			node->ep, event->session, event->bytes, event->len, node->world->now);
}

/* Sends all messages, each answered by an echo, and waits for the last one. */
static void exchange(struct pair *p, unsigned messages)
{
	struct ledger at_node = {.echo = true}, at_ada = {0};
	uint64_t until = p->world.now + 120 * MVMP_NS_PER_S;

	p->node->hook = p->ada->hook = check_message;
	p->node->ctx = &at_node;
	p->ada->ctx = &at_ada;
	for (uint32_t i = 0; i < messages; i++)
		assert_int_equal(pair_send(p->ada, i, length_of(i)), 0);
	if (!test_world_run(&p->world, until, &p->ada->messages, messages))
		fail_msg("%u of %u came back; down: %s %s", p->ada->messages, messages,
			p->ada->down_text, p->node->down_text);
	assert_false(at_node.wrong || at_ada.wrong);
	assert_int_equal(at_node.next, messages);
	assert_int_equal(p->ada->downs, 0);
	p->node->hook = p->ada->hook = NULL;
}

static void run_seed(uint64_t seed, uint32_t ppm, uint16_t node_mtu, uint16_t ada_mtu)
{
	struct pair p;
	struct mvmp_impairment bad = {.loss_ppm = ppm,
		.duplicate_ppm = ppm,
		.reorder_ppm = ppm,
		.corrupt_ppm = ppm / 4,
		.delay_ns = 20000,
		.jitter_ns = 50000,
		.pad = true};

	pair_init(&p, seed, node_mtu, ada_mtu);
	mvmp_memswitch_impair(p.world.sw, &bad);
	pair_connect(&p);
	exchange(&p, MESSAGES);
	pair_clear(&p);
}

/* With 5 % of the frames lost, doubled, out of order and some corrupted, every message arrives
 * once, whole and in order. */
static void five_percent(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
		run_seed(seed, 50000, 1500, 1500);
}

/* The same with 20 %. */
static void twenty_percent(void **state)
{
	for (uint64_t seed = 1001; seed <= 1060; seed++)
		run_seed(seed, 200000, 1500, 1500);
}

/* Ends of different MTU agree on the smaller one. */
static void mixed_mtu(void **state)
{
	static const uint16_t mtus[] = {576, 1500, 9000};

	for (unsigned i = 0; i < 9; i++)
		run_seed(2000 + i, 50000, mtus[i / 3], mtus[i % 3]);
}

/* A mebibyte, the longest message, crosses a segment that loses frames at the least MTU. */
static void longest_message(void **state)
{
	struct pair p;
	struct mvmp_impairment bad = {.loss_ppm = 20000, .delay_ns = 20000};

	pair_init(&p, 5, 576, 576);
	mvmp_memswitch_impair(p.world.sw, &bad);
	pair_connect(&p);
	assert_int_equal(pair_send(p.ada, 1, MVMP_MESSAGE_MAX + 1), -EMSGSIZE);
	assert_int_equal(pair_send(p.ada, 1, MVMP_MESSAGE_MAX), 0);
	assert_true(
		test_world_run(&p.world, p.world.now + 60 * MVMP_NS_PER_S, &p.node->messages, 1));
	assert_int_equal(p.node->last_len, MVMP_MESSAGE_MAX);
	pair_clear(&p);
}

/* Without loss nothing is repeated, and a request with its answer takes two DATA frames and one
 * acknowledgement. */
static void no_needless_frames(void **state)
{
	struct pair p;
	struct ledger at_node = {.echo = true}, at_ada = {0};
	const struct mvmp_endpoint_counters *node, *ada;
	uint64_t before;

	pair_init(&p, 6, 1500, 1500);
	pair_connect(&p);
	p.node->hook = p.ada->hook = check_message;
	p.node->ctx = &at_node;
	p.ada->ctx = &at_ada;
	test_world_run_ms(&p.world, 500); /* the node's announcement passes */
	node = mvmp_endpoint_counters(p.node->ep);
	ada = mvmp_endpoint_counters(p.ada->ep);
	before = node->frames_out[MVMP_CONTROL] + ada->frames_out[MVMP_CONTROL];
	assert_int_equal(pair_send(p.ada, 0, length_of(0)), 0);
	test_world_run_ms(&p.world, 100);
	assert_int_equal(p.ada->messages, 1);
	assert_int_equal(
		node->frames_out[MVMP_CONTROL] + ada->frames_out[MVMP_CONTROL] - before, 3);
	assert_int_equal(node->retransmissions + ada->retransmissions, 0);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_percent),
		cmocka_unit_test(twenty_percent),
		cmocka_unit_test(mixed_mtu),
		cmocka_unit_test(longest_message),
		cmocka_unit_test(no_needless_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
