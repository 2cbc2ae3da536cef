/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int node_send(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct test_node *node = ctx;

	if (node->send_error)
		return node->send_error;
	return mvmp_link_send(node->link, to->mac, channel, frame, len);
}

static void node_random(void *ctx, void *to, size_t len)
{
	struct test_node *node = ctx;

	test_random_bytes(&node->world->random, to, len);
}

static uint64_t node_wall_s(void *ctx)
{
	struct test_node *node = ctx;

	return node->world->wall_s;
}

static void note_bytes(struct test_node *node, const struct mvmp_event *event)
{
	node->last_len = event->len;
	memcpy(node->last, event->bytes,
		event->len < sizeof(node->last) ? event->len : sizeof(node->last));
}

static void note_down(struct test_node *node, const struct mvmp_event *event)
{
	node->downs++;
	node->down_status = event->status;
	snprintf(node->down_text, sizeof(node->down_text), "%s", event->text);
	if (event->session == node->session)
		node->session = 0;
}

static void node_event(void *ctx, const struct mvmp_event *event)
{
	struct test_node *node = ctx;

	if (node->hook)
		node->hook(node, event);
	switch (event->type) {
	case MVMP_EVENT_BEACON:
		node->beacons++;
		node->peer = *event->peer;
		break;
	case MVMP_EVENT_SESSION_UP:
		node->ups++;
		node->session = event->session;
		node->peer = *event->peer;
		break;
	case MVMP_EVENT_SESSION_DOWN:
		note_down(node, event);
		break;
	case MVMP_EVENT_MESSAGE:
		node->messages++;
		note_bytes(node, event);
		break;
	case MVMP_EVENT_STATS:
		node->stats++;
		note_bytes(node, event);
		break;
	case MVMP_EVENT_WRITABLE:
		node->writables++;
		break;
	}
}

void test_world_init(struct test_world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->sw = mvmp_memswitch_new(seed);
	if (!world->sw)
		abort();
	world->random = seed ^ 0x5eed;
	world->now = MVMP_NS_PER_S;
	world->wall_s = TEST_WALL_S;
	mvmp_memswitch_impair(world->sw, &(struct mvmp_impairment){.delay_ns = 20000});
	mvmp_memswitch_advance(world->sw, world->now);
}

void test_world_clear(struct test_world *world)
{
	for (unsigned i = 0; i < world->count; i++) {
		mvmp_endpoint_free(world->node[i].ep);
		mvmp_link_close(world->node[i].link);
	}
	mvmp_memswitch_free(world->sw);
}

struct test_node *test_world_add(struct test_world *world, struct mvmp_identity *identity,
	const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu, bool answer_probes)
{
	struct test_node *node = &world->node[world->count++];

	if (world->count > TEST_NODES_MAX)
		abort();
	node->world = world;
	node->identity = identity;
	node->answer_probes = answer_probes;
	node->link = mvmp_memswitch_port(world->sw, mac, mtu);
	if (!node->link)
		abort();
	test_random_bytes(&world->random, node->host_boot, MVMP_ID_LEN);
	test_node_start(node);
	return node;
}

void test_node_kill(struct test_node *node)
{
	mvmp_endpoint_free(node->ep);
	node->ep = NULL;
	node->session = 0;
}

void test_node_start(struct test_node *node)
{
	struct mvmp_endpoint_config config = {.identity = node->identity,
		.env = {node, node_send, node_random, node_wall_s, node_event},
		.answer_probes = node->answer_probes,
		.sessions_max = node->sessions_max,
		.half_open_max = node->half_open_max};
	struct mvmp_error err;

	memcpy(config.host_boot, node->host_boot, MVMP_ID_LEN);
	if (mvmp_endpoint_new(&config, node->world->now, &node->ep, &err) ||
		mvmp_endpoint_set_link(node->ep, 0, node->link))
		abort();
}

mvmp_session test_node_connect(struct test_node *node, const struct test_node *to)
{
	struct mvmp_addr addr = {.link = 0};
	uint64_t now = node->world->now;

	memcpy(addr.mac, to->link->mac, MVMP_MAC_LEN);
	return mvmp_endpoint_connect(node->ep, &addr, NULL, 0, now + 5 * MVMP_NS_PER_S, now);
}

static void deliver(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct test_node *node = ctx;
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, src, MVMP_MAC_LEN);
	if (node->ep)
		mvmp_endpoint_receive(node->ep, &from, channel, frame, len, node->world->now);
}

static uint64_t next_time(const struct test_world *world)
{
	uint64_t next = mvmp_memswitch_next(world->sw);

	for (unsigned i = 0; i < world->count; i++) {
		uint64_t at =
			world->node[i].ep ? mvmp_endpoint_deadline(world->node[i].ep) : UINT64_MAX;

		if (at < next)
			next = at;
	}
	return next;
}

static void step(struct test_world *world)
{
	mvmp_memswitch_advance(world->sw, world->now);
	for (unsigned i = 0; i < world->count; i++) {
		struct test_node *node = &world->node[i];

		mvmp_link_receive(node->link, 1000, deliver, node);
		if (node->ep && mvmp_endpoint_deadline(node->ep) <= world->now)
			mvmp_endpoint_advance(node->ep, world->now);
	}
}

bool test_world_run(struct test_world *world, uint64_t until, const unsigned *flag, unsigned count)
{
	for (;;) {
		uint64_t next;

		if (flag && *flag >= count)
			return true;
		next = next_time(world);
		if (next > until)
			break;
		if (next > world->now)
			world->now = next;
		step(world);
	}
	if (until > world->now)
		world->now = until;
	mvmp_memswitch_advance(world->sw, world->now);
	return flag && *flag >= count;
}

void test_world_run_ms(struct test_world *world, uint64_t ms)
{
	test_world_run(world, world->now + ms * MVMP_NS_PER_MS, NULL, 0);
}

uint64_t test_node_drops(const struct test_node *node, enum mvmp_verdict verdict)
{
	return mvmp_endpoint_counters(node->ep)->drops.count[verdict];
}
