/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_client.h"
#include "memory.h"
#include "news.h"
#include "next.h"
#include "stage.h"
#include <stdlib.h>

static struct sim_client *client_of(struct sim_member *member)
{
	unsigned was = sim_memory_enter(0);

	if (!member->program)
		member->program = calloc(1, sizeof(struct sim_client));
	if (!member->program)
		abort();
	sim_memory_enter(was);
	return member->program;
}

static void start(struct sim_member *member)
{
	struct sim_client *c = client_of(member);

	c->member = member;
	if (mvmp_client_new(member->node->ep, &c->client))
		abort();
	member->client = c->client;
	mvmp_client_set_links(c->client, 1);
	mvmp_client_set_clock(c->client, sim_member_wall_s, member);
	mvmp_client_set_cluster(c->client, &member->identity, sim_news_take, member);
}

/* Calls that end with the program are not told to it: it is gone. */
static void stop(struct sim_member *member, enum sim_end how)
{
	struct sim_client *c = member->program;

	sim_commands_orphan(member->stage, member);
	mvmp_client_free(c->client);
	c->client = NULL;
	c->open = 0;
}

static void event(struct sim_member *member, const struct mvmp_event *event)
{
	struct sim_client *c = member->program;

	if (!c->client)
		return;
	if (member->next_version && event->type == MVMP_EVENT_SESSION_UP)
		sim_next_ask(member, event->session);
	if (event->type == MVMP_EVENT_MESSAGE)
		sim_next_answered(member, event->bytes, event->len);
	mvmp_client_event(c->client, event, member->node->world->now);
}

static uint64_t deadline(struct sim_member *member)
{
	return mvmp_client_deadline(((struct sim_client *)member->program)->client);
}

static void advance(struct sim_member *member)
{
	mvmp_client_advance(
		((struct sim_client *)member->program)->client, member->node->world->now);
}

static void free_client(struct sim_member *member)
{
	free(member->program);
}

const struct sim_member_ops sim_client_ops = {start, stop, event, deadline, advance, free_client};
