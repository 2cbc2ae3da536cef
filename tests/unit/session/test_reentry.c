/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

/*
 * Owners that answer every event by calls into the endpoint that just called them. The sanitizers
 * say whether anything was used after it was freed; the assertions, whether it still works.
 */

enum { NODES = 6, SECONDS = 120 };

struct crowd {
	struct test_authority authority;
	struct test_world world;
	struct mvmp_identity identity[NODES];
	unsigned depth;
};

static uint64_t draw(struct test_world *world, uint64_t bound)
{
	return test_random(&world->random) % bound;
}

static void poke_session(struct test_node *node, mvmp_session session)
{
	static const uint8_t bytes[6000];
	struct test_world *world = node->world;
	struct mvmp_endpoint *ep = node->ep;
	size_t room = mvmp_endpoint_stats_room(ep, session);

	mvmp_endpoint_cert(ep, session);
	mvmp_endpoint_peer(ep, session);
	if (draw(world, 2))
		mvmp_endpoint_send(ep, session, bytes, 1 + draw(world, sizeof(bytes)), world->now);
	if (room && draw(world, 2))
		mvmp_endpoint_send_stats(ep, session, bytes, draw(world, room), world->now);
	if (draw(world, 8) == 0)
		mvmp_endpoint_close(ep, session, world->now);
}

static void connect_any(struct test_node *node)
{
	struct test_world *world = node->world;
	struct mvmp_addr to = {.link = 0};

	memcpy(to.mac, world->node[draw(world, NODES)]->link->mac, MVMP_MAC_LEN);
	mvmp_endpoint_connect(
		node->ep, &to, NULL, 0, world->now + draw(world, 3 * MVMP_NS_PER_S), world->now);
}

/* Every call that endpoint.h allows inside an event, at random. */
static void poke(struct test_node *node, const struct mvmp_event *event)
{
	struct crowd *crowd = node->ctx;
	struct test_world *world = node->world;

	if (crowd->depth == 3)
		return;
	crowd->depth++;
	poke_session(node, event->session);
	poke_session(node, node->session);
	if (draw(world, 3) == 0)
		connect_any(node);
	if (draw(world, 4) == 0)
		mvmp_endpoint_probe(node->ep, 0, NULL, (unsigned)draw(world, 50), world->now);
	if (draw(world, 10) == 0)
		mvmp_endpoint_recheck(node->ep, world->now);
	if (draw(world, 12) == 0)
		mvmp_endpoint_drop_link(node->ep, 0, world->now);
	if (draw(world, 12) == 0) {
		node->link->mtu = (uint16_t)(1300 + draw(world, 400));
		mvmp_endpoint_set_link(node->ep, 0, node->link);
	}
	mvmp_endpoint_counters(node->ep);
	mvmp_endpoint_instance(node->ep);
	mvmp_endpoint_deadline(node->ep);
	crowd->depth--;
}

static void crowd_init(struct crowd *crowd, uint64_t seed)
{
	struct mvmp_impairment bad = {.loss_ppm = 50000, .delay_ns = 20000, .jitter_ns = 1000000};

	crowd->depth = 0;
	test_authority_init(&crowd->authority, seed);
	test_world_init(&crowd->world, seed);
	mvmp_memswitch_impair(crowd->world.sw, &bad);
	for (unsigned i = 0; i < NODES; i++) {
		struct test_member member = pair_node();
		struct test_node *node;

		member.roles |= MVMP_ROLE_AGGREGATOR;
		member.mac[0][5] = (uint8_t)(1 + i);
		test_authority_member(&crowd->authority, &crowd->identity[i], &member);
		node = test_world_add(
			&crowd->world, &crowd->identity[i], member.mac[0], 1500, true);
		test_node_kill(node);
		node->sessions_max = 3;
		test_node_start(node);
		node->hook = poke;
		node->ctx = crowd;
	}
}

static void crowd_clear(struct crowd *crowd)
{
	test_world_clear(&crowd->world);
	for (unsigned i = 0; i < NODES; i++)
		mvmp_identity_clear(&crowd->identity[i]);
}

/* Nodes that die, come back, and lose their link keep tables full and sessions silent. */
static void disturb(struct crowd *crowd)
{
	struct test_node *node = crowd->world.node[draw(&crowd->world, NODES)];

	if (!node->ep)
		test_node_start(node);
	else if (draw(&crowd->world, 20) == 0)
		test_node_kill(node);
	else
		mvmp_endpoint_set_link(node->ep, 0, node->link);
	if (node->ep)
		connect_any(node);
}

/* Whatever an owner does inside an event, the endpoint goes on. */
static void busy_owners(void **state)
{
	static struct crowd crowd;
	unsigned ups = 0, messages = 0;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		crowd_init(&crowd, seed);
		while (crowd.world.now < SECONDS * MVMP_NS_PER_S) {
			test_world_run_ms(&crowd.world, 100);
			disturb(&crowd);
		}
		for (unsigned i = 0; i < NODES; i++) {
			ups += crowd.world.node[i]->ups;
			messages += crowd.world.node[i]->messages;
		}
		crowd_clear(&crowd);
	}
	assert_true(ups > 1000);
	assert_true(messages > 1000);
}

static void drop_link(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_SESSION_DOWN)
		mvmp_endpoint_drop_link(node->ep, 0, node->world->now);
}

/* A newcomer's confirmation takes the place of a silent session; the owner, told of that, drops the
 * link: the newcomer has no session then. */
static void eviction_drops_link(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 3};
	struct test_node *bob;
	struct pair p;

	pair_init(&p, 1, 1500, 1500);
	test_node_kill(p.node);
	p.node->sessions_max = 1;
	test_node_start(p.node);
	bob = test_world_add(&p.world, &p.ada_identity, mac, 1500, false);
	pair_connect(&p);
	test_node_kill(p.ada);
	test_world_run_ms(&p.world, 2500);
	p.node->hook = drop_link;
	assert_int_not_equal(test_node_connect(bob, p.node), 0);
	test_world_run_ms(&p.world, 500);
	assert_int_equal(p.node->downs, 1);
	assert_int_equal(p.node->ups, 1);
	pair_clear(&p);
}

/* The same where a connect takes the place: it fails, as on every link that is not there. */
static void connect_drops_link(void **state)
{
	struct mvmp_addr to = {.link = 0, .mac = {2, 0, 0, 0, 0, 9}};
	struct pair p;

	pair_init(&p, 2, 1500, 1500);
	test_node_kill(p.node);
	p.node->sessions_max = 1;
	test_node_start(p.node);
	pair_connect(&p);
	test_node_kill(p.ada);
	test_world_run_ms(&p.world, 2500);
	p.node->hook = drop_link;
	assert_int_equal(mvmp_endpoint_connect(p.node->ep, &to, NULL, 0,
				 p.world.now + MVMP_NS_PER_S, p.world.now),
		0);
	assert_int_equal(p.node->downs, 1);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eviction_drops_link),
		cmocka_unit_test(connect_drops_link),
		cmocka_unit_test(busy_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
