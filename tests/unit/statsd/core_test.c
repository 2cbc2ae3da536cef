/* SPDX-License-Identifier: Apache-2.0 */
#include "fakenode.h"
#include "help.h"
#include <math.h>
#include <mvmp.pb-c.h>
#include <node.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An aggregator and two nodes on one segment in virtual time, with a real store on disk. */
struct stage {
	struct test_authority authority;
	struct mvmp_identity identity[4];
	struct test_world world;
	struct test_node *member, *operator_member;
	struct fake_node node[2];
	struct mvmp_client *client, *asking;
	struct mvmp_server *server;
	struct mvs_core *core;
	struct bed bed;
	int64_t wall_step_ns; /* of the aggregator's clock */
	struct mvmp_error answer_error;
	uint8_t answer[256 * 1024];
	size_t answer_len;
	unsigned answers;
};

static const uint8_t mac[4][MVMP_MAC_LEN] = {
	{2, 0, 0, 0, 0, 0xa0}, {2, 0, 0, 0, 0, 0xb1}, {2, 0, 0, 0, 0, 0xb2}, {2, 0, 0, 0, 0, 0xc3}};

static uint64_t wall_ns(void *ctx)
{
	struct stage *stage = ctx;

	return T0 * MVMP_NS_PER_S + stage->world.now + (uint64_t)stage->wall_step_ns;
}

static void aggregator_hook(struct test_node *member, const struct mvmp_event *event)
{
	struct stage *stage = member->ctx;

	if (mvmp_server_event(stage->server, event, stage->world.now) ||
		mvmp_client_event(stage->client, event, stage->world.now))
		return;
	mvs_core_event(stage->core, event, stage->world.now);
}

static void asking_hook(struct test_node *member, const struct mvmp_event *event)
{
	struct stage *stage = member->ctx;

	if (stage->asking)
		mvmp_client_event(stage->asking, event, stage->world.now);
}

static void start_core(struct stage *stage, bool discover)
{
	struct mvs_core_config config = {.endpoint = stage->member->ep,
		.client = stage->client,
		.store = stage->bed.store,
		.workers = mvs_workers_inline(),
		.links = 1,
		.interval_ms = 1000,
		.kinds = (1u << MVMP_ENTITY_COUNT) - 1,
		.discover = discover,
		.wall_ns = wall_ns,
		.ctx = stage};
	struct mvmp_error err;

	assert_int_equal(mvs_core_new(&config, stage->world.now, &stage->core, &err), 0);
	assert_int_equal(mvmp_server_new(stage->member->ep, MVMP_ROLE_AGGREGATOR, mvs_core_request,
				 stage->core, 0, &stage->server),
		0);
	mvs_core_set_server(stage->core, stage->server);
	stage->member->ctx = stage;
	stage->member->hook = aggregator_hook;
}

static void add_members(struct stage *stage)
{
	static const struct {
		const char *name;
		uint16_t role;
	} who[] = {{"agg1", MVMP_ROLE_AGGREGATOR}, {"r1-n01", MVMP_ROLE_NODE},
		{"r1-n02", MVMP_ROLE_NODE}, {"ada", MVMP_ROLE_OBSERVER}};
	struct test_node *member[4];

	for (unsigned i = 0; i < 4; i++) {
		struct test_member how = {.name = who[i].name, .roles = who[i].role, .macs = 1};

		memcpy(how.mac[0], mac[i], MVMP_MAC_LEN);
		test_authority_member(&stage->authority, &stage->identity[i], &how);
		member[i] = test_world_add(&stage->world, &stage->identity[i], mac[i], 1500, i < 3);
	}
	stage->member = member[0];
	stage->operator_member = member[3];
	stage->operator_member->ctx = stage;
	stage->operator_member->hook = asking_hook;
	fake_node_start(&stage->node[0], member[1]);
	fake_node_start(&stage->node[1], member[2]);
	stage->node[1].domain[0] = 0xd1;
}

static int setup_with(void **state, bool discover)
{
	struct stage *stage = calloc(1, sizeof *stage);

	bed_make_fast(&stage->bed);
	test_authority_init(&stage->authority, 1);
	test_world_init(&stage->world, 1);
	add_members(stage);
	assert_int_equal(mvmp_client_new(stage->member->ep, &stage->client), 0);
	mvmp_client_set_links(stage->client, 1);
	assert_int_equal(mvmp_client_new(stage->operator_member->ep, &stage->asking), 0);
	mvmp_client_set_links(stage->asking, 1);
	start_core(stage, discover);
	*state = stage;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, true);
}

static int setup_told(void **state)
{
	return setup_with(state, false);
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	mvs_core_free(stage->core);
	mvmp_server_free(stage->server);
	mvmp_client_free(stage->client);
	mvmp_client_free(stage->asking);
	for (unsigned i = 0; i < 2; i++) {
		if (stage->node[i].server)
			mvmp_server_free(stage->node[i].server);
	}
	test_world_clear(&stage->world);
	bed_remove(&stage->bed);
	for (unsigned i = 0; i < 4; i++)
		mvmp_identity_clear(&stage->identity[i]);
	free(stage);
	return 0;
}

static void run(struct stage *stage, double seconds)
{
	for (unsigned i = 0; i < seconds * 100; i++) {
		test_world_run_ms(&stage->world, 10);
		for (unsigned n = 0; n < 2; n++) {
			if (stage->node[n].member->ep)
				fake_node_run(&stage->node[n]);
		}
		mvmp_client_advance(stage->client, stage->world.now);
		mvmp_client_advance(stage->asking, stage->world.now);
		if (mvs_core_deadline(stage->core) <= stage->world.now)
			mvs_core_advance(stage->core, stage->world.now);
		mvs_store_run(stage->bed.store, stage->world.now);
		mvs_store_reap(stage->bed.store);
	}
}

static struct mvs_node *node_called(struct stage *stage, const char *name)
{
	struct mvs_node *node = mvs_node_find(stage->core, name);

	assert_non_null(node);
	return node;
}

static void take_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct stage *stage = ctx;

	stage->answers++;
	stage->answer_error = answer->error;
	stage->answer_len = answer->body_len < sizeof stage->answer ? answer->body_len : 0;
	if (stage->answer_len)
		memcpy(stage->answer, answer->body, stage->answer_len);
}

static void ask(struct stage *stage, enum mvmp_verb verb, const ProtobufCMessage *message)
{
	struct mvmp_target target = {.text = "agg1", .role = MVMP_ROLE_AGGREGATOR};
	size_t len = message ? protobuf_c_message_get_packed_size(message) : 0;
	unsigned before = stage->answers;
	uint8_t body[1024];
	struct mvmp_error err;

	assert_true(len <= sizeof body);
	if (message)
		protobuf_c_message_pack(message, body);
	assert_true(mvmp_client_call(stage->asking, &target, verb, body, len, NULL,
		stage->world.now + 5 * MVMP_NS_PER_S, take_answer, stage, stage->world.now, &err));
	for (unsigned i = 0; i < 50 && stage->answers == before; i++)
		run(stage, 0.1);
	assert_int_equal(stage->answers, before + 1);
}

/* Values of a HISTORY_READ; frees nothing the caller needs to. */
static Mvmp__HistoryAnswer *history(struct stage *stage, const char *entity, int64_t from_s)
{
	Mvmp__HistoryRead read = MVMP__HISTORY_READ__INIT;

	read.entity = (char *)entity;
	read.metric = (char *)"rx";
	read.from_s = from_s;
	ask(stage, MVMP_VERB_HISTORY_READ, &read.base);
	if (stage->answer_error.status != MVMP_OK)
		return NULL;
	return mvmp__history_answer__unpack(NULL, stage->answer_len, stage->answer);
}

/* Both nodes are found by probes, subscribed to, and up; their figures are right: 25 % busy,
 * 75 % of memory used. */
static void nodes_are_found_and_listed(void **state)
{
	struct stage *stage = *state;
	Mvmp__NodesAnswer *nodes;

	run(stage, 6);
	ask(stage, MVMP_VERB_NODES_READ, NULL);
	nodes = mvmp__nodes_answer__unpack(NULL, stage->answer_len, stage->answer);
	assert_non_null(nodes);
	assert_int_equal(nodes->n_node, 2);
	for (unsigned i = 0; i < 2; i++) {
		Mvmp__NodesAnswer__Node *n = nodes->node[i];

		assert_int_equal(n->state, MVS_STATE_UP);
		assert_int_equal(n->cpu_busy_ppm, 250000);
		assert_int_equal(n->mem_used_ppm, 750000);
		assert_string_equal(n->backend, "fake");
		assert_int_equal(n->lost, 0);
		assert_true(n->frames >= 3);
		assert_true(n->seen_age_ns < MVMP_NS_PER_S * 3 / 2);
	}
	mvmp__nodes_answer__free_unpacked(nodes, NULL);
}

/* Only the node that was told is taken when discovery is off, by its node id. */
static void only_told_nodes_without_discovery(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(mvs_core_add_node(stage->core, "000000b1", NULL), 0);
	run(stage, 4);
	assert_int_equal(stage->core->node_count, 1);
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n01"), stage->world.now), MVS_STATE_UP);
	assert_int_equal(stage->node[1].subscribes, 0);
}

/* A node that was told by its MAC is found by a BEACON's, however it was written, and is one node
 * when it is told by its name too. */
static void a_told_mac_finds_its_node(void **state)
{
	struct stage *stage = *state;
	struct mvmp_peer peer = {.name = "r1-n02", .macs = 1, .mac = {{2, 0, 0, 0, 0, 0xb2}}};

	assert_int_equal(mvs_core_add_node(stage->core, "02-00-00-00-00-B2", NULL), 0);
	assert_non_null(mvs_names_heard(stage->core, &peer));
	peer.mac[0][5] = 0xb1;
	assert_null(mvs_names_heard(stage->core, &peer));
	run(stage, 4);
	assert_int_equal(stage->core->node_count, 1);
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n02"), stage->world.now), MVS_STATE_UP);
	assert_int_equal(stage->node[0].subscribes, 0);
	assert_int_equal(mvs_core_add_node(stage->core, "r1-n02", NULL), 0);
	assert_int_equal(stage->core->node_count, 1);
	assert_ptr_equal(mvs_names_proved(stage->core, "r1-n02"), node_called(stage, "r1-n02"));
}

/* No sample for two intervals is stale, for five down. */
static void silence_is_stale_then_down(void **state)
{
	struct stage *stage = *state;
	struct mvs_node *node;

	run(stage, 4);
	node = node_called(stage, "r1-n01");
	stage->node[0].silent = true;
	run(stage, 3.2);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_STALE);
	run(stage, 3);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_DOWN);
	stage->node[0].silent = false;
	run(stage, 2);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_UP);
}

/* kill -9 of an agent, started anew two seconds later: samples come within 5 s of that, and the
 * history has a gap and no value that is not 8,000 bit/s. */
static void killed_agent_is_taken_up_within_five_seconds(void **state)
{
	struct stage *stage = *state;
	Mvmp__HistoryAnswer *answer;
	unsigned gaps = 0, values = 0;
	struct mvs_node *node;

	run(stage, 15);
	node = node_called(stage, "r1-n01");
	fake_node_kill(&stage->node[0]);
	run(stage, 2);
	fake_node_again(&stage->node[0]);
	run(stage, 5);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_UP);
	assert_memory_equal(node->live.now->sample.instance, stage->node[0].instance, MVMP_ID_LEN);
	run(stage, 8);
	answer = history(stage, "r1-n01/web-07/vif0", -20);
	assert_non_null(answer);
	for (size_t i = 0; i < answer->n_value; i++) {
		if (isnan(answer->value[i]))
			gaps++;
		else
			assert_float_equal(answer->value[i], 8000, 8000 * 0.02);
		values += !isnan(answer->value[i]);
	}
	assert_true(gaps >= 2);
	assert_true(values >= 8);
	mvmp__history_answer__free_unpacked(answer, NULL);
}

static void restart_aggregator(struct stage *stage, uint64_t away_ms)
{
	mvs_core_free(stage->core);
	mvmp_server_free(stage->server);
	stage->member->hook = NULL;
	mvmp_client_free(stage->client);
	bed_close(&stage->bed);
	test_node_kill(stage->member);
	test_world_run_ms(&stage->world, away_ms);
	test_node_start(stage->member);
	assert_int_equal(mvmp_client_new(stage->member->ep, &stage->client), 0);
	mvmp_client_set_links(stage->client, 1);
	bed_open(&stage->bed);
	start_core(stage, true);
}

/* An aggregator that was away for eight seconds asks the ring: its history has no gap. */
static void ring_fills_what_was_missed(void **state)
{
	struct stage *stage = *state;
	Mvmp__HistoryAnswer *answer;
	unsigned missing = 0;

	stage->node[0].ring_from = 0;
	run(stage, 10);
	restart_aggregator(stage, 8000);
	run(stage, 8);
	answer = history(stage, "r1-n01/web-07/vif0", -18);
	assert_non_null(answer);
	for (size_t i = 0; i < answer->n_value; i++) {
		missing += isnan(answer->value[i]);
		if (!isnan(answer->value[i]))
			assert_float_equal(answer->value[i], 8000, 8000 * 0.02);
	}
	assert_true(answer->n_value >= 15);
	assert_true(missing <= 2); /* the seconds under way */
	mvmp__history_answer__free_unpacked(answer, NULL);
}

/* A node that was dead when the aggregator began is listed as down, seen as long ago as its file
 * says, and taken up when it comes back. */
static void dead_nodes_are_remembered(void **state)
{
	struct stage *stage = *state;
	struct mvs_node *node;

	run(stage, 8);
	fake_node_kill(&stage->node[0]);
	restart_aggregator(stage, 20000);
	run(stage, 4);
	node = node_called(stage, "r1-n01");
	assert_int_equal(stage->core->node_count, 2);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_DOWN);
	assert_in_range(mvs_node_age(node, stage->world.now) / MVMP_NS_PER_S, 23, 27);
	assert_string_equal(
		mvs_node_note(node, stage->world.now), "not heard of since this aggregator began");
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n02"), stage->world.now), MVS_STATE_UP);
	fake_node_again(&stage->node[0]);
	run(stage, 5);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_UP);
}

/* The aggregator's clock set back by an hour, and the node's set forward by a year, neither stop
 * updates nor make a spike. */
static void clock_steps_do_no_harm(void **state)
{
	struct stage *stage = *state;
	Mvmp__HistoryAnswer *answer;
	unsigned values = 0;

	run(stage, 8);
	stage->wall_step_ns = -3600 * (int64_t)MVMP_NS_PER_S;
	stage->node[0].wall_ns += 365 * 86400 * MVMP_NS_PER_S;
	run(stage, 12);
	answer = history(stage, "r1-n01/web-07/vif0", -10);
	assert_non_null(answer);
	for (size_t i = 0; i < answer->n_value; i++) {
		if (isnan(answer->value[i]))
			continue;
		values++;
		assert_float_equal(answer->value[i], 8000, 8000 * 0.02);
	}
	assert_true(values >= 8);
	mvmp__history_answer__free_unpacked(answer, NULL);
}

/* Seconds by which a node's own file is ahead of the aggregator's clock. */
static int64_t file_ahead_s(struct stage *stage, const char *name)
{
	uint64_t last = mvs_dir_last_s(mvs_store_dir(stage->bed.store, name, false));

	return (int64_t)last - (int64_t)(wall_ns(stage) / MVMP_NS_PER_S);
}

/* A node that tells ring samples of ten years ahead, and of an hour ago, moves nobody's history,
 * not even its own; after a restart of the aggregator all is as it was. */
static void ring_of_the_future_moves_nothing(void **state)
{
	struct stage *stage = *state;
	struct mvs_node *node;

	run(stage, 10);
	for (unsigned i = 0; i < 5; i++) {
		fake_node_send_ring(&stage->node[1], 10ull * 365 * 86400 + i);
		run(stage, 0.2);
	}
	node = node_called(stage, "r1-n02");
	assert_int_equal(node->untimely, 5);
	assert_string_equal(mvs_node_note(node, stage->world.now),
		"tells times that are not yet; such rows are left out");
	run(stage, 3);
	assert_in_range(file_ahead_s(stage, "r1-n02") + 10, 5, 11);
	restart_aggregator(stage, 3000);
	run(stage, 20);
	assert_int_equal(mvs_timeline_ms(&stage->core->timeline, (int64_t)stage->world.now),
		wall_ns(stage) / MVMP_NS_PER_MS);
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(file_ahead_s(stage, i ? "r1-n02" : "r1-n01") + 10, 5, 11);
}

/* Figures that a node calls an hour old make no rows, no files and no trouble in the store. */
static void figures_of_the_past_are_left_out(void **state)
{
	struct stage *stage = *state;
	const char *sentence;

	stage->node[1].mono_base = 0ull - 7200 * MVMP_NS_PER_S;
	stage->node[1].age_ns = 3600 * MVMP_NS_PER_S;
	run(stage, 10);
	sentence = mvs_node_note(node_called(stage, "r1-n02"), stage->world.now);
	assert_string_equal(sentence, "");
	assert_true(node_called(stage, "r1-n02")->untimely >= 5);
	assert_string_equal(bed_counters(&stage->bed).degraded, "");
	assert_int_equal(bed_counters(&stage->bed).late, 0);
	assert_int_equal(bed_counters(&stage->bed).files, 5); /* of six entities */
}

/* A device that was not measured yet has no file and no rows; its first figures begin it. */
static void unmeasured_devices_have_no_rows(void **state)
{
	struct stage *stage = *state;

	stage->node[1].unmeasured = true;
	run(stage, 10);
	assert_int_equal(bed_counters(&stage->bed).files, 5); /* of six entities */
	stage->node[1].unmeasured = false;
	run(stage, 3);
	assert_int_equal(bed_counters(&stage->bed).files, 6);
}

/* A BEACON that anybody may send: `name` at an address of the last MAC byte `from`. */
static void forge_beacon(struct stage *stage, const char *name, unsigned from)
{
	struct mvmp_peer peer = {.roles = MVMP_ROLE_NODE,
		.addr.mac = {2, 0, 0, 0, (uint8_t)(from >> 8), (uint8_t)from}};
	struct mvmp_event event = {.type = MVMP_EVENT_BEACON, .peer = &peer};

	snprintf(peer.name, sizeof peer.name, "%s", name);
	memset(peer.instance, 0x66, sizeof peer.instance);
	mvs_core_event(stage->core, &event, stage->world.now);
}

/* BEACONs in a node's name, of another instance and from elsewhere, cost it nothing. */
static void forged_beacons_end_no_session(void **state)
{
	struct stage *stage = *state;
	unsigned subscribes;

	run(stage, 6);
	subscribes = stage->node[1].subscribes;
	for (unsigned i = 0; i < 100; i++) {
		forge_beacon(stage, "r1-n02", i % 2 ? 0xb1 : 0xc3);
		run(stage, 0.1);
		assert_int_equal(mvs_node_state(node_called(stage, "r1-n02"), stage->world.now),
			MVS_STATE_UP);
	}
	assert_int_equal(stage->node[1].subscribes, subscribes);
	assert_int_equal(stage->core->node_count, 2);
}

/* Nor do they keep a node away that is back where it was: its address stays in turn. */
static void forged_beacons_hide_no_node(void **state)
{
	struct stage *stage = *state;
	struct mvs_node *node;

	run(stage, 6);
	fake_node_kill(&stage->node[1]);
	run(stage, 8);
	node = node_called(stage, "r1-n02");
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_DOWN);
	fake_node_again(&stage->node[1]);
	for (unsigned i = 0; i < 100; i++) {
		forge_beacon(stage, "r1-n02", i % 2 ? 0xb1 : 0xc3);
		run(stage, 0.1);
	}
	assert_int_equal(stage->core->node_count, 2);
	assert_ptr_equal(node_called(stage, "r1-n02"), node);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_UP);
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n01"), stage->world.now), MVS_STATE_UP);
}

/* A node that comes back with another address is found there by its BEACON. */
static void moved_node_is_found_again(void **state)
{
	struct stage *stage = *state;
	struct mvs_node *node;

	run(stage, 6);
	node = node_called(stage, "r1-n02");
	node->way[0].addr.mac[5] = 0xee; /* as if it had been elsewhere until now */
	mvs_node_lost(node, "gone", stage->world.now);
	run(stage, 12);
	assert_int_equal(mvs_node_state(node, stage->world.now), MVS_STATE_UP);
	assert_int_equal(node->way[0].addr.mac[5], 0xb2);
}

/* Names that nobody proves: one an address, 512 at most, gone after a minute; nodes stay. */
static void invented_nodes_are_bounded(void **state)
{
	struct stage *stage = *state;
	char name[16];

	run(stage, 6);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "fake-%u", i);
		forge_beacon(stage, name, i < 1000 ? 0xc3 : 0x1000 + i);
		if (i == 999)
			assert_int_equal(stage->core->node_count, 3);
	}
	assert_int_equal(stage->core->node_count, 2 + MVS_UNPROVED_MAX);
	run(stage, 10);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "more-%u", i);
		forge_beacon(stage, name, 0x4000 + i);
	}
	assert_in_range(stage->core->node_count, 2 + MVS_UNPROVED_MAX, 2 + 2 * MVS_UNPROVED_MAX);
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n02"), stage->world.now), MVS_STATE_UP);
	run(stage, 65);
	assert_int_equal(stage->core->node_count, 2);
	assert_int_equal(
		mvs_node_state(node_called(stage, "r1-n01"), stage->world.now), MVS_STATE_UP);
}

/* Two nodes that claim one domain are both kept, and the conflict is named at both. */
static void domain_claimed_twice_is_named(void **state)
{
	struct stage *stage = *state;

	stage->node[1].domain[0] = 0xd0;
	run(stage, 6);
	assert_string_equal(mvs_node_note(node_called(stage, "r1-n01"), stage->world.now),
		"domain web-07 is claimed by r1-n02 too");
	assert_string_equal(mvs_node_note(node_called(stage, "r1-n02"), stage->world.now),
		"domain web-07 is claimed by r1-n01 too");
	assert_non_null(mvs_store_dir(stage->bed.store, "r1-n01", false));
	assert_non_null(mvs_store_dir(stage->bed.store, "r1-n02", false));
}

/* CURRENT_READ gives one domain's records by its name, with two samples for rates. */
static void current_gives_one_domain(void **state)
{
	Mvmp__CurrentRead read = MVMP__CURRENT_READ__INIT;
	Mvmp__SampleRead what = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample now = {0}, before = {0};
	struct stage *stage = *state;
	Mvmp__SampleAnswer *answer;
	struct mvmp_stats_head head;
	double rate;

	run(stage, 5);
	read.node = (char *)"r1-n01";
	read.what = &what;
	what.domain_name = (char *)"web-07";
	what.previous = true;
	what.texts = true;
	ask(stage, MVMP_VERB_CURRENT_READ, &read.base);
	answer = mvmp__sample_answer__unpack(NULL, stage->answer_len, stage->answer);
	assert_non_null(answer);
	assert_int_equal(answer->n_frame, 1);
	assert_int_equal(
		mvmp_stats_unpack(answer->frame[0].data, answer->frame[0].len, &head, &now), 0);
	assert_int_equal(mvmp_stats_unpack(
				 answer->previous[0].data, answer->previous[0].len, &head, &before),
		0);
	assert_int_equal(now.kind[MVMP_DOMAIN].count, 1);
	assert_string_equal(now.kind[MVMP_DOMAIN].at[0].text[MVMP_DT_NAME], "web-07");
	assert_true(now.kind[MVMP_VIF].at[0].age_ns < 2 * MVMP_NS_PER_S);
	assert_true(mvmp_rate(&rate, &before, before.kind[MVMP_VIF].at, &now, now.kind[MVMP_VIF].at,
		MVMP_I_RX_BYTES));
	assert_float_equal(rate, 1000, 1e-6);
	mvmp_sample_free(&now);
	mvmp_sample_free(&before);
	mvmp__sample_answer__free_unpacked(answer, NULL);
	what.domain_name = (char *)"web-99";
	ask(stage, MVMP_VERB_CURRENT_READ, &read.base);
	assert_int_equal(stage->answer_error.status, MVMP_NOT_FOUND);
	assert_string_equal(stage->answer_error.text, "no domain is called web-99 on r1-n01");
}

/* Entities that are not there are named, with those that are. */
static void unknown_entities_are_named(void **state)
{
	struct stage *stage = *state;

	run(stage, 4);
	assert_null(history(stage, "r1-n01/web-08/vif0", -60));
	assert_int_equal(stage->answer_error.status, MVMP_NOT_FOUND);
	assert_string_equal(stage->answer_error.text, "nothing is stored of web-08 on r1-n01");
	assert_string_equal(stage->answer_error.hint, "there are web-07");
	assert_null(history(stage, "../../etc", -60));
	assert_int_equal(stage->answer_error.status, MVMP_NOT_FOUND);
	assert_null(history(stage, "r1-n01/web-07/vif0/x", -60));
	assert_int_equal(stage->answer_error.status, MVMP_INVALID);
	assert_null(history(stage, "r1-n01", -60));
	assert_int_equal(stage->answer_error.status, MVMP_NOT_FOUND);
	assert_non_null(strstr(stage->answer_error.text, "a node has no metric rx; there are cpu"));
}

/* GRAPH over the session: a PNG with a line's figures. */
static void graph_comes_over_the_session(void **state)
{
	Mvmp__GraphRead read = MVMP__GRAPH_READ__INIT;
	Mvmp__HistoryRead what = MVMP__HISTORY_READ__INIT, *list[1] = {&what};
	struct stage *stage = *state;
	Mvmp__GraphAnswer *answer;

	run(stage, 20);
	what.entity = (char *)"000000b1/web-07/vif0"; /* the node by its id */
	what.metric = (char *)"rx";
	what.from_s = -15;
	read.n_what = 1;
	read.what = list;
	read.width = 400;
	read.height = 160;
	ask(stage, MVMP_VERB_GRAPH, &read.base);
	assert_int_equal(stage->answer_error.status, MVMP_OK);
	answer = mvmp__graph_answer__unpack(NULL, stage->answer_len, stage->answer);
	assert_non_null(answer);
	assert_memory_equal(answer->image.data, "\x89PNG", 4);
	assert_int_equal(answer->width, 400);
	assert_int_equal(answer->n_line, 1);
	assert_string_equal(answer->line[0]->title, "r1-n01/web-07/vif0 received");
	assert_float_equal(answer->line[0]->max, 8000, 160);
	assert_int_equal(answer->missing, 0);
	mvmp__graph_answer__free_unpacked(answer, NULL);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(nodes_are_found_and_listed),
		cmocka_unit_test_setup_teardown(
			only_told_nodes_without_discovery, setup_told, teardown),
		cmocka_unit_test_setup_teardown(a_told_mac_finds_its_node, setup_told, teardown),
		CASE(silence_is_stale_then_down),
		CASE(killed_agent_is_taken_up_within_five_seconds),
		CASE(ring_fills_what_was_missed),
		CASE(dead_nodes_are_remembered),
		CASE(clock_steps_do_no_harm),
		CASE(ring_of_the_future_moves_nothing),
		CASE(figures_of_the_past_are_left_out),
		CASE(unmeasured_devices_have_no_rows),
		CASE(forged_beacons_end_no_session),
		CASE(forged_beacons_hide_no_node),
		CASE(moved_node_is_found_again),
		CASE(invented_nodes_are_bounded),
		CASE(domain_claimed_twice_is_named),
		CASE(current_gives_one_domain),
		CASE(unknown_entities_are_named),
		CASE(graph_comes_over_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
