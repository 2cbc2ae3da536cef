/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t mvs_node_age(const struct mvs_node *node, uint64_t now)
{
	uint64_t at = node->live.now->arrival_ns;

	uint64_t now_ms = mvs_timeline_ms(&node->core->timeline, (int64_t)now);

	/* Not seen since we began: the files tell when it was. */
	if (!at && node->stored_ms && node->stored_ms < now_ms)
		return (now_ms - node->stored_ms) * MVMP_NS_PER_MS;
	if (!at)
		return UINT64_MAX;
	return now > at ? now - at : 0;
}

enum mvs_state mvs_node_state(const struct mvs_node *node, uint64_t now)
{
	uint64_t age = mvs_node_age(node, now);
	uint64_t interval = node->interval_ms * MVMP_NS_PER_MS;

	if (!mvs_live_has(&node->live))
		return node->failures ? MVS_STATE_DOWN : MVS_STATE_UNKNOWN;
	if (!node->session || age > 5 * interval)
		return MVS_STATE_DOWN;
	return age > 2 * interval ? MVS_STATE_STALE : MVS_STATE_UP;
}

const char *mvs_node_note(const struct mvs_node *node, uint64_t now)
{
	if (node->conflict[0] && now < node->conflict_ns)
		return node->conflict;
	if (node->live.over_limit || node->refused)
		return "more entities than are kept; the surplus is left out";
	if (now < node->untimely_ns)
		return "tells times that are not yet; such rows are left out";
	if (mvs_node_state(node, now) != MVS_STATE_UP)
		return node->note;
	return "";
}

const char *mvs_node_label(const struct mvs_node *node)
{
	return node->name[0] ? node->name : node->text;
}

struct mvs_node *mvs_node_add(struct mvs_core *core, const char *text)
{
	struct mvs_node *node;

	if (core->node_count >= core->config.nodes_max)
		return NULL;
	node = calloc(1, sizeof *node);
	if (!node)
		return NULL;
	node->core = core;
	node->interval_ms = core->config.interval_ms;
	snprintf(node->text, sizeof node->text, "%s", text);
	strcpy(node->node_id, "-");
	node->began_ns = core->now;
	mvs_live_init(&node->live);
	node->live.interval_ms = node->interval_ms;
	if (mvs_names_put(node) || mvs_turns_add(node)) {
		mvmp_index_remove(&core->named, &node->by_name);
		free(node);
		return NULL;
	}
	LIST_INSERT_HEAD(&core->nodes, node, link);
	core->node_count++;
	return node;
}

static bool is_unproved(const struct mvs_node *node)
{
	return !node->told && !node->name[0];
}

uint64_t mvs_node_forgotten_at(const struct mvs_node *node)
{
	if (!is_unproved(node))
		return UINT64_MAX;
	return node->began_ns + MVS_PROVE_S * MVMP_NS_PER_S + 1;
}

/* Removal waits for the next advance: a call of the node's may be what brought us here. */
static bool give_way(struct mvs_node *node, uint64_t now)
{
	if (!node || now - node->began_ns < MVS_HANDSHAKE_S * MVMP_NS_PER_S)
		return false;
	node->superfluous = true;
	mvs_node_arm(node);
	return true;
}

static void leave_unproved(struct mvs_node *node)
{
	if (node->admitted)
		LIST_REMOVE(node, unproved);
	node->admitted = false;
}

struct mvs_node *mvs_node_admit(struct mvs_core *core, const struct mvmp_peer *peer, uint64_t now)
{
	struct mvs_node *node, *next, *oldest = NULL, *same = NULL;
	unsigned unproved = 0;

	for (node = LIST_FIRST(&core->unproved); node; node = next) {
		next = LIST_NEXT(node, unproved);
		if (!is_unproved(node)) {
			leave_unproved(node);
			continue;
		}
		unproved++;
		if (node->superfluous)
			continue;
		if (node->ways && mvs_way_is(&node->way[0], &peer->addr))
			same = node;
		if (!oldest || node->began_ns < oldest->began_ns)
			oldest = node;
	}
	if (unproved >= 2 * MVS_UNPROVED_MAX || (same && !give_way(same, now)) ||
		(!same && unproved >= MVS_UNPROVED_MAX && !give_way(oldest, now)))
		return NULL;
	node = mvs_node_add(core, peer->name);
	if (!node)
		return NULL;
	LIST_INSERT_HEAD(&core->unproved, node, unproved);
	node->admitted = true;
	return node;
}

void mvs_node_adopt_dir(struct mvs_node *node, bool create)
{
	struct mvs_store *store = node->core->config.store;

	if (!store || node->dir)
		return;
	node->dir = mvs_store_dir(store, node->name, create);
	if (node->dir)
		node->stored_ms = mvs_dir_last_s(node->dir) * 1000;
}

int mvs_nodes_from_store(struct mvs_core *core)
{
	struct mvs_store *store = core->config.store;
	struct mvs_dir *dir = NULL;

	while (store && (dir = mvs_store_next_dir(store, dir))) {
		struct mvs_node *node = mvs_node_add(core, mvs_dir_name(dir));

		if (!node)
			return core->node_count < core->config.nodes_max ? -ENOMEM : 0;
		snprintf(node->name, sizeof node->name, "%s", mvs_dir_name(dir));
		(void)mvs_names_put(node); /* needs no memory: it is in the table */
		mvs_node_adopt_dir(node, false);
		node->failures = MVS_FAILURES_MANY;
		node->retry_ns = UINT64_MAX;
		strcpy(node->note, "not heard of since this aggregator began");
	}
	return 0;
}

void mvs_node_remove(struct mvs_node *node)
{
	mvs_claims_forget(node);
	for (uint32_t i = 0; i < node->core->routes; i++) {
		if (node->core->route[i].node == node)
			node->core->route[i].node = NULL;
	}
	if (node->call)
		mvmp_client_cancel(node->core->config.client, node->call);
	leave_unproved(node);
	mvmp_index_remove(&node->core->named, &node->by_name);
	LIST_REMOVE(node, link);
	mvs_turns_remove(node);
	node->core->node_count--;
	mvs_live_free(&node->live);
	mvs_snapshot_free(&node->ring);
	free(node);
}

static bool is_called(const struct mvs_node *node, const char *text, const uint8_t *mac)
{
	static const uint8_t none[MVMP_MAC_LEN];

	if (strcmp(node->name, text) == 0 || strcmp(node->text, text) == 0)
		return true;
	if (mac && memcmp(node->mac, none, MVMP_MAC_LEN) && !memcmp(node->mac, mac, MVMP_MAC_LEN))
		return true;
	return strlen(text) == 8 && strcmp(node->node_id, text) == 0;
}

struct mvs_node *mvs_node_find(struct mvs_core *core, const char *name)
{
	uint8_t mac[MVMP_MAC_LEN];
	bool is_mac = mvmp_mac_parse(mac, name) == 0;
	struct mvs_node *node;

	if (!*name)
		return NULL;
	LIST_FOREACH (node, &core->nodes, link) {
		if (is_called(node, name, is_mac ? mac : NULL))
			return node;
	}
	return NULL;
}

static struct mvs_node *search_all(struct mvs_core *core, mvmp_session session)
{
	struct mvs_node *node;

	LIST_FOREACH (node, &core->nodes, link) {
		if (node->session == session)
			return node;
	}
	return NULL;
}

/* A node's session may change under us when the client library reconnects: the certificate
 * says whose a new one is. */
static struct mvs_node *search_session(struct mvs_core *core, mvmp_session session)
{
	const struct mvmp_cert *cert = mvmp_endpoint_cert(core->config.endpoint, session);
	struct mvs_node *node;

	if (!cert || !(cert->roles & MVMP_ROLE_NODE))
		return search_all(core, session);
	node = mvs_names_proved(core, cert->name);
	if (node)
		node->session = session;
	return node;
}

static struct mvs_route *route_of(struct mvs_core *core, mvmp_session session)
{
	return &core->route[session & (core->routes - 1)];
}

static bool leads_to(const struct mvs_route *route, mvmp_session session)
{
	return route->node && route->session == session && route->node->session == session;
}

struct mvs_node *mvs_node_of_session(struct mvs_core *core, mvmp_session session)
{
	struct mvs_route *route = route_of(core, session);

	if (!leads_to(route, session)) {
		route->session = session;
		route->node = search_session(core, session);
	}
	return route->node;
}

struct mvs_node *mvs_node_of_ended(struct mvs_core *core, mvmp_session session)
{
	const struct mvs_route *route = route_of(core, session);

	return leads_to(route, session) ? route->node : search_all(core, session);
}
