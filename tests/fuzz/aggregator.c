/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cheap.h"
#include <fakenode.h>
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <mvmp/client.h>
#include <node.h>

/*
 * A node in bad hands against the aggregator that subscribed to it, and a reader who asks the
 * aggregator anything. Steps: a byte for what, and what it takes. Whatever they say, the reader's
 * requests end, the honest node beside stays up, and no node has more records than its bound.
 */

enum { AGG, GOOD, BAD, READER, MEMBERS, STEPS_MAX = 200, SLICE_MS = 50 };

static struct test_world world;
static struct mvmp_identity identity[MEMBERS];
static struct test_node *member[MEMBERS];
static struct fake_node good;
static struct mvmp_client *client, *reader;
static struct mvmp_server *server, *bad_server;
static struct mvs_core *core;
static unsigned asked, ended;
static mvmp_session bad_session;

/* What the bad node answers next; empty: as an honest one would. */
static struct {
	bool set;
	enum mvmp_status status;
	uint8_t body[4096];
	size_t len;
} lie;

static uint64_t wall_ns(void *ctx)
{
	return world.wall_s * MVMP_NS_PER_S + world.now;
}

static void agg_event(struct test_node *node, const struct mvmp_event *event)
{
	if (!mvmp_server_event(server, event, world.now) &&
		!mvmp_client_event(client, event, world.now))
		mvs_core_event(core, event, world.now);
}

static void reader_event(struct test_node *node, const struct mvmp_event *event)
{
	mvmp_client_event(reader, event, world.now);
}

static void bad_event(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_SESSION_UP)
		bad_session = event->session;
	mvmp_server_event(bad_server, event, world.now);
}

/* ---- the bad node ---- */

static size_t honest_frame(uint8_t *to, size_t size)
{
	struct mvmp_stats_cursor cursor = {.kinds = 1 << MVMP_NODE, .texts = true};
	struct mvmp_stats_head head = {.subscription = 1, .interval_ms = 1000, .sequence = 1};
	struct mvmp_sample sample = {.number = world.now / MVMP_NS_PER_S,
		.mono_ns = world.now,
		.wall_ns = wall_ns(NULL),
		.kinds = 1 << MVMP_NODE,
		.instance = {1},
		.host_boot = {1}};
	int len;

	mvmp_sample_add(&sample, MVMP_NODE);
	cursor.sample = &sample;
	len = mvmp_stats_pack(&cursor, &head, to, size);
	mvmp_sample_free(&sample);
	return len > 0 ? (size_t)len : 0;
}

static size_t honest_answer(enum mvmp_verb verb, uint8_t *to)
{
	Mvmp__SampleAnswer sample = MVMP__SAMPLE_ANSWER__INIT;
	Mvmp__SubscribeAnswer subscribed = MVMP__SUBSCRIBE_ANSWER__INIT;
	ProtobufCBinaryData frame;
	uint8_t bytes[1024];

	if (verb == MVMP_VERB_SUBSCRIBE) {
		subscribed.interval_ms = 1000;
		return mvmp__subscribe_answer__pack(&subscribed, to);
	}
	if (verb != MVMP_VERB_SAMPLE_READ)
		return 0;
	frame.data = bytes;
	frame.len = honest_frame(bytes, sizeof bytes);
	sample.n_frame = 1;
	sample.frame = &frame;
	return mvmp__sample_answer__pack(&sample, to);
}

static void bad_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err = {.status = lie.status, .text = "no"};

	if (!lie.set)
		lie.len = honest_answer(request->verb->verb, lie.body);
	mvmp_server_answer(bad_server, request->call, lie.set && lie.status ? &err : NULL, lie.body,
		lie.len, now);
	lie.set = false;
}

static size_t take_bytes(struct mvmp_reader *r, uint8_t *to, size_t size)
{
	size_t len = mvmp_get_u16(r);

	len = len < r->left ? len : r->left;
	len = len < size ? len : size;
	mvmp_get_bytes(r, to, len);
	return len;
}

static void send_stats(struct mvmp_reader *r, bool honest)
{
	uint8_t bytes[1400];
	size_t len =
		honest ? honest_frame(bytes, sizeof bytes) : take_bytes(r, bytes, sizeof bytes);

	mvmp_endpoint_send_stats(member[BAD]->ep, bad_session, bytes, len, world.now);
}

/* ---- the reader ---- */

static void on_done(void *ctx, const struct mvmp_answer *answer)
{
	ended++;
}

static void ask(struct mvmp_reader *r)
{
	static const enum mvmp_verb verbs[] = {MVMP_VERB_NODES_READ, MVMP_VERB_CURRENT_READ,
		MVMP_VERB_HISTORY_READ, MVMP_VERB_GRAPH, MVMP_VERB_STORE_READ, MVMP_VERB_LINK_READ,
		MVMP_VERB_PING};
	struct mvmp_target target = {.mac = member[AGG]->link->mac, .role = MVMP_ROLE_AGGREGATOR};
	uint8_t body[1024];
	enum mvmp_verb verb = verbs[mvmp_get_u8(r) % (sizeof verbs / sizeof verbs[0])];
	size_t len = take_bytes(r, body, sizeof body);

	if (mvmp_client_call(reader, &target, verb, body, len, NULL, world.now + 2 * MVMP_NS_PER_S,
		    on_done, NULL, world.now, NULL))
		asked++;
}

/* ---- the run ---- */

static void run_ms(uint64_t ms)
{
	uint64_t until = world.now + ms * MVMP_NS_PER_MS;

	while (world.now < until) {
		uint64_t next = world.now + SLICE_MS * MVMP_NS_PER_MS;

		test_world_run(&world, next < until ? next : until, NULL, 0);
		mvmp_client_advance(client, world.now);
		mvmp_client_advance(reader, world.now);
		mvs_core_advance(core, world.now);
		fake_node_run(&good);
	}
}

static void start(void)
{
	static const struct {
		const char *name;
		uint16_t role;
	} who[] = {{"agg", MVMP_ROLE_AGGREGATOR}, {"good", MVMP_ROLE_NODE}, {"bad", MVMP_ROLE_NODE},
		{"reader", MVMP_ROLE_OBSERVER}};
	struct mvs_core_config config = {.links = 1,
		.interval_ms = 1000,
		.kinds = (1u << MVMP_ENTITY_COUNT) - 1,
		.discover = true,
		.wall_ns = wall_ns};

	test_world_init(&world, 1);
	world.wall_s = CHEAP_WALL_S;
	for (uint8_t i = 0; i < MEMBERS; i++) {
		uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, (uint8_t)(i + 1)};

		cheap_member(&identity[i], who[i].name, who[i].role, mac, i + 1);
		member[i] = test_world_add(&world, &identity[i], mac, 1500, i != READER);
	}
	fake_node_start(&good, member[GOOD]);
	config.endpoint = member[AGG]->ep;
	if (mvmp_client_new(member[AGG]->ep, &client) ||
		mvmp_client_new(member[READER]->ep, &reader) ||
		mvmp_server_new(member[BAD]->ep, MVMP_ROLE_NODE, bad_request, NULL, 0, &bad_server))
		abort();
	config.client = client;
	if (mvs_core_new(&config, world.now, &core, NULL) ||
		mvmp_server_new(
			member[AGG]->ep, MVMP_ROLE_AGGREGATOR, mvs_core_request, core, 0, &server))
		abort();
	mvs_core_set_server(core, server);
	mvmp_client_set_links(client, 1);
	mvmp_client_set_links(reader, 1);
	member[AGG]->hook = agg_event;
	member[BAD]->hook = bad_event;
	member[READER]->hook = reader_event;
	bad_session = 0;
	asked = ended = 0;
	lie.set = false;
}

static void stop(void)
{
	mvs_core_free(core);
	mvmp_server_free(server);
	mvmp_server_free(bad_server);
	mvmp_server_free(good.server);
	mvmp_client_free(client);
	mvmp_client_free(reader);
	for (unsigned i = 0; i < MEMBERS; i++)
		member[i]->hook = NULL;
	test_world_clear(&world);
	for (unsigned i = 0; i < MEMBERS; i++)
		mvmp_identity_clear(&identity[i]);
}

static void step(struct mvmp_reader *r)
{
	switch (mvmp_get_u8(r) % 8) {
	case 0:
	case 1:
		run_ms(mvmp_get_u8(r) * 10u);
		break;
	case 2:
	case 3:
		lie.status = mvmp_get_u8(r) % MVMP_STATUS_COUNT;
		lie.len = take_bytes(r, lie.body, sizeof lie.body);
		lie.set = true;
		break;
	case 4:
	case 5:
		send_stats(r, false);
		break;
	case 6:
		send_stats(r, true);
		break;
	default:
		ask(r);
	}
}

static void check(void)
{
	const struct mvs_node *node = mvs_node_find(core, "good");

	fuzz_holds(ended == asked, "each request of a reader ends");
	fuzz_holds(
		node && mvs_node_state(node, world.now) == MVS_STATE_UP, "the honest node is up");
	LIST_FOREACH (node, &core->nodes, link) {
		size_t records = 0;

		for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
			records += node->live.now ? node->live.now->sample.kind[kind].count : 0;
		fuzz_holds(records <= 2 * MVS_RECORDS_PER_NODE, "a node's records are bounded");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);

	start();
	run_ms(1500);
	for (unsigned i = 0; r.left && !r.bad && i < STEPS_MAX; i++)
		step(&r);
	run_ms(3000);
	check();
	stop();
	return 0;
}
