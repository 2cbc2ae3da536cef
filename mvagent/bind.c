/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_private.h"
#include <mvmp/link_answer.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t env_mono_ns(void *ctx)
{
	return mvmp_now();
}

static uint64_t env_wall_ns(void *ctx)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * MVMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void env_answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct serve *s = ctx;

	mvmp_server_answer(mvmp_run_server(s->run), call, err, body, len, now);
}

static size_t env_stats_room(void *ctx, mvmp_session session)
{
	return mvmp_endpoint_stats_room(mvmp_run_endpoint(((struct serve *)ctx)->run), session);
}

static int env_send_stats(
	void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct serve *s = ctx;

	return mvmp_endpoint_send_stats(mvmp_run_endpoint(s->run), session, bytes, len, now);
}

static void env_commit(void *ctx, struct mva_batch *batch)
{
	mva_committer_run(((struct serve *)ctx)->committer, batch);
}

static const struct mvmp_link *link_at(void *ctx, unsigned index)
{
	return mvmp_run_link_counted(((struct serve *)ctx)->run, index);
}

static void env_member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct serve *s = ctx;
	const struct mvmp_link_report report = {
		.endpoint = mvmp_run_endpoint(s->run),
		.link_at = link_at,
		.ctx = s,
		.uptime_ns = now - s->began,
		.sessions = s->sessions,
	};
	struct mvmp_error err = {.status = MVMP_OK};
	uint8_t *body = NULL;
	int len = 0;

	if (request->verb->verb != MVMP_VERB_LINK_READ)
		mvmp_fail(
			&err, MVMP_UNSUPPORTED, "this agent does not know %s", request->verb->name);
	else
		len = mvmp_link_answer(&report, &body);
	if (len < 0)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	env_answer(s, request->call, &err, body, len < 0 ? 0 : (size_t)len, now);
	free(body);
}

void serve_event(void *ctx, const struct mvmp_event *event)
{
	struct serve *s = ctx;

	if (event->type == MVMP_EVENT_SESSION_UP) {
		s->sessions++;
	} else if (event->type == MVMP_EVENT_SESSION_DOWN) {
		s->sessions -= s->sessions > 0;
		mva_agent_session_down(s->agent, event->session);
	}
}

static void keep(struct serve *s, enum mvmp_part part, const uint8_t *bytes, size_t len)
{
	static struct mvmp_log_limit limit;
	struct mvmp_error err;

	if (mva_helper_keep(s->helper, part, bytes, len, &err) < 0)
		mvmp_log_limited(&limit, 4, "what was taken over is not kept: %s", err.text);
}

/* Another member brought it and it is in force; the helper, who may write there, checks it again
 * and keeps it. */
void serve_identity_changed(void *ctx, const struct mvmp_run_change *change)
{
	static struct mvmp_log_limit limit;
	struct serve *s = ctx;
	const struct mvmp_identity *identity = &s->identity;
	char text[192];

	mvmp_log_limited(&limit, 10, "%s", mvmp_run_change_text(text, change, identity));
	if (change->state)
		keep(s, MVMP_PART_STATE, identity->cluster_bytes, identity->cluster_len);
	if (change->key)
		keep(s, MVMP_PART_KEY, identity->cluster_key, MVMP_KEY_LEN);
	if (change->cert)
		keep(s, MVMP_PART_CERT, identity->cert_bytes, identity->cert_len);
	if (change->former_over)
		keep(s, MVMP_PART_FORMER, NULL, 0);
	if (change->from && s->agent)
		mva_agent_identity_changed(s->agent, change->from,
			change->cert ? MVMP_VERB_CERTIFICATE_INSTALL : MVMP_VERB_CLUSTER_EXCHANGE,
			text, mvmp_now());
}

/* The helper starts a new process, with new keys. */
void serve_set_back(void *ctx)
{
	struct serve *s = ctx;

	mvmp_log("this machine was set back to a snapshot: all sessions end, starting anew");
	ev_break(s->loop, EVBREAK_ALL);
}

void serve_link_down(void *ctx, unsigned index)
{
	struct serve *s = ctx;
	const char *interface = s->link_interface[index];

	if (!interface)
		return;
	mvmp_log("%s is gone; serving on without it until it is back", interface);
	s->link_interface[index] = NULL;
	mva_helper_watch(s->helper, interface);
}

static void on_committed(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct serve *s = io->data;
	static struct mvmp_log_limit limit;
	int rc;

	if (!mva_committer_take(s->committer, &rc))
		return;
	if (rc)
		mvmp_log_limited(&limit, 2, "the state directory %s cannot be written: %s",
			s->options->state, strerror(-rc));
	mva_agent_committed(s->agent, rc, mvmp_now());
}

static void on_helper(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct serve *s = io->data;

	if (mva_helper_client_receive(s->helper))
		ev_break(loop, EVBREAK_ALL); /* the helper is gone, and we with it */
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct serve *s = timer->data;

	mva_agent_advance(s->agent, mvmp_now());
}

static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int revents)
{
	struct serve *s = prepare->data;
	uint64_t at = mva_agent_deadline(s->agent), now = mvmp_now();

	ev_timer_stop(loop, &s->timer);
	ev_now_update(loop);
	ev_timer_set(&s->timer, at > now ? (double)(at - now) / 1e9 : 0., 0.);
	ev_timer_start(loop, &s->timer);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *watcher, int revents)
{
	ev_break(loop, EVBREAK_ALL);
}

void serve_watch(struct serve *s)
{
	ev_io_init(&s->committed, on_committed, mva_committer_descriptor(s->committer), EV_READ);
	ev_io_init(&s->helper_io, on_helper, mva_helper_client_socket(s->helper), EV_READ);
	ev_timer_init(&s->timer, on_timer, 0., 0.);
	ev_prepare_init(&s->prepare, on_prepare);
	ev_signal_init(&s->term, on_signal, SIGTERM);
	ev_signal_init(&s->intr, on_signal, SIGINT);
	s->committed.data = s->helper_io.data = s->timer.data = s->prepare.data = s;
	ev_io_start(s->loop, &s->committed);
	ev_io_start(s->loop, &s->helper_io);
	ev_prepare_start(s->loop, &s->prepare);
	ev_signal_start(s->loop, &s->term);
	ev_signal_start(s->loop, &s->intr);
}

const struct mva_agent_env serve_env = {
	.mono_ns = env_mono_ns,
	.wall_ns = env_wall_ns,
	.answer = env_answer,
	.stats_room = env_stats_room,
	.send_stats = env_send_stats,
	.commit = env_commit,
	.member_verb = env_member_verb,
};
