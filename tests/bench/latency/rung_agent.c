/* SPDX-License-Identifier: Apache-2.0 */
/* A warm command to a real agent (mvagent's own code, in this process) that samples a simulated
 * machine of 100 domains every second: 2 vCPUs, 2 VIFs and 2 VBDs each. */
#include "agent.h"
#include "disk_memory.h"
#include "rung.h"
#include <mvmp/identity.h>
#include <mvmp/run.h>
#include <stdio.h>

#define MACHINE "domains=100,vcpus=2,vifs=2,vbds=2,cpus=64"

enum { INTERVAL_MS = 1000 };

struct far_end {
	struct ev_loop *loop;
	struct mvmp_run *run;
	struct mva_agent *agent;
	struct mva_disk *disk;
	struct ev_timer timer;
	struct rung_channel *told;
};

static uint64_t mono_ns(void *ctx)
{
	return mvmp_now();
}

static uint64_t wall_ns(void *ctx)
{
	return mvmp_wall_s(NULL) * MVMP_NS_PER_S;
}

static void answer_call(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct far_end *far = ctx;

	mvmp_server_answer(mvmp_run_server(far->run), call, err, body, len, now);
	rung_note(far->run, far->told);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return mvmp_endpoint_stats_room(mvmp_run_endpoint(((struct far_end *)ctx)->run), session);
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct far_end *far = ctx;

	return mvmp_endpoint_send_stats(mvmp_run_endpoint(far->run), session, bytes, len, now);
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct far_end *far = ctx;

	mva_agent_committed(far->agent, mva_batch_run(batch, far->disk), mvmp_now());
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err;

	mvmp_fail(&err, MVMP_UNSUPPORTED, "this agent does not know %s", request->verb->name);
	answer_call(ctx, request->call, &err, NULL, 0, now);
}

static void arm(struct far_end *far)
{
	uint64_t at = mva_agent_deadline(far->agent), now = mvmp_now();

	ev_now_update(far->loop);
	ev_timer_set(&far->timer, at > now ? (double)(at - now) / 1e9 : 0., 0.);
	ev_timer_start(far->loop, &far->timer);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct far_end *far = timer->data;

	mva_agent_advance(far->agent, mvmp_now());
	arm(far);
}

static int start(struct far_end *far, struct mvmp_identity *identity)
{
	struct mva_agent_config config = {.env = {far, mono_ns, wall_ns, answer_call, stats_room,
						  send_stats, commit, member_verb},
		.backend = &mva_backend_sim,
		.backend_options = MACHINE,
		.interval_ms = INTERVAL_MS,
		.node = "far"};
	struct mvmp_error err = {.status = MVMP_OK};

	far->run = rung_member(identity, RUNG_FAR, true);
	config.disk = far->disk = mva_disk_memory();
	if (!far->run || !far->disk || mva_agent_new(&config, mvmp_now(), &far->agent, &err) ||
		mvmp_run_serve(far->run, MVMP_ROLE_NODE, mva_agent_request, far->agent)) {
		fprintf(stderr, "no agent: %s\n", err.text);
		return -1;
	}
	return 0;
}

static void answer(struct rung_channel *told)
{
	static struct mvmp_identity identity;
	static struct far_end far;

	far.loop = ev_default_loop(0);
	far.told = told;
	if (start(&far, &identity))
		return;
	ev_timer_init(&far.timer, on_timer, 0., 0.);
	far.timer.data = &far;
	arm(&far);
	ev_run(far.loop, 0);
}

const struct rung rung_agent = {"agent", "MVMP, agent of 100 guests", answer, rung_ask_member};
