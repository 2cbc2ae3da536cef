/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <internal.h>
#include <mvmp/bytes.h>
#include <stdlib.h>

/*
 * A thief of the cluster key, who copied the operator's certificate, sends 100,000 INITs a second,
 * each with the cookie of the MAC it comes from. An INIT needs no public-key work of him: any 32
 * bytes will do as ephemeral key, and the first message proves no static one.
 */

enum {
	RATE = 100000, /* INITs a second */
	MADE = 4096,   /* distinct ones, sent again and again from other MACs */
	FRAME = MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD,
};

struct thief {
	struct pair p;
	struct mvmp_identity identity;
	struct mvmp_crypto_ops ops;
	struct mvmp_endpoint *ep;
	uint32_t macs; /* he goes round; 0: a new one for each INIT */
	uint64_t sent;
	uint8_t init[MADE][FRAME];
};

static int any_key(uint8_t out[static 32], const uint8_t secret[static 32])
{
	memcpy(out, secret, 32);
	return 0;
}

static void make(struct thief *t, uint8_t *frame, uint32_t index)
{
	struct mvmp_frame head = {.kind = MVMP_INIT, .payload_len = MVMP_INIT_PAYLOAD};
	uint8_t *payload = frame + MVMP_HEADER_LEN, secret[MVMP_INIT_SECRET_LEN], ephemeral[32];
	struct mvmp_writer w = mvmp_writer(payload, 4);
	struct mvmp_noise noise;
	struct mvmp_greeting g;

	memset(frame, 0, FRAME);
	mvmp_frame_encode(frame, &head);
	mvmp_put_u32(&w, index);
	mvmp_member_greet(t->ep, &g, 0);
	g.timestamp = UINT64_MAX / 2;
	g.index = index;
	test_random_bytes(&t->p.world.random, g.instance, MVMP_ID_LEN);
	mvmp_init_encode(secret, &g);
	mvmp_member_noise(t->ep, t->ep->slot, &noise, true, mvmp_endpoint_instance(t->p.node->ep));
	test_random_bytes(&t->p.world.random, ephemeral, sizeof(ephemeral));
	mvmp_noise_set_ephemeral(&noise, ephemeral);
	assert_int_equal(
		mvmp_noise_write(&noise, secret, sizeof(secret), payload + 4, MVMP_INIT_NOISE_LEN),
		MVMP_INIT_NOISE_LEN);
	mvmp_member_mac(t->ep, payload + INIT_MEMBER_AT, t->ep->keys[t->ep->slot].member_key,
		MVMP_KEY_LEN, frame, MVMP_HEADER_LEN, payload, INIT_MEMBER_AT);
}

static struct thief *begin(uint64_t seed, uint32_t macs)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 0x66};
	struct thief *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->p, seed, 1500, 1500);
	pair_connect(&t->p);
	test_world_run_ms(&t->p.world, 10);
	t->macs = macs;
	t->ops = mvmp_crypto_openssl;
	t->ops.dh_public = any_key;
	t->identity = t->p.ada_identity;
	t->identity.crypto = &t->ops;
	memset(t->identity.secret, 9, sizeof(t->identity.secret)); /* he has not got it */
	t->ep = test_world_add(&t->p.world, &t->identity, mac, 1500, false)->ep;
	for (uint32_t i = 0; i < MADE; i++)
		make(t, t->init[i], i + 1);
	return t;
}

static void end(struct thief *t)
{
	pair_clear(&t->p);
	free(t);
}

/* The cookie of his MAC: what the COOKIE that he got says, before the flood. */
static void prove(struct thief *t, uint8_t *frame, const struct mvmp_addr *from)
{
	struct mvmp_endpoint *victim = t->p.node->ep;
	uint8_t cookie[MVMP_MAC_FIELD_LEN], *payload = frame + MVMP_HEADER_LEN;

	mvmp_member_mac(victim, cookie, victim->responder.cookie_secret[0], MVMP_KEY_LEN,
		&from->link, 1, from->mac, MVMP_MAC_LEN);
	mvmp_member_mac(victim, payload + INIT_COOKIE_AT, cookie, sizeof(cookie), frame,
		MVMP_HEADER_LEN, payload, INIT_COOKIE_AT);
}

static void flood_one(struct thief *t)
{
	uint32_t n = (uint32_t)(t->macs ? t->sent % t->macs : t->sent);
	struct mvmp_addr from = {.mac = {0x06, 0x66, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
					 (uint8_t)(n >> 8), (uint8_t)n}};
	uint8_t *frame = t->init[t->sent++ % MADE];

	prove(t, frame, &from);
	mvmp_endpoint_receive(t->p.node->ep, &from, MVMP_CONTROL, frame, FRAME, t->p.world.now);
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
	struct thief *t = begin(3, 1000);

	flood(t, 2000, NULL, 0);
	for (unsigned n = 0; n < 40; n++)
		assert_in_range(connect_within(t, newcomer(t, n), 10000), 0, 10);
	end(t);
}

/* Where every INIT of the thief comes from a MAC of its own, a newcomer draws lots: with the
 * probability 0.6 % for each INIT, one every 8.4 ms. */
static void newcomer_among_new(void **state)
{
	struct thief *t = begin(4, 0);
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(t->p.node->ep);
	uint64_t answered, began;

	flood(t, 400, NULL, 0);
	answered = c->handshakes_answered;
	began = t->p.world.now;
	for (unsigned n = 0; n < 3; n++)
		connect_within(t, newcomer(t, n), 10000);
	/* The public-key work stays within its bound meanwhile. */
	assert_in_range(c->handshakes_answered - answered, 1,
		50 + (t->p.world.now - began) * 600 / MVMP_NS_PER_S);
	end(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_ticket),
		cmocka_unit_test(newcomer_among_known),
		cmocka_unit_test(newcomer_among_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
