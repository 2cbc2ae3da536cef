/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "keeper.h"
#include "options.h"
#include "pool.h"
#include "privilege.h"
#include "rrdfile.h"
#include <errno.h>
#include <mvmp/run.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_TRUST = 4, SESSIONS_MAX = 8192 };
static const double reopen_s = 2., recount_s = .02;

struct daemon {
	struct mvs_options options;
	struct ev_loop *loop;
	struct mvmp_identity identity;
	struct mvs_keeper *keeper; /* NULL: we may write the identity ourselves */
	struct mvmp_run *run;
	struct mvmp_key_log *key_log;
	struct mvs_store *store;
	struct mvs_pool *pool;
	struct mvs_core *core;
	struct mvmp_link *link[MVMP_LINKS_MAX]; /* before they are added */
	const char *link_interface[MVMP_LINKS_MAX];
	unsigned links;
	char socket[128];
	struct ev_io store_io;
	struct ev_timer timer, reopen;
	struct ev_prepare prepare;
	struct ev_signal term, interrupt;
	bool changed;	     /* events came since the deadline was asked for */
	uint64_t counted_ns; /* when that was */
	uint64_t deadline;
	int exit_code;
};

static uint64_t wall_ns(void *ctx)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * MVMP_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void log_line(void *ctx, const char *text)
{
	mvmp_log("%s", text);
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct daemon *d = ctx;

	d->changed = true;
	if (d->core)
		mvs_core_event(d->core, event, mvmp_now());
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct daemon *d = timer->data;

	d->changed = true;
	mvs_core_advance(d->core, mvmp_now());
}

/* Asking every node for its deadline after every frame would cost more than the frame: the
 * answer may be 20 ms old, unless it was now. */
static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int revents)
{
	struct daemon *d = prepare->data;
	uint64_t now = mvmp_now(), at;

	if (d->changed &&
		(now >= d->deadline || now - d->counted_ns > (uint64_t)(recount_s * 1e9))) {
		d->deadline = mvs_core_deadline(d->core);
		d->counted_ns = now;
		d->changed = false;
	}
	at = d->changed ? d->counted_ns + (uint64_t)(recount_s * 1e9) : d->deadline;
	if (d->deadline < at)
		at = d->deadline;
	ev_timer_stop(loop, &d->timer);
	ev_now_update(loop);
	ev_timer_set(&d->timer, at > now ? (double)(at - now) / 1e9 : 0., 0.);
	ev_timer_start(loop, &d->timer);
}

static void on_store(struct ev_loop *loop, struct ev_io *io, int revents)
{
	mvs_store_reap(((struct daemon *)io->data)->store);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int revents)
{
	ev_break(loop, EVBREAK_ALL);
}

/* Who may not write there has a process that may. */
static void keep(struct daemon *d, enum mvmp_part part, const uint8_t *bytes, size_t len)
{
	static struct mvmp_log_limit limit;
	struct mvmp_error err;
	int rc;

	if (d->keeper)
		rc = mvs_keeper_keep(d->keeper, part, bytes, len, &err);
	else
		rc = mvmp_identity_store(&d->identity, part, d->options.identity, &err);
	if (rc)
		mvmp_log_limited(&limit, 4, "what was taken over is not kept: %s", err.text);
}

/* Another member brought it. It is in force already; kept on disk it also holds at the next
 * start. */
static void on_identity(void *ctx, const struct mvmp_run_change *change)
{
	static struct mvmp_log_limit limit;
	struct daemon *d = ctx;
	const struct mvmp_identity *identity = &d->identity;
	char text[192];

	mvmp_log_limited(&limit, 10, "%s", mvmp_run_change_text(text, change, identity));
	if (change->state)
		keep(d, MVMP_PART_STATE, identity->cluster_bytes, identity->cluster_len);
	if (change->key)
		keep(d, MVMP_PART_KEY, identity->cluster_key, MVMP_KEY_LEN);
	if (change->cert)
		keep(d, MVMP_PART_CERT, identity->cert_bytes, identity->cert_len);
	if (change->former_over)
		keep(d, MVMP_PART_FORMER, NULL, 0);
}

/* A failure, so that whoever watches over us starts us anew. */
static void on_set_back(void *ctx)
{
	struct daemon *d = ctx;

	mvmp_log("this machine was set back to a snapshot: keys and counters of its past must not "
		 "be used again, so this process ends; start it anew");
	d->exit_code = EXIT_FAILURE;
	ev_break(d->loop, EVBREAK_ALL);
}

static const struct mvmp_link *link_at(void *ctx, unsigned index)
{
	return mvmp_run_link_counted(((struct daemon *)ctx)->run, index);
}

/* ---- links ---------------------------------------------------------------------------------- */

static int open_interface(struct mvmp_link **ret, const char *interface, struct mvmp_error *err)
{
	struct mvmp_pcap_options options = {.interface = interface,
		.listen_stats = true,
		.listen_strangers = true,
		.sessions = SESSIONS_MAX};

	return mvmp_pcap_open(&options, ret, err);
}

static void link_down(void *ctx, unsigned index)
{
	struct daemon *d = ctx;

	mvmp_log("interface %s is gone; trying to open it again", d->link_interface[index]);
	ev_timer_again(d->loop, &d->reopen);
}

/* The link gets the first free number, which may be that of another lost interface. */
static void add_again(struct daemon *d, unsigned lost, struct mvmp_link *link)
{
	const char *interface = d->link_interface[lost];
	struct mvmp_error err;
	int index = mvmp_run_add_link(d->run, link, link_down, d, &err);

	if (index < 0) {
		mvmp_link_close(link);
		mvmp_log("%s", err.text);
		return;
	}
	d->link_interface[lost] = d->link_interface[index];
	d->link_interface[index] = interface;
	mvmp_log("interface %s is back", interface);
}

/* A lost interface needs the right to open raw sockets again, which is kept; who never had it
 * ends, so that the launcher starts it anew. */
static void on_reopen(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct daemon *d = timer->data;
	struct mvmp_link *link;
	struct mvmp_error err;
	bool all = true;

	for (unsigned i = 0; i < d->links; i++) {
		if (!d->link_interface[i] || mvmp_run_link(d->run, i))
			continue;
		if (open_interface(&link, d->link_interface[i], &err) == 0) {
			add_again(d, i, link);
		} else if (err.status == MVMP_PERMISSION) {
			mvmp_log("interface %s is back and may not be opened any more (%s): "
				 "ending, to be started again",
				d->link_interface[i], err.text);
			d->exit_code = EXIT_FAILURE;
			ev_break(loop, EVBREAK_ALL);
		} else {
			all = false;
		}
	}
	if (all)
		ev_timer_stop(loop, timer);
}

static int open_links(struct daemon *d, struct mvmp_error *err)
{
	const struct mvs_options *o = &d->options;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < o->interfaces; i++) {
		rc = open_interface(&d->link[d->links], o->interface[i], err);
		if (rc == 0)
			d->link_interface[d->links++] = o->interface[i];
	}
	if (rc)
		return rc;
	if (mkdir(o->run, 0755) && errno != EEXIST)
		return mvmp_fail(
			err, MVMP_PERMISSION, "cannot make %s: %s", o->run, strerror(errno));
	snprintf(d->socket, sizeof d->socket, "%s/statsd-%s.sock", o->run, d->identity.cert.name);
	rc = mvmp_unix_listen(d->socket, &d->link[d->links], err);
	if (rc)
		return rc;
	d->links++;
	rc = mvmp_unix_connect(o->run, &d->link[d->links], err);
	d->links += rc == 0;
	return rc;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static int load_identity(struct daemon *d, struct mvmp_error *err)
{
	int rc = mvmp_identity_load(&d->identity, d->options.identity, (uint64_t)time(NULL), err);

	if (rc == 0 && !(d->identity.cert.roles & MVMP_ROLE_AGGREGATOR)) {
		char roles[64];

		mvmp_fail(err, MVMP_NOT_TRUSTED, "certificate %.40s has role %s, not aggregator",
			d->identity.cert.name, mvmp_roles_text(roles, d->identity.cert.roles));
		return mvmp_hint(err, "sign one: mvctl ca sign --role aggregator --mac MAC ...");
	}
	return rc;
}

static int open_store(struct daemon *d, struct mvmp_error *err)
{
	const struct mvs_options *o = &d->options;
	struct mvs_store_config config = {.directory = o->store,
		.profile = o->profile,
		.step_s = o->step_s,
		.interval_ms = o->interval_ms,
		.flush_s = o->rrdcached ? 1 : o->flush_s,
		.files_max = o->files_max,
		.node_files_max = o->node_files_max,
		.expire_days = o->expire_days,
		.queue_bytes = 32 << 20,
		.rrdcached = o->rrdcached,
		.threaded = true,
		.log = log_line};

	return mvs_store_open(&config, &d->store, err);
}

static int make_run(struct daemon *d, struct mvmp_error *err)
{
	struct mvmp_run_config config = {.loop = d->loop,
		.identity = &d->identity,
		.sessions_max = SESSIONS_MAX,
		.answer_probes = true,
		.event = on_event,
		.identity_changed = on_identity,
		.set_back = on_set_back,
		.key_log = d->key_log,
		.ctx = d};
	char tickets[MVS_PATH_MAX];
	int rc;

	snprintf(tickets, sizeof tickets, "%.400s/v%d/tickets", d->options.store,
		MVS_SCHEMA_VERSION);
	config.ticket_file = tickets;
	rc = mvmp_run_new(&config, &d->run, err);
	for (unsigned i = 0; rc >= 0 && i < d->links; i++) {
		rc = mvmp_run_add_link(d->run, d->link[i], link_down, d, err);
		if (rc >= 0)
			d->link[i] = NULL;
	}
	return rc < 0 ? rc : 0;
}

static int make_core(struct daemon *d, struct mvmp_error *err)
{
	const struct mvs_options *o = &d->options;
	struct mvs_core_config config = {.endpoint = mvmp_run_endpoint(d->run),
		.client = mvmp_run_client(d->run),
		.store = d->store,
		.workers = mvs_pool_workers(d->pool),
		.links = (1u << d->links) - 1,
		.interval_ms = o->interval_ms,
		.kinds = o->kinds,
		.discover = o->discover,
		.wall_ns = wall_ns,
		.link_at = link_at,
		.log = log_line,
		.ctx = d};
	int rc = mvs_core_new(&config, mvmp_now(), &d->core, err);

	for (unsigned i = 0; rc == 0 && i < o->nodes; i++)
		rc = mvs_core_add_node(d->core, o->node[i], err);
	if (rc == 0)
		rc = mvmp_run_serve(d->run, d->identity.cert.roles, mvs_core_request, d->core);
	if (rc == 0)
		mvs_core_set_server(d->core, mvmp_run_server(d->run));
	return rc;
}

static void start_watchers(struct daemon *d)
{
	ev_io_init(&d->store_io, on_store, mvs_store_descriptor(d->store), EV_READ);
	ev_timer_init(&d->timer, on_timer, 0., 0.);
	ev_timer_init(&d->reopen, on_reopen, reopen_s, reopen_s);
	ev_prepare_init(&d->prepare, on_prepare);
	ev_signal_init(&d->term, on_signal, SIGTERM);
	ev_signal_init(&d->interrupt, on_signal, SIGINT);
	d->store_io.data = d->timer.data = d->reopen.data = d->prepare.data = d;
	d->changed = true;
	ev_io_start(d->loop, &d->store_io);
	ev_prepare_start(d->loop, &d->prepare);
	ev_signal_start(d->loop, &d->term);
	ev_signal_start(d->loop, &d->interrupt);
}

static int start(struct daemon *d, struct mvmp_error *err)
{
	struct mvs_user user;
	int rc;

	d->loop = ev_default_loop(0);
	rc = mvs_user_find(&user, d->options.user, err);
	if (rc == 0 && user.change)
		rc = mvs_keeper_start(d->options.identity, &d->keeper, err);
	if (rc == 0)
		rc = load_identity(d, err);
	if (rc == 0)
		rc = open_links(d, err);
	if (rc == 0 && d->options.key_log)
		rc = mvmp_key_log_open(d->options.key_log, &d->key_log, err);
	if (rc == 0)
		rc = mvs_user_own_store(&user, d->options.store, err);
	if (rc == 0)
		rc = mvs_privileges_drop(&user, err);
	if (rc == 0) {
		rc = open_store(d, err);
		if (rc == -MVMP_PERMISSION && user.change)
			mvmp_hint(err,
				"user %s must be able to reach it: chmod o+x its parents, "
				"or give another --user",
				user.name);
	}
	/* By this name, not the file's own: the user may not be able to reach that. */
	if (rc == 0)
		rc = mvs_pool_new(d->loop, "/proc/self/exe", &d->pool, err);
	if (rc == 0)
		rc = make_run(d, err);
	if (rc == 0)
		rc = make_core(d, err);
	if (rc == 0)
		start_watchers(d);
	return rc;
}

/* The store last: it writes what the rest still gave it. */
static void stop(struct daemon *d)
{
	mvs_pool_free(d->pool);
	mvs_core_free(d->core);
	d->core = NULL;
	mvmp_run_free(d->run);
	mvmp_key_log_close(d->key_log);
	for (unsigned i = 0; i < MVMP_LINKS_MAX; i++)
		mvmp_link_close(d->link[i]);
	mvs_store_close(d->store);
	mvs_keeper_stop(d->keeper);
	mvmp_identity_clear(&d->identity);
}

static int exit_code_of(const struct mvmp_error *err)
{
	switch (err->status) {
	case MVMP_INVALID:
		return EXIT_USAGE;
	case MVMP_PERMISSION:
	case MVMP_NOT_TRUSTED:
		return EXIT_TRUST;
	default:
		return EXIT_FAILURE;
	}
}

static void notify_ready(void)
{
	int rc = mvmp_notify("READY=1");

	if (rc)
		mvmp_log("cannot tell the service manager that we are ready: %s", strerror(-rc));
}

static int complain(const struct mvmp_error *err)
{
	mvmp_log("%s", err->text);
	if (err->hint[0])
		fprintf(stderr, "  hint: %s\n", err->hint);
	return exit_code_of(err);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct mvmp_error err;

	if (mvs_options_parse(&d.options, argc, argv, &err))
		return complain(&err);
	if (d.options.draw_worker)
		return mvs_worker_main();
	if (d.options.help)
		return fputs(mvs_help, stdout) < 0;
	if (d.options.version)
		return puts("mvstatsd " MVMP_VERSION_TEXT) < 0;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);  /* there is nothing to read anew, and the terminal may go */
	signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of write(2), not our end */
	if (start(&d, &err)) {
		d.exit_code = complain(&err);
	} else {
		mvmp_log("ready: %s serves on %s, %u interface%s, store %s", d.identity.cert.name,
			d.socket, d.options.interfaces, d.options.interfaces == 1 ? "" : "s",
			d.options.store);
		notify_ready();
		ev_run(d.loop, 0);
		(void)mvmp_notify("STOPPING=1");
	}
	stop(&d);
	return d.exit_code;
}
