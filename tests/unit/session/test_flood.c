/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <mvmp/frame.h>

/*
 * A stranger records the INITs of many short runs of mvctl and plays them to the node again. The
 * node remembers the last timestamps of 256 instances; the others' INITs look fresh.
 */

enum { RECORDED = 700 };

struct recording {
	unsigned count;
	bool on;
	uint8_t init[RECORDED][MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD];
};

static void tap(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len)
{
	struct recording *r = ctx;

	if (!r->on || r->count == RECORDED || (frame[0] & 15) != MVMP_INIT)
		return;
	memcpy(r->init[r->count++], frame, sizeof(r->init[0]));
}

static void record(struct pair *p, struct recording *r)
{
	*r = (struct recording){.on = true};
	mvmp_memswitch_set_tap(p->world.sw, tap, r);
	while (r->count < RECORDED) {
		pair_connect(p);
		mvmp_endpoint_close(p->ada->ep, p->ada->session, p->world.now);
		test_world_run_ms(&p->world, 1);
		test_node_kill(p->ada);
		test_node_start(p->ada);
		test_world_run_ms(&p->world, 200);
	}
	r->on = false;
}

static void play_one(struct pair *p, const struct recording *r, unsigned i, bool spoofed)
{
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, ada_mac, MVMP_MAC_LEN);
	if (spoofed) {
		from.mac[3] = (uint8_t)(1 + i);
		from.mac[4] = (uint8_t)(i >> 8);
	}
	mvmp_endpoint_receive(p->node->ep, &from, MVMP_CONTROL, r->init[i % RECORDED],
		sizeof(r->init[0]), p->world.now);
}

/* Replays at `rate` a second for 2 s, then goes on and connects anew meanwhile, several times;
 * returns the longest time until both were up, in ms. */
static uint64_t slowest_connect(uint64_t seed, unsigned rate, bool spoofed)
{
	static struct recording r;
	uint64_t began = 0, worst = 0, step = MVMP_NS_PER_S / rate;
	unsigned played = 0, ups;
	struct pair p;

	pair_init(&p, seed, 1500, 1500);
	record(&p, &r);
	while (played < 2 * rate) {
		play_one(&p, &r, played++, spoofed);
		test_world_run(&p.world, p.world.now + step, NULL, 0);
	}
	for (unsigned i = 0; i < 5; i++) {
		test_node_kill(p.ada);
		test_node_start(p.ada);
		ups = p.node->ups + 1;
		began = p.world.now;
		assert_int_not_equal(test_node_connect(p.ada, p.node), 0);
		while (!test_world_run(&p.world, p.world.now + step, &p.node->ups, ups)) {
			play_one(&p, &r, played++, spoofed);
			if (p.ada->downs)
				fail_msg("%u a second: %s", rate, p.ada->down_text);
		}
		if (p.world.now - began > worst)
			worst = p.world.now - began;
	}
	pair_clear(&p);
	return worst / MVMP_NS_PER_MS;
}

/* However fast INITs of others are replayed, from whatever MACs, a member's connect comes up at
 * once. */
static void connect_under_replay(void **state)
{
	assert_in_range(slowest_connect(1, 13, true), 0, 5);
	assert_in_range(slowest_connect(2, 100, true), 0, 5);
	assert_in_range(slowest_connect(3, 100, false), 0, 5);
	assert_in_range(slowest_connect(4, 10000, true), 0, 5);
	assert_in_range(slowest_connect(5, 10000, false), 0, 5);
}

/* A flood takes few places and causes little public-key work: where half of the places are taken,
 * the next INIT must bring a cookie. */
static void bounded_work(void **state)
{
	static struct recording r;
	uint64_t before;
	struct pair p;

	pair_init(&p, 6, 1500, 1500);
	record(&p, &r);
	test_world_run_ms(&p.world, 10000);
	before = mvmp_endpoint_counters(p.node->ep)->handshakes_answered;
	for (unsigned i = 0; i < 3000; i++) {
		play_one(&p, &r, i, true);
		test_world_run_ms(&p.world, 1);
	}
	assert_in_range(mvmp_endpoint_counters(p.node->ep)->handshakes_answered - before, 40, 64);
	assert_true(test_node_drops(p.node, MVMP_DROP_COOKIE) > 1000);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_under_replay),
		cmocka_unit_test(bounded_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
