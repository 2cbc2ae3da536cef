/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include "memory.h"
#include "news.h"
#include "next.h"
#include "stage.h"
#include <errno.h>
#include <mvmp/frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECHECK_S = 60,	      /* as in proto/run */
	CERTIFIED_DAYS = 900, /* before and after the beginning */
};

static const struct {
	const struct sim_member_ops *ops;
	uint16_t roles;
	bool asked; /* answers probes */
} kinds[SIM_KINDS] = {
	[SIM_AGENT] = {&sim_agent_ops, MVMP_ROLE_NODE, true},
	[SIM_AGGREGATOR] = {&sim_aggregator_ops, MVMP_ROLE_AGGREGATOR, true},
	[SIM_CLIENT] = {&sim_client_ops, MVMP_ROLE_OPERATOR, false},
};

/* Where costs are measured announcements reach the aggregator alone: N of them for N members each
 * would be most of the run. */
static const uint8_t *hearer(const struct sim_member *member, const struct mvmp_addr *to,
	enum mvmp_channel channel, const uint8_t *frame)
{
	const struct sim_stage *stage = member->stage;

	if (!stage->measured || channel != MVMP_CONTROL || !(to->mac[0] & 1) ||
		(frame[0] & 15) != MVMP_BEACON)
		return to->mac;
	return stage->member[0]->node->link->mac;
}

/* Frames in flight are nobody's memory. */
static int send(struct test_node *node, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct sim_member *member = node->send_ctx;
	unsigned was = sim_memory_enter(0);
	int rc = member->next_version
			 ? sim_next_send(member, to, channel, frame, len)
			 : mvmp_link_send(node->link, hearer(member, to, channel, frame), channel,
				   frame, len);

	sim_memory_enter(was);
	return rc;
}

static void on_event(struct test_node *node, const struct mvmp_event *event)
{
	struct sim_member *member = node->ctx;

	if (member->program)
		member->ops->event(member, event);
}

static uint64_t deadline(void *ctx)
{
	struct sim_member *member = ctx;
	uint64_t at, news;

	if (!sim_is_up(member))
		return member->start_at;
	at = member->ops->deadline(member);
	news = sim_news_deadline(member);
	return at < news ? at : news;
}

static void advance(void *ctx)
{
	struct sim_member *member = ctx;

	if (!sim_is_up(member)) {
		sim_member_start(member);
		return;
	}
	member->ops->advance(member);
	sim_news_advance(member);
}

static const struct test_program program = {deadline, advance};

static void certify(struct sim_member *member, const uint8_t *mac)
{
	struct test_member how = {.name = member->name,
		.roles = kinds[member->kind].roles,
		.macs = 1,
		.not_before = TEST_WALL_S - CERTIFIED_DAYS * 86400ull,
		.not_after = TEST_WALL_S + CERTIFIED_DAYS * 86400ull};

	memcpy(how.mac[0], mac, MVMP_MAC_LEN);
	test_authority_member(&member->stage->authority, &member->identity, &how);
}

struct sim_member *sim_member_add(
	struct sim_stage *stage, enum sim_kind kind, const char *name, uint16_t mtu)
{
	struct sim_member *member = calloc(1, sizeof *member);
	unsigned n = stage->members;
	const uint8_t mac[] = {2, 0x4d, 0x56, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	if (!member)
		abort();
	member->stage = stage;
	member->kind = kind;
	member->ops = kinds[kind].ops;
	member->number = n;
	member->start_at = UINT64_MAX;
	snprintf(member->name, sizeof member->name, "%s", name);
	certify(member, mac);
	member->node =
		test_world_add(&stage->world, &member->identity, mac, mtu, kinds[kind].asked);
	member->node->ctx = member->node->send_ctx = member->node->program_ctx = member;
	member->node->hook = on_event;
	member->node->send = send;
	member->node->program = &program;
	member->node->sessions_max = stage->plan.sessions[kind];
	test_node_kill(member->node);
	sim_stage_list(stage, member);
	sim_member_start(member);
	return member;
}

void sim_member_free(struct sim_member *member)
{
	if (sim_is_up(member))
		sim_member_end(member, SIM_KILL);
	member->ops->free(member);
	mvmp_identity_clear(&member->identity);
	free(member);
}

void sim_member_start(struct sim_member *member)
{
	unsigned was = sim_memory_enter(member->number + 1);

	sim_note(member->stage, "%s starts", member->name);
	member->start_at = UINT64_MAX;
	test_node_start(member->node);
	sim_news_start(member);
	member->ops->start(member);
	sim_memory_enter(was);
	test_node_touch(member->node);
}

static void note_counters(const struct sim_member *member)
{
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(member->node->ep);

	member->stage->fragments += c->fragments_sent;
	member->stage->again += c->retransmissions;
	member->stage->needless += c->spurious_retransmissions;
}

/* Who is killed says nothing any more, whatever the code that frees it would send. */
void sim_member_end(struct sim_member *member, enum sim_end how)
{
	static const char *const words[] = {"is stopped", "is killed", "loses power"};
	unsigned was = sim_memory_enter(member->number + 1);

	if (!sim_is_up(member))
		return;
	sim_note(member->stage, "%s %s", member->name, words[how]);
	member->ends++;
	note_counters(member);
	member->node->send_error = how == SIM_STOP ? 0 : -ENETDOWN;
	member->ops->stop(member, how);
	member->client = NULL;
	test_node_kill(member->node);
	member->node->send_error = 0;
	if (how == SIM_POWER_CUT)
		test_random_bytes(&member->stage->random, member->node->host_boot, MVMP_ID_LEN);
	sim_memory_enter(was);
	if (sim_memory_held(member->number + 1))
		sim_fail(member->stage, "%s left %zu bytes behind", member->name,
			sim_memory_held(member->number + 1));
	test_node_touch(member->node);
}

uint64_t sim_member_wall_ns(void *ctx)
{
	return test_node_wall_ns(((struct sim_member *)ctx)->node);
}

uint64_t sim_member_wall_s(void *ctx)
{
	return sim_member_wall_ns(ctx) / MVMP_NS_PER_S;
}
