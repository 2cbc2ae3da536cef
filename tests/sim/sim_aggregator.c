/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_aggregator.h"
#include "invariants.h"
#include "memory.h"
#include "news.h"
#include "stage.h"
#include <stdlib.h>
#include <string.h>

enum { NODES_LEAST = 64 };

static uint64_t now_of(const struct sim_aggregator *a)
{
	return a->member->node->world->now;
}

static uint64_t wall_ns(void *ctx)
{
	return sim_member_wall_ns(((struct sim_aggregator *)ctx)->member);
}

static const struct mvmp_link *link_at(void *ctx, unsigned index)
{
	return index ? NULL : ((struct sim_aggregator *)ctx)->member->node->link;
}

static struct sim_aggregator *aggregator_of(struct sim_member *member)
{
	unsigned was = sim_memory_enter(0);

	if (!member->program)
		member->program = calloc(1, sizeof(struct sim_aggregator));
	if (!member->program)
		abort();
	sim_memory_enter(was);
	return member->program;
}

static void start(struct sim_member *member)
{
	struct sim_aggregator *a = aggregator_of(member);
	struct mvs_core_config config = {.endpoint = member->node->ep,
		.links = 1,
		.interval_ms = member->stage->plan.interval_ms,
		.kinds = (1u << MVMP_ENTITY_COUNT) - 1,
		.discover = true,
		.nodes_max = 2 * member->stage->plan.agents + NODES_LEAST,
		.wall_ns = wall_ns,
		.link_at = link_at,
		.ctx = a};
	struct mvmp_error err;

	a->member = member;
	if (mvmp_client_new(member->node->ep, &a->client))
		abort();
	mvmp_client_set_links(a->client, 1);
	mvmp_client_set_clock(a->client, sim_member_wall_s, member);
	mvmp_client_set_cluster(a->client, &member->identity, sim_news_take, member);
	config.client = member->client = a->client;
	if (mvs_core_new(&config, now_of(a), &a->core, &err) ||
		mvmp_server_new(member->node->ep, MVMP_ROLE_AGGREGATOR, mvs_core_request, a->core,
			0, &a->server))
		abort();
	mvs_core_set_server(a->core, a->server);
	mvmp_server_set_cluster(a->server, &member->identity, sim_news_take, member);
	a->began = now_of(a);
}

static void stop(struct sim_member *member, enum sim_end how)
{
	struct sim_aggregator *a = member->program;

	sim_check_losses(member);
	mvs_core_free(a->core);
	mvmp_client_free(a->client);
	mvmp_server_free(a->server);
	a->core = NULL;
	a->client = NULL;
	a->server = NULL;
	sim_streams_clear(a);
}

static void event(struct sim_member *member, const struct mvmp_event *event)
{
	struct sim_aggregator *a = member->program;

	if (!a->core)
		return;
	sim_check_timeline(member);
	if (event->type == MVMP_EVENT_STATS)
		sim_stream_note(a, event);
	if (mvmp_server_event(a->server, event, now_of(a)) ||
		mvmp_client_event(a->client, event, now_of(a)))
		return;
	mvs_core_event(a->core, event, now_of(a));
}

static uint64_t deadline(struct sim_member *member)
{
	const struct sim_aggregator *a = member->program;
	uint64_t core = mvs_core_deadline(a->core), client = mvmp_client_deadline(a->client);

	return core < client ? core : client;
}

static void advance(struct sim_member *member)
{
	struct sim_aggregator *a = member->program;

	sim_check_timeline(member);
	mvmp_client_advance(a->client, now_of(a));
	if (mvs_core_deadline(a->core) <= now_of(a))
		mvs_core_advance(a->core, now_of(a));
	sim_check_timeline(member);
}

static void free_aggregator(struct sim_member *member)
{
	free(member->program);
}

const struct sim_member_ops sim_aggregator_ops = {
	start, stop, event, deadline, advance, free_aggregator};
