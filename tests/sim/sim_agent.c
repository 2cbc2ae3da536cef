/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_agent.h"
#include "invariants.h"
#include "memory.h"
#include "news.h"
#include "stage.h"
#include <errno.h>
#include <mvmp/link_answer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAVE_LEAST_US = 200, SAVE_MOST_US = 2000, TORN_MAX = 200 };

static uint64_t now_of(const struct sim_agent *a)
{
	return a->member->node->world->now;
}

/* ---- what the agent's process would do (mvagent/bind.c) ---- */

static uint64_t mono_ns(void *ctx)
{
	return now_of(ctx);
}

static uint64_t wall_ns(void *ctx)
{
	return sim_member_wall_ns(((struct sim_agent *)ctx)->member);
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	mvmp_server_answer(((struct sim_agent *)ctx)->server, call, err, body, len, now);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return mvmp_endpoint_stats_room(((struct sim_agent *)ctx)->member->node->ep, session);
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct sim_agent *a = ctx;

	sim_check_sample(a->member, bytes, len);
	return mvmp_endpoint_send_stats(a->member->node->ep, session, bytes, len, now);
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct sim_agent *a = ctx;
	uint64_t us = SAVE_LEAST_US + test_random(&a->random) % (SAVE_MOST_US - SAVE_LEAST_US);

	a->batch = batch;
	a->batch_at = now_of(a) + us * 1000;
}

static const struct mvmp_link *link_at(void *ctx, unsigned index)
{
	return index ? NULL : ((struct sim_agent *)ctx)->member->node->link;
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct sim_agent *a = ctx;
	const struct mvmp_link_report report = {.endpoint = a->member->node->ep,
		.link_at = link_at,
		.ctx = a,
		.uptime_ns = now,
		.sessions = a->sessions};
	struct mvmp_error err = {.status = MVMP_OK};
	uint8_t *body = NULL;
	int len = 0;

	if (request->verb->verb != MVMP_VERB_LINK_READ)
		mvmp_fail(&err, MVMP_UNSUPPORTED, "not known here");
	else
		len = mvmp_link_answer(&report, &body);
	mvmp_server_answer(a->server, request->call, &err, body, len < 0 ? 0 : (size_t)len, now);
	free(body);
}

static void on_refused(void *ctx, const struct mvmp_cert *caller, const struct mvmp_verb_info *verb,
	const struct mvmp_error *error, uint64_t now)
{
	mva_agent_refused(ctx, caller, verb, error, now);
}

/* ---- life ---- */

static struct sim_agent *agent_of(struct sim_member *member)
{
	struct sim_agent *a = member->program;
	unsigned was;

	if (a)
		return a;
	was = sim_memory_enter(0);
	a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->member = member;
	a->random = member->stage->plan.seed ^ (member->number + 1) * 0xa9e47ull;
	a->disk = mva_disk_memory();
	if (!a->disk)
		abort();
	sim_memory_enter(was);
	return member->program = a;
}

static void start(struct sim_member *member)
{
	struct sim_agent *a = agent_of(member);
	struct mva_agent_config config = {
		.env = {a, mono_ns, wall_ns, answer, stats_room, send_stats, commit, member_verb},
		.backend = &sim_backend_ops,
		.backend_options = member->stage->plan.samples,
		.node = member->name,
		.disk = a->disk};
	struct mvmp_error err;

	memcpy(config.host_boot, member->node->host_boot, MVMP_ID_LEN);
	memcpy(config.instance, mvmp_endpoint_instance(member->node->ep), MVMP_ID_LEN);
	if (mva_agent_new(&config, now_of(a), &a->agent, &err)) {
		sim_fail(member->stage, "%s does not start: %s", member->name, err.text);
		abort();
	}
	if (mvmp_server_new(
		    member->node->ep, MVMP_ROLE_NODE, mva_agent_request, a->agent, 0, &a->server))
		abort();
	mvmp_server_set_refused(a->server, on_refused, a->agent);
	mvmp_server_set_cluster(a->server, &member->identity, sim_news_take, member);
}

/* The disk is the test's memory, not the agent's. */
static int run_batch(struct sim_agent *a)
{
	unsigned was = sim_memory_enter(0);
	int rc = mva_batch_run(a->batch, a->disk);

	sim_memory_enter(was);
	return rc;
}

/* A save under way stops after any of its steps. */
static void stop(struct sim_member *member, enum sim_end how)
{
	struct sim_agent *a = member->program;
	unsigned was;

	if (a->batch) {
		mva_disk_memory_fail(a->disk,
			how == SIM_STOP ? -1 : (int)sim_draw(member->stage, a->batch->steps + 1),
			EIO, true);
		run_batch(a);
		mva_disk_memory_fail(a->disk, -1, 0, false);
	}
	mvmp_server_free(a->server);
	mva_agent_free(a->agent);
	a->server = NULL;
	a->agent = NULL;
	a->batch = NULL;
	a->sessions = 0;
	was = sim_memory_enter(0);
	if (how == SIM_POWER_CUT)
		mva_disk_memory_power_cut(a->disk, sim_draw(member->stage, TORN_MAX));
	sim_memory_enter(was);
}

static void event(struct sim_member *member, const struct mvmp_event *event)
{
	struct sim_agent *a = member->program;

	if (!a->server || mvmp_server_event(a->server, event, now_of(a)))
		return;
	if (event->type == MVMP_EVENT_SESSION_UP) {
		a->sessions++;
	} else if (event->type == MVMP_EVENT_SESSION_DOWN) {
		a->sessions -= a->sessions > 0;
		mva_agent_session_down(a->agent, event->session);
	}
}

static uint64_t deadline(struct sim_member *member)
{
	const struct sim_agent *a = member->program;
	uint64_t at = mva_agent_deadline(a->agent), pins = sim_backend_deadline(a->backend);

	if (a->batch && a->batch_at < at)
		at = a->batch_at;
	return pins < at ? pins : at;
}

static void advance(struct sim_member *member)
{
	struct sim_agent *a = member->program;
	uint64_t now = now_of(a);

	sim_backend_advance(a->backend);
	if (a->batch && now >= a->batch_at) {
		int rc = run_batch(a);

		a->batch = NULL;
		mva_agent_committed(a->agent, rc, now);
	}
	if (mva_agent_deadline(a->agent) <= now)
		mva_agent_advance(a->agent, now);
}

static void free_agent(struct sim_member *member)
{
	struct sim_agent *a = member->program;

	a->disk->ops->close(a->disk);
	free(a);
}

const struct sim_member_ops sim_agent_ops = {start, stop, event, deadline, advance, free_agent};
