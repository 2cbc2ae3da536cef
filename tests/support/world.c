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
	if (node->send)
		return node->send(node, to, channel, frame, len);
	return mvmp_link_send(node->link, to->mac, channel, frame, len);
}

static void node_random(void *ctx, void *to, size_t len)
{
	struct test_node *node = ctx;

	test_random_bytes(&node->world->random, to, len);
}

static uint64_t node_wall_s(void *ctx)
{
	return test_node_wall_ns(ctx) / MVMP_NS_PER_S;
}

uint64_t test_node_wall_ns(const struct test_node *node)
{
	const struct test_world *world = node->world;

	return world->wall_s * MVMP_NS_PER_S + (world->clocks_move ? world->now : 0) +
	       (uint64_t)node->wall_step_ns;
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

static void node_ticket(void *ctx, const struct mvmp_ticket *ticket)
{
	struct test_node *node = ctx;

	node->ticket = *ticket;
	node->tickets++;
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
		mvmp_endpoint_free(world->node[i]->ep);
		mvmp_link_close(world->node[i]->link);
		free(world->node[i]);
	}
	mvmp_memswitch_free(world->sw);
	free(world->node);
	free(world->heap);
}

/* ---- turns ---- */

static bool turn_before(const struct test_node *a, const struct test_node *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void heap_put(struct test_world *world, struct test_node *node, unsigned at)
{
	world->heap[at] = node;
	node->heap_at = at;
}

static void heap_settle(struct test_world *world, struct test_node *node)
{
	unsigned at = node->heap_at, child;

	for (; at && turn_before(node, world->heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap_put(world, world->heap[(at - 1) / 2], at);
	while ((child = 2 * at + 1) < world->count) {
		if (child + 1 < world->count &&
			turn_before(world->heap[child + 1], world->heap[child]))
			child++;
		if (!turn_before(world->heap[child], node))
			break;
		heap_put(world, world->heap[child], at);
		at = child;
	}
	heap_put(world, node, at);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Who is due at once takes its place behind all others that are. */
void test_node_touch(struct test_node *node)
{
	uint64_t now = node->world->now, due = UINT64_MAX;

	if (node->link && mvmp_memswitch_waiting(node->link))
		due = node->receive_per_ms && !node->receive_left ? node->receive_turn : now;
	if (node->ep)
		due = earlier(due, mvmp_endpoint_deadline(node->ep));
	if (node->program)
		due = earlier(due, node->program->deadline(node->program_ctx));
	node->due = due > now ? due : now;
	node->order = node->world->order++;
	heap_settle(node->world, node);
}

static void wake(void *ctx)
{
	test_node_touch(ctx);
}

static void *grown(void *at, unsigned size)
{
	void *ret = realloc(at, size * sizeof(void *));

	if (!ret)
		abort();
	return ret;
}

static struct test_node *add_node(struct test_world *world)
{
	struct test_node *node = calloc(1, sizeof(*node));

	if (!node)
		abort();
	if (world->count == world->size) {
		world->size = world->size ? 2 * world->size : 16;
		world->node = grown(world->node, world->size);
		world->heap = grown(world->heap, world->size);
	}
	node->world = world;
	node->number = node->heap_at = world->count;
	node->due = UINT64_MAX;
	world->node[world->count] = node;
	world->heap[world->count++] = node;
	return node;
}

struct test_node *test_world_add_actor(
	struct test_world *world, const struct test_program *program, void *ctx)
{
	struct test_node *node = add_node(world);

	node->program = program;
	node->program_ctx = ctx;
	return node;
}

struct test_node *test_world_add(struct test_world *world, struct mvmp_identity *identity,
	const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu, bool answer_probes)
{
	struct test_node *node = add_node(world);

	node->identity = identity;
	node->answer_probes = answer_probes;
	node->link = mvmp_memswitch_port(world->sw, mac, mtu);
	if (!node->link)
		abort();
	mvmp_memswitch_set_wake(node->link, wake, node);
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
		.ticket = node_ticket,
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
	if (!node->ep || (node->receive && !node->receive(node, &from, channel, frame, len)))
		return;
	mvmp_endpoint_receive(node->ep, &from, channel, frame, len, node->world->now);
}

enum { RECEIVE_BUDGET = 1000 };

/* A slow receiver takes its share of each millisecond. */
static void receive(struct test_node *node)
{
	uint64_t now = node->world->now;

	if (!node->receive_per_ms) {
		mvmp_link_receive(node->link, RECEIVE_BUDGET, deliver, node);
		return;
	}
	if (now >= node->receive_turn) {
		node->receive_left = node->receive_per_ms;
		node->receive_turn = (now / MVMP_NS_PER_MS + 1) * MVMP_NS_PER_MS;
	}
	node->receive_left -=
		(unsigned)mvmp_link_receive(node->link, node->receive_left, deliver, node);
}

static void take_turn(struct test_node *node)
{
	struct test_world *world = node->world;

	world->turns++;
	if (world->before)
		world->before(world->ctx, node);
	if (node->link)
		receive(node);
	if (node->ep && mvmp_endpoint_deadline(node->ep) <= world->now)
		mvmp_endpoint_advance(node->ep, world->now);
	if (node->program && node->program->deadline(node->program_ctx) <= world->now)
		node->program->advance(node->program_ctx);
	test_node_touch(node);
	if (world->after)
		world->after(world->ctx, node);
}

static uint64_t next_time(const struct test_world *world)
{
	uint64_t frame = mvmp_memswitch_next(world->sw);

	return world->count ? earlier(frame, world->heap[0]->due) : frame;
}

bool test_world_run(struct test_world *world, uint64_t until, const unsigned *flag, unsigned count)
{
	for (unsigned i = 0; i < world->count; i++)
		test_node_touch(world->node[i]);
	while (!flag || *flag < count) {
		uint64_t next = next_time(world);

		if (next > until)
			break;
		if (next > world->now)
			world->now = next;
		mvmp_memswitch_advance(world->sw, world->now);
		if (world->count && world->heap[0]->due <= world->now)
			take_turn(world->heap[0]);
	}
	if (flag && *flag >= count)
		return true;
	if (until > world->now)
		world->now = until;
	mvmp_memswitch_advance(world->sw, world->now);
	return false;
}

void test_world_run_ms(struct test_world *world, uint64_t ms)
{
	test_world_run(world, world->now + ms * MVMP_NS_PER_MS, NULL, 0);
}

uint64_t test_node_drops(const struct test_node *node, enum mvmp_verdict verdict)
{
	return mvmp_endpoint_counters(node->ep)->drops.count[verdict];
}
