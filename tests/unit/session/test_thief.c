/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <stdlib.h>
#include <thief.h>

/*
 * A thief of the cluster key, who copied the operator's certificate, sends 100,000 INITs a second,
 * each with the cookie of the MAC it comes from.
 */

enum {
	RATE = 100000, /* INITs a second */
	MADE = 4096,   /* distinct ones, sent again and again from other MACs */
};

struct thief {
	struct pair p;
	struct test_thief self;
	struct mvmp_endpoint *ep;
	uint32_t macs; /* he goes round; 0: a new one for each INIT */
	uint64_t sent;
	uint8_t init[MADE][TEST_INIT_LEN];
};

static struct thief *begin(uint64_t seed, uint32_t macs)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 0x66};
	struct thief *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->p, seed, 1500, 1500);
	pair_connect(&t->p);
	test_world_run_ms(&t->p.world, 10);
	t->macs = macs;
	test_thief_begin(&t->self, &t->p.ada_identity);
	t->ep = test_world_add(&t->p.world, &t->self.identity, mac, 1500, false)->ep;
	for (uint32_t i = 0; i < MADE; i++)
		test_thief_init(t->init[i], t->ep, t->p.node->ep, i + 1, &t->p.world.random);
	return t;
}

static void end(struct thief *t)
{
	pair_clear(&t->p);
	free(t);
}

static void flood_one(struct thief *t)
{
	uint32_t n = (uint32_t)(t->macs ? t->sent % t->macs : t->sent);
	struct mvmp_addr from = {.mac = {0x06, 0x66, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
					 (uint8_t)(n >> 8), (uint8_t)n}};
	uint8_t *frame = t->init[t->sent++ % MADE];

	test_thief_prove(frame, t->p.node->ep, &from);
	mvmp_endpoint_receive(
		t->p.node->ep, &from, MVMP_CONTROL, frame, TEST_INIT_LEN, t->p.world.now);
}

/* Floods until the flag has this count or time is up; returns the ms it took. */
static uint64_t flood(struct thief *t, uint64_t ms, const unsigned *flag, unsigned count)
{
	struct test_world *world = &t->p.world;
	uint64_t began = world->now, until = began + ms * MVMP_NS_PER_MS;

	while (world->now < until) {
		flood_one(t);
		if (test_world_run(world, world->now + MVMP_NS_PER_S / RATE, flag, count))
			break;
	}
	return (world->now - began) / MVMP_NS_PER_MS;
}

/* Connects once, from a program that has just started, within `ms`; returns the time it took. */
static uint64_t connect_within(struct thief *t, struct test_node *node, uint64_t ms)
{
	unsigned *ups = &t->p.node->ups, wanted = *ups + 1;
	uint64_t took, now = t->p.world.now;
	struct mvmp_addr to = {.link = 0};

	memcpy(to.mac, node_mac, MVMP_MAC_LEN);
	assert_int_not_equal(
		mvmp_endpoint_connect(node->ep, &to, NULL, 0, now + ms * MVMP_NS_PER_MS, now), 0);
	took = flood(t, ms, ups, wanted);
	if (*ups != wanted)
		fail_msg("no session within %u ms", (unsigned)ms);
	return took;
}

/* An operator with a ticket comes in within a few round trips, each time, whatever MACs the thief
 * has. */
static void with_ticket(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct thief *t = begin(1 + i, i ? 0 : 2000);
		struct mvmp_ticket ticket = t->p.ada->ticket;

		flood(t, 300, NULL, 0);
		for (unsigned n = 0; n < 30; n++) {
			test_node_kill(t->p.ada);
			test_node_start(t->p.ada);
			mvmp_endpoint_add_ticket(t->p.ada->ep, &ticket);
			assert_in_range(connect_within(t, t->p.ada, 1000), 0, 5);
		}
		assert_int_equal(mvmp_endpoint_counters(t->p.node->ep)->handshakes_by_ticket, 30);
		end(t);
	}
}

static struct test_node *newcomer(struct thief *t, unsigned n)
{
	uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 1, (uint8_t)n};

	return test_world_add(&t->p.world, &t->p.ada_identity, mac, 1500, false);
}

/* Where the thief has used up his MACs, a newcomer comes in at once: nobody else is new. */
static void newcomer_among_known(void **state)
{
	struct thief *t = begin(3, 500);

	flood(t, 1100, NULL, 0);
	for (unsigned n = 0; n < 40; n++)
		assert_in_range(connect_within(t, newcomer(t, n), 10000), 0, 10);
	end(t);
}

/* Where every INIT of the thief comes from a MAC of its own, a newcomer draws lots: with the
 * probability 0.6 % for each INIT, one every 8.4 ms. */
static void newcomer_among_new(void **state)
{
	struct thief *t = begin(5, 0);
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(t->p.node->ep);
	uint64_t answered, began;

	flood(t, 300, NULL, 0);
	answered = c->handshakes_answered;
	began = t->p.world.now;
	connect_within(t, newcomer(t, 0), 10000);
	/* The public-key work stays within its bound meanwhile. */
	assert_in_range(c->handshakes_answered - answered, 1,
		50 + (t->p.world.now - began) * 600 / MVMP_NS_PER_S);
	end(t);
}

/* The newest INIT of ada, as it arrives at the node. */
static void see_init(struct pair *p, struct mvmp_addr *from, struct arrival *in)
{
	struct mvmp_endpoint *ada = p->ada->ep;
	unsigned i = 0;

	while (!ada->session[i].shake)
		i++;
	*from = (struct mvmp_addr){.link = 0};
	memcpy(from->mac, ada_mac, MVMP_MAC_LEN);
	*in = (struct arrival){.from = from,
		.header = ada->session[i].shake->frame + MVMP_LINK_HEADROOM,
		.now = p->world.now,
		.slot = p->node->ep->slot};
	assert_int_equal(mvmp_frame_decode(&in->frame, MVMP_CONTROL, in->header, TEST_INIT_LEN),
		MVMP_ACCEPTED);
}

static bool no_inits(struct test_node *node, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len)
{
	return (frame[0] & 15) != MVMP_INIT;
}

/* A refusal may be the thief's, from the node's MAC. It ends an attempt after half a second, but
 * not in a flood, where the node's own answer takes longer. */
static void forged_refusal(void **state)
{
	for (unsigned round = 0; round < 4; round++) {
		bool flooded = round > 0;
		struct mvmp_addr from;
		struct arrival in;
		struct pair p;

		pair_init(&p, 11, 1500, 1500);
		p.node->receive = no_inits;
		assert_int_not_equal(test_node_connect(p.ada, p.node), 0);
		test_world_run_ms(&p.world, 5);
		see_init(&p, &from, &in);
		if (round == 2) /* at once, before the node's cookie */
			mvmp_cookie_refuse(p.node->ep, &in, MVMP_DROP_REVOKED);
		if (flooded)
			mvmp_cookie_send(p.node->ep, &in, false);
		test_world_run_ms(&p.world, 1);
		see_init(&p, &from, &in);
		if (round != 2)
			mvmp_cookie_refuse(p.node->ep, &in, MVMP_DROP_REVOKED);
		test_world_run_ms(&p.world, 700);
		assert_int_equal(p.ada->downs, !flooded);
		if (round < 3)
			p.node->receive = NULL;
		test_world_run_ms(&p.world, 5000);
		assert_int_equal(p.ada->ups, round == 1 || round == 2);
		if (round == 3) { /* not the last word for who asks */
			assert_int_equal(p.ada->down_status, MVMP_NO_ANSWER);
			assert_non_null(strstr(p.ada->down_text, "revoked"));
		}
		pair_clear(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_ticket),
		cmocka_unit_test(newcomer_among_known),
		cmocka_unit_test(newcomer_among_new),
		cmocka_unit_test(forged_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
