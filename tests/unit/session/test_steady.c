/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <fault.h>

enum { QUEUE = 16 };

/* An endpoint whose frames are kept in fixed places instead of a switch. */
struct end {
	struct mvmp_identity identity;
	struct mvmp_endpoint *ep;
	struct mvmp_addr addr;
	uint64_t random;
	mvmp_session session;
	unsigned queued, messages, stats;
	struct {
		uint8_t bytes[1500];
		size_t len;
		enum mvmp_channel channel;
	} queue[QUEUE];
};

static uint64_t now = MVMP_NS_PER_S;

static int enqueue(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	struct end *end = ctx;

	assert_true(end->queued < QUEUE);
	memcpy(end->queue[end->queued].bytes, frame, len);
	end->queue[end->queued].len = len;
	end->queue[end->queued++].channel = channel;
	return 0;
}

static void draw(void *ctx, void *to, size_t len)
{
	struct end *end = ctx;

	test_random_bytes(&end->random, to, len);
}

static uint64_t wall_s(void *ctx)
{
	return TEST_WALL_S;
}

/* The node answers each message with one of the same length. */
static void react(void *ctx, const struct mvmp_event *event)
{
	struct end *end = ctx;

	if (event->type == MVMP_EVENT_SESSION_UP)
		end->session = event->session;
	end->messages += event->type == MVMP_EVENT_MESSAGE;
	end->stats += event->type == MVMP_EVENT_STATS;
	if (event->type == MVMP_EVENT_MESSAGE && !event->initiated)
		mvmp_endpoint_send(end->ep, event->session, event->bytes, event->len, now);
}

static void begin(struct end *end, struct test_authority *authority,
	const struct test_member *member, const uint8_t *mac, bool answers)
{
	struct mvmp_endpoint_config config = {.identity = &end->identity,
		.env = {end, enqueue, draw, wall_s, react},
		.answer_probes = answers};
	struct mvmp_link link = {.mtu = 1500, .has_macs = true};

	memcpy(link.mac, mac, MVMP_MAC_LEN);
	memcpy(end->addr.mac, mac, MVMP_MAC_LEN);
	end->random = mac[5];
	test_authority_member(authority, &end->identity, member);
	assert_int_equal(mvmp_endpoint_new(&config, now, &end->ep, NULL), 0);
	assert_int_equal(mvmp_endpoint_set_link(end->ep, 0, &link), 0);
}

static void pass(struct end *from, struct end *to)
{
	unsigned n = from->queued;

	for (unsigned i = 0; i < n; i++)
		mvmp_endpoint_receive(to->ep, &from->addr, from->queue[i].channel,
			from->queue[i].bytes, from->queue[i].len, now);
	from->queued = 0;
}

static void settle(struct end *a, struct end *b)
{
	for (unsigned i = 0; i < 10; i++) {
		pass(a, b);
		pass(b, a);
		now += 300000;
		mvmp_endpoint_advance(a->ep, now);
		mvmp_endpoint_advance(b->ep, now);
	}
}

/* Requests, answers, acknowledgements, stats and pings of a running session take no memory. */
static void steady_state(void **state)
{
	static struct end node, ada;
	static const uint8_t bytes[1400];
	struct test_authority authority;
	unsigned allocations;
	struct test_member node_member = pair_node(), ada_member = pair_ada();

	test_authority_init(&authority, 1);
	begin(&node, &authority, &node_member, node_mac, true);
	begin(&ada, &authority, &ada_member, ada_mac, false);
	mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, now + MVMP_NS_PER_S, now);
	settle(&ada, &node);
	assert_int_not_equal(ada.session, 0);
	mvmp_endpoint_send(ada.ep, ada.session, bytes, sizeof(bytes), now);
	settle(&ada, &node);
	allocations = fault_allocations();
	assert_true(allocations > 0); /* the counting works */
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(
			mvmp_endpoint_send(ada.ep, ada.session, bytes, 1 + i % 1400, now), 0);
		mvmp_endpoint_send_stats(node.ep, node.session, bytes, sizeof(bytes), now);
		settle(&ada, &node);
		now += i % 100 ? 0 : 2 * MVMP_NS_PER_S;
	}
	assert_int_equal(fault_allocations(), allocations);
	assert_int_equal(ada.messages, 1001);
	assert_int_equal(node.messages, 1001);
	assert_int_equal(ada.stats, 1000);
	mvmp_endpoint_free(node.ep);
	mvmp_endpoint_free(ada.ep);
	mvmp_identity_clear(&node.identity);
	mvmp_identity_clear(&ada.identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(steady_state)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
