/* SPDX-License-Identifier: Apache-2.0 */
#include "farm.h"
#include "agent.h"
#include "backend.h"
#include "disk_memory.h"
#include "wire.h"
#include <errno.h>
#include <malloc.h>
#include <mvmp/link_answer.h>
#include <mvmp/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	NODE_SESSIONS = 8,
	NODE_HALF_OPEN = 8,
	RECEIVE_BUDGET = 256,
	NODES_MAX = 65536,
	MAPPED_FROM = 128 << 10, /* bytes */
};

struct node {
	struct farm *farm;
	uint8_t mac[MVMP_MAC_LEN];
	char name[8];
	struct mvmp_identity identity;
	struct mvmp_link link; /* its properties only: the wire does the work */
	struct mvmp_endpoint *endpoint;
	struct mvmp_server *server;
	struct mva_disk *disk;
	struct mva_agent *agent;
	struct ev_timer timer;
};

struct farm {
	struct ev_loop *loop;
	struct wire *wire;
	struct ev_io io;
	unsigned nodes;
	struct node *node;
};

void farm_mac(uint8_t mac[static MVMP_MAC_LEN], unsigned index)
{
	const uint8_t bytes[MVMP_MAC_LEN] = {
		0x02, 0x4d, 0x56, 0, (uint8_t)(index >> 8), (uint8_t)index};

	memcpy(mac, bytes, MVMP_MAC_LEN);
}

void farm_name(char name[static 8], unsigned index)
{
	snprintf(name, 8, "n%05u", index % 100000);
}

enum { SEED = 1 };

void farm_authority(struct test_authority *authority)
{
	test_authority_init(authority, SEED);
}

void farm_asker(
	struct mvmp_identity *identity, const char *name, uint16_t roles, const uint8_t *mac)
{
	struct test_member as = {.name = name,
		.roles = roles,
		.macs = mac ? 1 : 0,
		.not_before = 1,
		.not_after = UINT32_MAX};
	struct test_authority authority;

	farm_authority(&authority);
	authority.serial = NODES_MAX + roles;
	authority.random += authority.serial; /* not the key of the first node */
	if (mac)
		memcpy(as.mac[0], mac, MVMP_MAC_LEN);
	test_authority_member(&authority, identity, &as);
}

/* ---- what an agent and its endpoint ask of their owner ---- */

static uint64_t mono_ns(void *ctx)
{
	return mvmp_now();
}

static uint64_t wall_ns(void *ctx)
{
	return mvmp_wall_s(NULL) * MVMP_NS_PER_S;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	mvmp_server_answer(((struct node *)ctx)->server, call, err, body, len, now);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return mvmp_endpoint_stats_room(((struct node *)ctx)->endpoint, session);
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	return mvmp_endpoint_send_stats(((struct node *)ctx)->endpoint, session, bytes, len, now);
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct node *node = ctx;

	mva_agent_committed(node->agent, mva_batch_run(batch, node->disk), mvmp_now());
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct node *node = ctx;
	struct mvmp_link_report report = {.endpoint = node->endpoint};
	struct mvmp_error err = {.status = MVMP_OK};
	uint8_t *body = NULL;
	int len = 0;

	if (request->verb->verb == MVMP_VERB_LINK_READ)
		len = mvmp_link_answer(&report, &body);
	else
		mvmp_fail(&err, MVMP_UNSUPPORTED, "a farm does not know %s", request->verb->name);
	if (len < 0)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	answer(node, request->call, &err, body, len < 0 ? 0 : (size_t)len, now);
	free(body);
}

/* The farm's keys never change. */
static void take_nothing(void *ctx, const struct mvmp_cluster_news *news)
{
}

static int on_send(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	struct node *node = ctx;

	return wire_send(node->farm->wire, node->mac, to->mac, channel, frame, len);
}

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct node *node = ctx;

	if (!node->server)
		return;
	if (!mvmp_server_event(node->server, event, mvmp_now()) &&
		event->type == MVMP_EVENT_SESSION_DOWN)
		mva_agent_session_down(node->agent, event->session);
}

/* ---- time and frames ---- */

static void arm(struct node *node, uint64_t now)
{
	uint64_t at = mvmp_endpoint_deadline(node->endpoint);
	uint64_t agent = mva_agent_deadline(node->agent);

	at = agent < at ? agent : at;
	ev_timer_stop(node->farm->loop, &node->timer);
	if (at == UINT64_MAX)
		return;
	ev_timer_set(&node->timer, at > now ? (double)(at - now) / 1e9 : 0., 0.);
	ev_timer_start(node->farm->loop, &node->timer);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct node *node = timer->data;
	uint64_t now = mvmp_now();

	mvmp_endpoint_advance(node->endpoint, now);
	mva_agent_advance(node->agent, now);
	arm(node, now);
}

static void give(struct node *node, const struct ethernet_frame *frame)
{
	struct mvmp_addr from = {.link = 0};
	uint64_t now = mvmp_now();

	memcpy(from.mac, frame->src, MVMP_MAC_LEN);
	mvmp_endpoint_receive(
		node->endpoint, &from, frame->channel, frame->payload, frame->len, now);
	arm(node, now);
}

static void deliver(void *ctx, const uint8_t *dst, const struct ethernet_frame *frame, uint16_t mtu)
{
	struct farm *farm = ctx;
	unsigned index = (unsigned)dst[4] << 8 | dst[5];

	if (!memcmp(dst, mvmp_group, MVMP_MAC_LEN)) {
		for (unsigned i = 0; i < farm->nodes; i++)
			give(&farm->node[i], frame);
	} else if (index < farm->nodes && !memcmp(dst, farm->node[index].mac, MVMP_MAC_LEN)) {
		give(&farm->node[index], frame);
	}
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct farm *farm = io->data;

	ev_now_update(loop);
	wire_receive(farm->wire, RECEIVE_BUDGET, deliver, farm);
}

/* ---- life ---- */

static void make_member(struct node *node, struct test_authority *members)
{
	struct test_member as = {.name = node->name,
		.roles = MVMP_ROLE_NODE,
		.macs = 1,
		.not_before = 1,
		.not_after = UINT32_MAX};

	memcpy(as.mac[0], node->mac, MVMP_MAC_LEN);
	test_authority_member(members, &node->identity, &as);
}

static int start_endpoint(struct node *node, struct mvmp_error *err)
{
	struct mvmp_endpoint_config config = {.identity = &node->identity,
		.env = {node, on_send, mvmp_random_os, mvmp_wall_s, on_event},
		.sessions_max = NODE_SESSIONS,
		.half_open_max = NODE_HALF_OPEN,
		.answer_probes = true};
	int rc = mvmp_endpoint_new(&config, mvmp_now(), &node->endpoint, err);

	if (rc)
		return rc;
	snprintf(node->link.name, sizeof node->link.name, "farm");
	memcpy(node->link.mac, node->mac, MVMP_MAC_LEN);
	node->link.mtu = wire_mtu(node->farm->wire);
	node->link.has_macs = true;
	return mvmp_endpoint_set_link(node->endpoint, 0, &node->link);
}

static int start_agent(struct node *node, const char *machine, struct mvmp_error *err)
{
	struct mva_agent_config config = {.env = {node, mono_ns, wall_ns, answer, stats_room,
						  send_stats, commit, member_verb},
		.backend = &mva_backend_sim,
		.backend_options = machine,
		.node = node->name};
	int rc;

	config.disk = node->disk = mva_disk_memory();
	if (!node->disk)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	memcpy(config.instance, mvmp_endpoint_instance(node->endpoint), MVMP_ID_LEN);
	rc = mva_agent_new(&config, mvmp_now(), &node->agent, err);
	if (!rc && mvmp_server_new(node->endpoint, MVMP_ROLE_NODE, mva_agent_request, node->agent,
			   0, &node->server))
		rc = mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	if (!rc)
		mvmp_server_set_cluster(node->server, &node->identity, take_nothing, node);
	return rc;
}

static int start_node(struct farm *farm, unsigned index, struct test_authority *authority,
	const char *machine, struct mvmp_error *err)
{
	struct node *node = &farm->node[index];
	int rc;

	node->farm = farm;
	farm_mac(node->mac, index);
	farm_name(node->name, index);
	make_member(node, authority);
	ev_timer_init(&node->timer, on_timer, 0., 0.);
	node->timer.data = node;
	rc = start_endpoint(node, err);
	if (!rc)
		rc = start_agent(node, machine, err);
	if (!rc)
		arm(node, mvmp_now());
	return rc;
}

static void stop_node(struct node *node)
{
	if (!node->farm)
		return;
	ev_timer_stop(node->farm->loop, &node->timer);
	if (node->server)
		mvmp_server_free(node->server);
	if (node->agent)
		mva_agent_free(node->agent);
	mvmp_endpoint_free(node->endpoint);
	if (node->disk)
		node->disk->ops->close(node->disk);
	mvmp_identity_clear(&node->identity);
}

int farm_new(const struct farm_config *config, struct farm **ret, struct mvmp_error *err)
{
	struct test_authority authority;
	struct farm *farm;
	int rc;

	if (!config->nodes || config->nodes > NODES_MAX)
		return mvmp_fail(err, MVMP_INVALID, "a farm of %u nodes: 1 to %u are possible",
			config->nodes, (unsigned)NODES_MAX);
	farm = calloc(1, sizeof *farm);
	if (farm)
		farm->node = calloc(config->nodes, sizeof *farm->node);
	if (!farm || !farm->node) {
		free(farm);
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	}
	/* Tables of agents are large and mostly empty: as mappings they are pages that nobody took.
	 */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	farm->loop = config->loop;
	farm->nodes = config->nodes;
	farm_authority(&authority);
	rc = wire_open(config->interface, &farm->wire, err);
	for (unsigned i = 0; !rc && i < farm->nodes; i++)
		rc = start_node(farm, i, &authority, config->machine, err);
	if (rc) {
		farm_free(farm);
		return rc;
	}
	ev_io_init(&farm->io, on_readable, wire_descriptor(farm->wire), EV_READ);
	farm->io.data = farm;
	ev_io_start(farm->loop, &farm->io);
	*ret = farm;
	return 0;
}

void farm_free(struct farm *farm)
{
	if (!farm)
		return;
	if (farm->io.data)
		ev_io_stop(farm->loop, &farm->io);
	for (unsigned i = 0; i < farm->nodes; i++)
		stop_node(&farm->node[i]);
	wire_close(farm->wire);
	free(farm->node);
	free(farm);
}
