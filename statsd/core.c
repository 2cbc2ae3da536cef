/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_SPREAD_MS = 200, NODES_MAX = 4096, ROUTES_LEAST = 64 };
/* Probes come oftener while a node is missing: a restarted agent is found by its BEACON. */
static const uint64_t probe_calm_ns = 3 * MVMP_NS_PER_S, probe_missing_ns = MVMP_NS_PER_S;
static const uint64_t missing_long_ns = 300 * MVMP_NS_PER_S; /* calmly again */
static const uint64_t clock_every_ns = MVMP_NS_PER_S;
static const int64_t step_told_ns = 2 * (int64_t)MVMP_NS_PER_S;

/* Says once that store time is not the wall clock's. */
static void tell_step(struct mvs_core *core, int64_t was_ahead_ns, uint32_t was_era)
{
	long long ahead_s = core->timeline.ahead_ns / (int64_t)MVMP_NS_PER_S;
	char line[192];

	if (!core->config.log)
		return;
	if (core->timeline.era != was_era)
		snprintf(line, sizeof line,
			"the clock was set back by more than %d s: history begins anew, files "
			"with later times are moved aside",
			MVS_AHEAD_MAX_S);
	else if (core->timeline.ahead_ns - was_ahead_ns > step_told_ns)
		snprintf(line, sizeof line,
			"the clock was set back: history is %lld s ahead of it and approaches it "
			"by 0.5 %%",
			ahead_s);
	else
		return;
	core->config.log(core->config.ctx, line);
}

static void update_clock(struct mvs_core *core)
{
	int64_t was_ahead_ns = core->timeline.ahead_ns;
	uint32_t was_era = core->timeline.era;

	mvs_timeline_update(&core->timeline, core->now, core->config.wall_ns(core->config.ctx));
	core->clock_ns = core->now + clock_every_ns;
	tell_step(core, was_ahead_ns, was_era);
	if (core->config.store)
		mvs_store_clock(core->config.store,
			mvs_timeline_ms(&core->timeline, (int64_t)core->now), core->timeline.era);
}

static void *message_alloc(void *ctx, size_t size)
{
	struct mvs_core *core = ctx;
	void *memory = malloc(size);

	core->starved |= !memory;
	return memory;
}

static void message_free(void *ctx, void *memory)
{
	free(memory);
}

static int make_routes(struct mvs_core *core)
{
	core->routes = ROUTES_LEAST;
	while (core->routes < core->config.nodes_max)
		core->routes *= 2;
	core->route = calloc(core->routes, sizeof *core->route);
	return core->route ? 0 : -ENOMEM;
}

int mvs_core_new(const struct mvs_core_config *config, uint64_t now, struct mvs_core **ret,
	struct mvmp_error *err)
{
	struct mvs_core *core = calloc(1, sizeof *core);

	if (!core)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the aggregator");
	core->config = *config;
	if (!core->config.nodes_max)
		core->config.nodes_max = NODES_MAX;
	if (make_routes(core)) {
		free(core);
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the aggregator");
	}
	core->allocator = (ProtobufCAllocator){message_alloc, message_free, core};
	LIST_INIT(&core->nodes);
	LIST_INIT(&core->unproved);
	core->began_ns = core->now = core->probe_ns = core->clock_ns = now;
	update_clock(core);
	if (config->discover && mvs_nodes_from_store(core)) {
		mvs_core_free(core);
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the nodes of the store");
	}
	*ret = core;
	return 0;
}

void mvs_core_free(struct mvs_core *core)
{
	if (!core)
		return;
	while (!LIST_EMPTY(&core->nodes))
		mvs_node_remove(LIST_FIRST(&core->nodes));
	free(core->claim);
	free(core->turn);
	free(core->route);
	mvmp_index_clear(&core->named);
	free(core);
}

void mvs_core_set_server(struct mvs_core *core, struct mvmp_server *server)
{
	core->config.server = server;
}

int mvs_core_add_node(struct mvs_core *core, const char *text, struct mvmp_error *err)
{
	uint8_t mac[MVMP_MAC_LEN];
	struct mvs_node *node;

	if (!mvs_name_is_safe(text) && mvmp_mac_parse(mac, text))
		return mvmp_fail(err, MVMP_INVALID,
			"%s is no node: give a MAC, a node id or a name of a-z 0-9 . -", text);
	node = mvs_node_find(core, text);
	if (node) {
		node->told = true;
		return 0;
	}
	node = mvs_node_add(core, text);
	if (!node && core->node_count < core->config.nodes_max)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for another node");
	if (!node)
		return mvmp_fail(
			err, MVMP_BUSY, "no room for more than %u nodes", core->config.nodes_max);
	node->told = true;
	return 0;
}

static void set_now(struct mvs_core *core, uint64_t now)
{
	core->now = now;
	if (now >= core->clock_ns)
		update_clock(core);
}

static bool is_missing(const struct mvs_node *node, uint64_t now)
{
	if (mvs_node_age(node, now) > missing_long_ns)
		return false;
	return node->phase == MVS_IDLE ||
	       mvs_node_age(node, now) > node->interval_ms * MVMP_NS_PER_MS * 3 / 2;
}

static uint64_t probe_spacing(const struct mvs_core *core)
{
	const struct mvs_node *node;

	LIST_FOREACH (node, &core->nodes, link) {
		if (is_missing(node, core->now))
			return probe_missing_ns;
	}
	return LIST_EMPTY(&core->nodes) ? probe_missing_ns : probe_calm_ns;
}

static void probe_links(struct mvs_core *core)
{
	for (unsigned link = 0; link < MVMP_LINKS_MAX; link++) {
		if (core->config.links >> link & 1)
			mvmp_endpoint_probe(
				core->config.endpoint, link, NULL, PROBE_SPREAD_MS, core->now);
	}
	core->probe_ns = core->now + probe_spacing(core);
}

static void session_down(struct mvs_core *core, const struct mvmp_event *event)
{
	struct mvs_node *node = mvs_node_of_ended(core, event->session);

	/* A call under way is the client library's to repeat or to fail. */
	if (node && node->phase != MVS_READING)
		mvs_node_lost(node, event->text ? event->text : "session ended", core->now);
}

static void stats_frame(struct mvs_core *core, const struct mvmp_event *event)
{
	struct mvs_node *node = mvs_node_of_session(core, event->session);

	if (!node)
		return;
	if (node->counted != event->session)
		mvs_live_restart(&node->live);
	node->counted = event->session;
	mvs_node_frame(node, event->bytes, event->len, true, core->now);
}

void mvs_core_event(struct mvs_core *core, const struct mvmp_event *event, uint64_t now)
{
	set_now(core, now);
	switch (event->type) {
	case MVMP_EVENT_BEACON:
		mvs_node_heard(core, event->peer, now);
		break;
	case MVMP_EVENT_SESSION_DOWN:
		session_down(core, event);
		break;
	case MVMP_EVENT_STATS:
		stats_frame(core, event);
		break;
	default:
		break;
	}
}

void mvs_core_advance(struct mvs_core *core, uint64_t now)
{
	struct mvs_node *node;

	set_now(core, now);
	if (now >= core->probe_ns)
		probe_links(core);
	for (uint32_t n = core->turns; n && (node = mvs_turns_first(core)); n--) {
		if (node->due_ns > now)
			break;
		if (node->superfluous || now >= mvs_node_forgotten_at(node))
			mvs_node_remove(node);
		else
			mvs_node_advance(node, now);
	}
}

uint64_t mvs_core_deadline(const struct mvs_core *core)
{
	uint64_t at = core->probe_ns < core->clock_ns ? core->probe_ns : core->clock_ns;
	const struct mvs_node *first = mvs_turns_first(core);

	return first && first->due_ns < at ? first->due_ns : at;
}
