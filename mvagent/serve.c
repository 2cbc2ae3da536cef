/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"
#include "sandbox.h"
#include "serve_private.h"
#include "state.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 128, SOCKET_TRIES = 20, SOCKET_PAUSE_MS = 100, SAVE_PATIENCE_MS = 1000 };

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
	int index = mvmp_run_add_link(s->run, link, serve_link_down, s, err);

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
	struct mvmp_pcap_options how = {
		.interface = interface, .listen_strangers = true, .sessions = SESSIONS_MAX};
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
		.event = serve_event,
		.identity_changed = serve_identity_changed,
		.set_back = serve_set_back,
		.ctx = s};
	int rc = 0;

	if (s->options->key_log)
		rc = mvmp_key_log_open(s->options->key_log, &s->key_log, err);
	config.key_log = s->key_log;
	if (!rc)
		rc = mvmp_run_new(&config, &s->run, err);
	for (unsigned i = 0; i < s->options->interfaces && !rc; i++)
		rc = open_interface(s, s->options->interface[i], err);
	return rc ? rc : open_socket(s, err);
}

static int open_state(struct serve *s, const struct mva_user *user, struct mvmp_error *err)
{
	int fd = mva_state_open(s->options->state, user, err);

	if (fd < 0)
		return fd;
	s->state = fd;
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

static void warn(void *ctx, const char *text)
{
	mvmp_log("in %s: %s", ((struct serve *)ctx)->options->state, text);
}

static int open_agent(struct serve *s, struct mvmp_error *err)
{
	struct mva_agent_config config = {
		.env = serve_env,
		.backend = s->options->backend,
		.backend_options = backend_options(s),
		.priv = mva_helper_privops(s->helper),
		.node = s->identity.cert.name,
		.interval_ms = s->options->interval_ms,
		.disk = s->disk,
		.state = s->options->state,
		.warn = warn,
	};

	config.env.ctx = s;
	mvmp_host_boot(config.host_boot);
	memcpy(config.instance, mvmp_endpoint_instance(mvmp_run_endpoint(s->run)), MVMP_ID_LEN);
	return mva_agent_new(&config, mvmp_now(), &s->agent, err);
}

static void on_refused(void *ctx, const struct mvmp_cert *caller, const struct mvmp_verb_info *verb,
	const struct mvmp_error *error, uint64_t now)
{
	mva_agent_refused(ctx, caller, verb, error, now);
}

/* Threads are made in the sandbox: it would not reach one that was there before. */
static int start_serving(struct serve *s, struct mvmp_error *err)
{
	s->committer = mva_committer_new(s->disk);
	if (!s->committer ||
		mvmp_run_serve(s->run, s->identity.cert.roles, mva_agent_request, s->agent))
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	mvmp_server_set_refused(mvmp_run_server(s->run), on_refused, s->agent);
	return 0;
}

static int enter_sandbox(struct serve *s, const struct mva_user *user, struct mvmp_error *err)
{
	struct mva_fence fence = {.root = -1, .state = s->state, .tree = s->options->root};
	int rc;

	if (user->change)
		fence.root = mva_empty_root(s->options->run);
	rc = mva_sandbox_enter(user, &fence, err);
	if (fence.root >= 0)
		close(fence.root);
	if (user->change && user->shared && !s->again)
		mvmp_log("warning: journal, wishes and audit log in %s belong to %s, whom other "
			 "programs may be too; better: useradd -r _mvmp",
			s->options->state, user->name);
	if (rc == 1 && !s->again)
		mvmp_log("warning: this kernel has no Landlock (5.13 has, lsm=landlock): the "
			 "protocol process could open what %s may",
			user->name);
	return rc < 0 ? rc : 0;
}

/* Everything that needs rights, then without them the rest. */
static int open_all(struct serve *s, struct mvmp_error *err)
{
	struct mva_user user;
	int rc;

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
	mva_state_give(s->state, &user); /* what was mended */
	if (!rc)
		rc = enter_sandbox(s, &user, err);
	return rc ? rc : start_serving(s, err);
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
	mvmp_key_log_close(s->key_log);
	if (s->disk)
		s->disk->ops->close(s->disk);
	mvmp_identity_clear(&s->identity);
	mva_helper_client_free(s->helper);
}

int mva_serve(const struct mva_options *options, int questions, int tasks, bool again)
{
	struct serve s = {.options = options, .again = again, .began = mvmp_now()};
	struct mvmp_error err = {.status = MVMP_OK};
	int code = MVA_EXIT_OK, rc;

	mallopt(M_ARENA_MAX, 1);
	s.loop = ev_default_loop(0);
	s.helper = mva_helper_client_new(questions, tasks);
	if (!s.loop || !s.helper)
		rc = mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	else
		rc = open_all(&s, &err);
	if (rc < 0) {
		mvmp_log("%s", err.text);
		if (*err.hint)
			fprintf(stderr, "  hint: %s\n", err.hint);
		code = mva_exit_code(&err);
	} else {
		serve_watch(&s);
		announce(&s);
		mva_helper_ready(s.helper);
		ev_run(s.loop, 0);
	}
	close_all(&s);
	return code;
}
