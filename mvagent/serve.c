/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"
#include "agent.h"
#include "committer.h"
#include "helper/client.h"
#include "link_read.h"
#include "sandbox.h"
#include "state.h"
#include <errno.h>
#include <malloc.h>
#include <mvmp/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 128, SOCKET_TRIES = 20, SOCKET_PAUSE_MS = 100, SAVE_PATIENCE_MS = 1000 };

struct serve {
	const struct mva_options *options;
	bool again;
	struct ev_loop *loop;
	struct mva_helper_client *helper;
	struct mvmp_identity identity;
	struct mvmp_run *run;
	struct mva_disk *disk;
	struct mva_committer *committer;
	struct mva_agent *agent;
	uint64_t began;
	unsigned sessions; /* that are up */
	char socket[108];
	char sim_options[256];
	const char *link_interface[MVMP_LINKS_MAX]; /* NULL: the Unix link */
	struct ev_io committed, helper_io;
	struct ev_timer timer;
	struct ev_prepare prepare;
	struct ev_signal term, intr;
};

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
	return mvmp_run_link(((struct serve *)ctx)->run, index);
}

static void env_member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct serve *s = ctx;
	struct mvmp_error err = {.status = MVMP_OK};
	uint8_t *body = NULL;
	int len = 0;

	if (request->verb->verb != MVMP_VERB_LINK_READ)
		mvmp_fail(
			&err, MVMP_UNSUPPORTED, "this agent does not know %s", request->verb->name);
	else
		len = mva_link_answer(
			mvmp_run_endpoint(s->run), link_at, s, s->sessions, now - s->began, &body);
	if (len < 0)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	env_answer(s, request->call, &err, body, len < 0 ? 0 : (size_t)len, now);
	free(body);
}

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct serve *s = ctx;

	if (event->type == MVMP_EVENT_SESSION_UP) {
		s->sessions++;
	} else if (event->type == MVMP_EVENT_SESSION_DOWN) {
		s->sessions -= s->sessions > 0;
		mva_agent_session_down(s->agent, event->session);
	}
}

/* Another member brought a newer cluster state: the helper, who may write there, checks it again
 * and keeps it. */
static void on_cluster(void *ctx)
{
	static struct mvmp_log_limit limit;
	struct serve *s = ctx;
	struct mvmp_error err;

	if (mva_helper_store_cluster(
		    s->helper, s->identity.cluster_bytes, s->identity.cluster_len, &err) < 0)
		mvmp_log_limited(&limit, 2, "the newer cluster state is not kept: %s", err.text);
}

static void on_link_down(void *ctx, unsigned index)
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

static void warn_of_mac(const struct serve *s, const struct mvmp_link *link)
{
	char mac[18];

	if (!mvmp_cert_has_mac(&s->identity.cert, link->mac))
		mvmp_log("warning: %s has MAC %s, which the certificate of %s does not name; "
			 "others will refuse it there",
			link->name, mvmp_mac_text(mac, link->mac), s->identity.cert.name);
}

static int add_link(
	struct serve *s, struct mvmp_link *link, const char *interface, struct mvmp_error *err)
{
	int index = mvmp_run_add_link(s->run, link, on_link_down, s, err);

	if (index < 0) {
		mvmp_link_close(link);
		return index;
	}
	s->link_interface[index] = interface;
	if (interface)
		warn_of_mac(s, link);
	return 0;
}

static int open_interface(struct serve *s, const char *interface, struct mvmp_error *err)
{
	struct mvmp_pcap_options how = {.interface = interface};
	struct mvmp_link *link;
	int rc = mvmp_pcap_open(&how, &link, err);

	if (!rc)
		return add_link(s, link, interface, err);
	if (!s->again)
		return rc;
	mvmp_log("%s; serving on without it until it is back", err->text);
	mva_helper_watch(s->helper, interface);
	return 0;
}

/* Another agent's socket is refused; that of our predecessor, which is ending, is waited for. */
static int open_socket(struct serve *s, struct mvmp_error *err)
{
	const struct timespec pause = {0, SOCKET_PAUSE_MS * 1000000};
	struct mvmp_link *link;
	int rc;

	if ((size_t)snprintf(s->socket, sizeof s->socket, "%s/agent-%s.sock", s->options->run,
		    s->identity.cert.name) >= sizeof s->socket)
		return mvmp_fail(err, MVMP_INVALID, "the path %s/agent-%s.sock is too long",
			s->options->run, s->identity.cert.name);
	if (mva_make_directory(s->options->run, 0755, err))
		return -(int)err->status;
	for (int i = 0;; i++) {
		rc = mvmp_unix_listen(s->socket, &link, err);
		if (rc != -MVMP_CONFLICT || !s->again || i == SOCKET_TRIES)
			break;
		nanosleep(&pause, NULL);
	}
	return rc ? rc : add_link(s, link, NULL, err);
}

static int load_identity(struct serve *s, struct mvmp_error *err)
{
	char roles[64];
	int rc = mvmp_identity_load(&s->identity, s->options->identity, (uint64_t)time(NULL), err);

	if (rc)
		return rc;
	if (!(s->identity.cert.roles & MVMP_ROLE_NODE))
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"the certificate of %s has role %s, an agent needs node",
			s->identity.cert.name, mvmp_roles_text(roles, s->identity.cert.roles));
	return 0;
}

static int open_run(struct serve *s, struct mvmp_error *err)
{
	struct mvmp_run_config config = {.loop = s->loop,
		.identity = &s->identity,
		.sessions_max = SESSIONS_MAX,
		.answer_probes = true,
		.event = on_event,
		.cluster_changed = on_cluster,
		.ctx = s};
	int rc = mvmp_run_new(&config, &s->run, err);

	for (unsigned i = 0; i < s->options->interfaces && !rc; i++)
		rc = open_interface(s, s->options->interface[i], err);
	return rc ? rc : open_socket(s, err);
}

static int open_state(struct serve *s, const struct mva_user *user, struct mvmp_error *err)
{
	int fd = mva_state_open(s->options->state, user, err);

	if (fd < 0)
		return fd;
	s->disk = mva_disk_posix(fd);
	if (!s->disk) {
		close(fd);
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	}
	return 0;
}

/* Simulated nodes differ unless told otherwise: their seed is made from their name. */
static const char *backend_options(struct serve *s)
{
	const char *given = s->options->backend_options;
	unsigned long seed = 5381;

	if (s->options->backend != &mva_backend_sim || (given && strstr(given, "seed=")))
		return given;
	for (const char *c = s->identity.cert.name; *c; c++)
		seed = (seed * 33 + (unsigned char)*c) % 1000000007;
	snprintf(s->sim_options, sizeof s->sim_options, "%s%sseed=%lu", given ? given : "",
		given && *given ? "," : "", seed);
	return s->sim_options;
}

static int open_agent(struct serve *s, struct mvmp_error *err)
{
	struct mva_agent_config config = {
		.env = {.ctx = s,
			.mono_ns = env_mono_ns,
			.wall_ns = env_wall_ns,
			.answer = env_answer,
			.stats_room = env_stats_room,
			.send_stats = env_send_stats,
			.commit = env_commit,
			.member_verb = env_member_verb},
		.backend = s->options->backend,
		.backend_options = backend_options(s),
		.priv = mva_helper_privops(s->helper),
		.node = s->identity.cert.name,
		.interval_ms = s->options->interval_ms,
		.disk = s->disk,
	};
	int rc;

	mvmp_host_boot(config.host_boot);
	memcpy(config.instance, mvmp_endpoint_instance(mvmp_run_endpoint(s->run)), MVMP_ID_LEN);
	rc = mva_agent_new(&config, mvmp_now(), &s->agent, err);
	if (rc)
		return rc;
	s->committer = mva_committer_new(s->disk);
	if (!s->committer ||
		mvmp_run_serve(s->run, s->identity.cert.roles, mva_agent_request, s->agent))
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	return 0;
}

/* Everything that needs rights, then without them the rest. */
static int open_all(struct serve *s, struct mvmp_error *err)
{
	struct mva_user user;
	int root = -1, rc;

	rc = mva_user_find(&user, s->options->user, err);
	if (!rc)
		rc = load_identity(s, err);
	if (!rc)
		rc = open_run(s, err);
	if (!rc)
		rc = open_state(s, &user, err);
	if (rc)
		return rc;
	rc = open_agent(s, err);
	if (!rc && user.change)
		root = mva_empty_root(s->options->run);
	if (!rc)
		rc = mva_sandbox_enter(&user, root, err);
	if (root >= 0)
		close(root);
	return rc;
}

static void watch_all(struct serve *s)
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

static void announce(const struct serve *s)
{
	char on[128] = "", id[9];

	for (unsigned i = 0; i < MVMP_LINKS_MAX; i++) {
		const char *name = s->link_interface[i];

		if (name && strlen(on) + strlen(name) + 6 < sizeof on)
			sprintf(on + strlen(on), "%s%s", *on ? ", " : "on ", name);
	}
	mvmp_log("%s (%s) %s%s%s, backend %s", s->identity.cert.name,
		mvmp_cert_node_id(id, &s->identity.cert), on, *on ? ", " : "", s->socket,
		s->options->backend->name);
}

/* What was applied and is being saved is not left behind as interrupted. */
static void save_rest(struct serve *s)
{
	struct pollfd fd = {.events = POLLIN};
	int rc;

	if (!s->committer)
		return;
	fd.fd = mva_committer_descriptor(s->committer);
	while (mva_agent_saving(s->agent) && poll(&fd, 1, SAVE_PATIENCE_MS) > 0) {
		if (mva_committer_take(s->committer, &rc))
			mva_agent_committed(s->agent, rc, mvmp_now());
	}
}

static void close_all(struct serve *s)
{
	save_rest(s);
	mva_committer_free(s->committer); /* after the save under way */
	mva_agent_free(s->agent);
	mvmp_run_free(s->run);
	if (s->disk)
		s->disk->ops->close(s->disk);
	mvmp_identity_clear(&s->identity);
	mva_helper_client_free(s->helper);
}

int mva_serve(const struct mva_options *options, int questions, int tasks, bool again)
{
	struct serve s = {.options = options, .again = again, .began = mvmp_now()};
	struct mvmp_error err = {.status = MVMP_OK};
	int code = MVA_EXIT_OK;

	mallopt(M_ARENA_MAX, 1);
	s.loop = ev_default_loop(0);
	s.helper = mva_helper_client_new(questions, tasks);
	if (!s.loop || !s.helper)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	else
		open_all(&s, &err);
	if (err.status) {
		mvmp_log("%s", err.text);
		if (*err.hint)
			fprintf(stderr, "  hint: %s\n", err.hint);
		code = mva_exit_code(&err);
	} else {
		watch_all(&s);
		announce(&s);
		mva_helper_ready(s.helper);
		ev_run(s.loop, 0);
	}
	close_all(&s);
	return code;
}
