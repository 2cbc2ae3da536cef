/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <mvmp/frame.h>
#include <stdio.h>

/* A capture of PROBE and BEACON times and bytes. */
struct watch {
	unsigned beacons, probes;
	uint64_t first, last;
	uint8_t probe[224], probe_src[MVMP_MAC_LEN];
	bool readable;
};

static void tap(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len)
{
	struct watch *watch = ctx;

	if (memmem(frame, len, "node-", 5))
		watch->readable = true;
	if ((frame[0] & 15) == MVMP_PROBE && len == sizeof(watch->probe)) {
		watch->probes++;
		memcpy(watch->probe, frame, len);
		memcpy(watch->probe_src, src, MVMP_MAC_LEN);
	}
	if ((frame[0] & 15) != MVMP_BEACON)
		return;
	if (!watch->beacons++)
		watch->first = now;
	watch->last = now;
}

enum { NODES = 40 };

struct crowd {
	struct test_authority authority;
	struct test_world world;
	struct mvmp_identity identity[NODES + 1];
	struct test_node *ada;
};

static void crowd_init(struct crowd *crowd)
{
	struct test_member ada = pair_ada();

	test_authority_init(&crowd->authority, 7);
	test_world_init(&crowd->world, 1);
	for (unsigned i = 0; i < NODES; i++) {
		struct test_member node = pair_node();
		char name[16];

		snprintf(name, sizeof(name), "node-%u", i);
		node.name = name;
		node.mac[0][5] = (uint8_t)(0x10 + i);
		test_authority_member(&crowd->authority, &crowd->identity[i], &node);
		test_world_add(&crowd->world, &crowd->identity[i], node.mac[0], 1500, true);
	}
	test_authority_member(&crowd->authority, &crowd->identity[NODES], &ada);
	crowd->ada = test_world_add(&crowd->world, &crowd->identity[NODES], ada_mac, 1500, false);
	test_world_run_ms(&crowd->world, 1000); /* announcements are over */
}

static void crowd_clear(struct crowd *crowd)
{
	test_world_clear(&crowd->world);
	for (unsigned i = 0; i <= NODES; i++)
		mvmp_identity_clear(&crowd->identity[i]);
}

/* One PROBE finds everybody; the answers are spread over the time it names; nobody without the
 * cluster key can read a name. */
static void everybody(void **state)
{
	static struct crowd crowd;
	struct watch watch = {0};

	crowd_init(&crowd);
	crowd.ada->beacons = 0;
	mvmp_memswitch_set_tap(crowd.world.sw, tap, &watch);
	mvmp_endpoint_probe(crowd.ada->ep, 0, NULL, 200, crowd.world.now);
	test_world_run_ms(&crowd.world, 300);
	assert_int_equal(crowd.ada->beacons, NODES);
	assert_int_equal(watch.beacons, NODES);
	assert_true(watch.last - watch.first > 100 * MVMP_NS_PER_MS);
	assert_false(watch.readable);
	crowd_clear(&crowd);
}

/* A BEACON tells name, role, MAC, MTU, boots and fingerprint of the member that sent it. */
static void contents(void **state)
{
	struct pair p;

	pair_init(&p, 2, 9000, 1500);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_MS, &p.ada->beacons, 1));
	assert_string_equal(p.ada->peer.name, "node-1");
	assert_int_equal(p.ada->peer.roles, MVMP_ROLE_NODE);
	assert_int_equal(p.ada->peer.mtu, 9000);
	assert_int_equal(p.ada->peer.macs, 1);
	assert_memory_equal(p.ada->peer.mac[0], node_mac, MVMP_MAC_LEN);
	assert_memory_equal(p.ada->peer.addr.mac, node_mac, MVMP_MAC_LEN);
	assert_memory_equal(p.ada->peer.host_boot, p.node->host_boot, MVMP_ID_LEN);
	assert_memory_equal(p.ada->peer.instance, mvmp_endpoint_instance(p.node->ep), MVMP_ID_LEN);
	pair_clear(&p);
}

/* A new member announces itself once, to all. */
static void announcement(void **state)
{
	struct pair p;

	pair_init(&p, 3, 1500, 1500);
	test_world_run_ms(&p.world, 5000);
	assert_int_equal(p.ada->beacons, 1);
	assert_int_equal(p.node->beacons, 0);
	pair_clear(&p);
}

/* A PROBE played again from its own address is dropped; however many come, a node sends at most
 * 100 BEACONs a second. */
static void probe_storm(void **state)
{
	struct watch watch = {0};
	struct mvmp_addr from = {.link = 0};
	struct pair p;

	pair_init(&p, 4, 1500, 1500);
	test_world_run_ms(&p.world, 1000);
	mvmp_memswitch_set_tap(p.world.sw, tap, &watch);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 100);
	assert_int_equal(watch.beacons, 1);
	memcpy(from.mac, watch.probe_src, MVMP_MAC_LEN);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(mvmp_endpoint_receive(p.node->ep, &from, MVMP_CONTROL, watch.probe,
					 sizeof(watch.probe), p.world.now),
			MVMP_DROP_REPLAY);
	watch.beacons = 0;
	for (unsigned i = 0; i < 3000; i++) {
		mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
		test_world_run_ms(&p.world, 1);
	}
	assert_in_range(watch.beacons, 300, 410); /* 3 s, and a burst of 100 */
	pair_clear(&p);
}

/* A PROBE played again from another address after the node restarted obtains one BEACON that
 * nobody but the cluster can read and that the asker takes for none of its own questions. */
static void replay_after_restart(void **state)
{
	static const uint8_t eve[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 0x66};
	struct watch watch = {0};
	struct mvmp_addr from = {.link = 0};
	struct pair p;

	pair_init(&p, 5, 1500, 1500);
	mvmp_memswitch_set_tap(p.world.sw, tap, &watch);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 500);
	test_node_kill(p.node);
	test_node_start(p.node);
	test_world_run_ms(&p.world, 500);
	watch = (struct watch){.beacons = 0};
	memcpy(from.mac, eve, MVMP_MAC_LEN);
	mvmp_endpoint_probe(p.ada->ep, 0, NULL, 0, p.world.now);
	test_world_run_ms(&p.world, 100);
	watch.beacons = 0;
	test_node_kill(p.node);
	test_node_start(p.node);
	assert_int_equal(mvmp_endpoint_receive(p.node->ep, &from, MVMP_CONTROL, watch.probe,
				 sizeof(watch.probe), p.world.now),
		MVMP_ACCEPTED);
	assert_int_equal(watch.beacons, 1);
	assert_false(watch.readable);
	pair_clear(&p);
}

/* Who is asked by an operator only answers when it is there to be asked. */
static void operators_are_silent(void **state)
{
	struct pair p;

	pair_init(&p, 6, 1500, 1500);
	mvmp_endpoint_probe(p.node->ep, 0, ada_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 1000);
	assert_int_equal(p.node->beacons, 0);
	assert_int_equal(test_node_drops(p.ada, MVMP_DROP_ROLE), 1);
	pair_clear(&p);
}

/* Frames from a group address or from one's own are dropped unread. */
static void sources(void **state)
{
	static const uint8_t frame[224] = {0x11, 0, 208, 0};
	struct mvmp_addr group = {.mac = {3, 0, 0, 0, 0, 1}}, own = {.link = 0},
			 nowhere = {.link = 5};
	struct pair p;

	pair_init(&p, 7, 1500, 1500);
	memcpy(own.mac, node_mac, MVMP_MAC_LEN);
	assert_int_equal(
		mvmp_endpoint_receive(p.node->ep, &group, MVMP_CONTROL, frame, 224, p.world.now),
		MVMP_DROP_SOURCE);
	assert_int_equal(
		mvmp_endpoint_receive(p.node->ep, &own, MVMP_CONTROL, frame, 224, p.world.now),
		MVMP_DROP_SOURCE);
	assert_int_equal(
		mvmp_endpoint_receive(p.node->ep, &nowhere, MVMP_CONTROL, frame, 224, p.world.now),
		MVMP_DROP_SOURCE);
	pair_clear(&p);
}

/* Who asks without end, or replays what others asked, takes no BEACON from who asks now and then.
 */
static void fair_share(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 0x33};
	struct test_node *eve;
	struct pair p;

	pair_init(&p, 9, 1500, 1500);
	eve = test_world_add(&p.world, &p.ada_identity, mac, 1500, false);
	test_world_run_ms(&p.world, 500);
	p.ada->beacons = eve->beacons = 0;
	for (unsigned i = 0; i < 4000; i++) {
		if (i % 400 == 399)
			mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
		mvmp_endpoint_probe(eve->ep, 0, node_mac, 0, p.world.now);
		test_world_run(&p.world, p.world.now + MVMP_NS_PER_MS / 2, NULL, 0);
	}
	assert_int_equal(p.ada->beacons, 10);
	assert_in_range(eve->beacons, 200, 260);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody),
		cmocka_unit_test(fair_share),
		cmocka_unit_test(contents),
		cmocka_unit_test(announcement),
		cmocka_unit_test(probe_storm),
		cmocka_unit_test(replay_after_restart),
		cmocka_unit_test(operators_are_silent),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
