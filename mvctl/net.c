/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include "config.h"
#include <limits.h>
#include <mvmp/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SESSIONS_MAX = 256 };

/* A member that answered just now answers within this time, or it can wait for the next command. */
static const double settle_s = 0.1;

static bool holds_identity(const char *directory)
{
	char *path = mvctl_format_text("%s/member.key", directory);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* The directory that says who we are; NULL when there is none. The caller frees it. */
static char *identity_directory(const struct mvctl *ctl)
{
	const char *home = getenv("HOME"), *env = getenv("MVMP_IDENTITY");
	char *directory;

	if (ctl->opt.identity)
		return mvctl_text(ctl->opt.identity);
	if (env && *env)
		return mvctl_text(env);
	if (home && *home) {
		directory = mvctl_format_text("%s/.config/mvmp", home);
		if (holds_identity(directory))
			return directory;
		free(directory);
	}
	return holds_identity("/etc/mvmp") ? mvctl_text("/etc/mvmp") : NULL;
}

static int load_identity(struct mvctl *ctl, struct mvctl_net *net)
{
	char *directory = identity_directory(ctl);
	struct mvmp_error error;
	int rc;

	if (!directory) {
		mvmp_fail(&error, MVMP_PERMISSION,
			"there is no key of yours in ~/.config/mvmp or /etc/mvmp");
		mvmp_hint(&error, "--identity DIR names another place; to get one: %s help key",
			"mvctl");
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	rc = mvmp_identity_load(&net->identity, directory, mvmp_wall_s(NULL), &error);
	if (!rc) {
		net->directory = directory;
		if (net->identity.former.over) /* what is over is cleared away where we may */
			mvmp_identity_store(&net->identity, MVMP_PART_FORMER, directory, NULL);
		return 0;
	}
	free(directory);
	/* Whatever is wrong with the files, the outcome is that we are nobody. */
	if (mvctl_exit_code(error.status) != MVCTL_EXIT_NOT_ALLOWED)
		error.status = MVMP_NOT_TRUSTED;
	return mvctl_report(ctl, &error, NULL, NULL);
}

/* A member handed over a newer cluster state or key. It serves this run in any case; who may not
 * write his directory gets it again next time. */
static void on_identity_changed(void *ctx, const struct mvmp_run_change *change)
{
	struct mvctl_net *net = ((struct mvctl *)ctx)->net;

	if (change->state)
		mvmp_identity_store(&net->identity, MVMP_PART_STATE, net->directory, NULL);
	if (change->key)
		mvmp_identity_store(&net->identity, MVMP_PART_KEY, net->directory, NULL);
	if (change->former_over)
		mvmp_identity_store(&net->identity, MVMP_PART_FORMER, net->directory, NULL);
}

/* Where tickets are kept (mvctl.1, FILES); "" when there is no place. */
static void ticket_path(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	path[0] = '\0';
	if (cache && *cache == '/')
		snprintf(path, size, "%.3000s/mvmp/tickets", cache);
	else if (geteuid() == 0)
		snprintf(path, size, "/var/cache/mvmp/tickets");
	else if (home && *home == '/')
		snprintf(path, size, "%.3000s/.cache/mvmp/tickets", home);
}

/* Hands an open link over to the loop. */
static int add_link(struct mvctl *ctl, struct mvmp_link *link)
{
	struct mvctl_net *net = ctl->net;
	struct mvmp_error error;
	size_t used = strlen(net->links);
	bool wire = link->has_macs;

	if (wire || !mvctl_wire_only(ctl))
		snprintf(net->links + used, sizeof net->links - used, "%s%s", used ? " and " : "",
			wire ? link->name : "this host's links");
	if (mvmp_run_add_link(net->run, link, NULL, NULL, &error) < 0) {
		mvmp_link_close(link);
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	net->wire |= wire;
	return 0;
}

static int open_wire(struct mvctl *ctl, const char *interface, bool asked_for)
{
	struct mvmp_pcap_options options = {.interface = interface,
		.listen_stats = ctl->net->listen_stats,
		.sessions = SESSIONS_MAX};
	struct mvmp_link *link;
	struct mvmp_error error;

	if (!(options.listen_stats ? mvmp_pcap_open : mvmp_plain_open)(&options, &link, &error))
		return add_link(ctl, link);
	if (asked_for && error.status == MVMP_PERMISSION && !error.hint[0])
		mvmp_hint(&error, "nodes of this host answer on their Unix links; for the wire: "
				  "setcap cap_net_raw+ep on this program");
	if (asked_for)
		return mvctl_report(ctl, &error, NULL, NULL);
	/* A default need not work for everybody; who then gets no answer is told. */
	snprintf(ctl->net->left_out, sizeof ctl->net->left_out, "%s", error.text);
	return 0;
}

static int open_unix(struct mvctl *ctl)
{
	struct mvmp_link *link;
	struct mvmp_error error;

	if (mvmp_unix_connect(ctl->opt.run_dir ? ctl->opt.run_dir : MVCTL_RUN_DIR, &link, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	return add_link(ctl, link);
}

/* With -i nodes are looked for on the wire alone (discover.c), but the aggregator of this very host
 * cannot be heard there: frames of an interface do not come back to it. */
static int open_links(struct mvctl *ctl)
{
	char interface[32];
	int rc;

	rc = open_unix(ctl);
	if (!rc && ctl->opt.interface)
		rc = open_wire(ctl, ctl->opt.interface, true);
	else if (!rc && !ctl->opt.run_dir && mvctl_config_interface(interface, sizeof interface))
		rc = open_wire(ctl, interface, false);
	return rc;
}

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct mvctl *ctl = ctx;

	if (ctl->net->event)
		ctl->net->event(ctl->net->event_ctx, event);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *watcher, int revents)
{
	struct mvctl_net *net = watcher->data;

	net->interrupted = true;
	ev_break(loop, EVBREAK_ALL);
}

static void on_set_back(void *ctx)
{
	struct mvctl *ctl = ctx;

	mvmp_log("this machine was set back to a snapshot: the command ends, give it again");
	ctl->net->interrupted = true;
	ev_break(ctl->net->loop, EVBREAK_ALL);
}

static void watch_signal(struct mvctl_net *net, struct ev_signal *watcher, int number)
{
	ev_signal_init(watcher, on_signal, number);
	watcher->data = net;
	ev_signal_start(net->loop, watcher);
}

static int start(struct mvctl *ctl)
{
	struct mvctl_net *net = ctl->net;
	struct mvmp_run_config config = {.loop = net->loop,
		.identity = &net->identity,
		.sessions_max = SESSIONS_MAX,
		.event = on_event,
		.identity_changed = on_identity_changed,
		.set_back = on_set_back,
		.ctx = ctl};
	char tickets[PATH_MAX];
	struct mvmp_error error;

	if (ctl->opt.key_log && mvmp_key_log_open(ctl->opt.key_log, &net->key_log, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	config.key_log = net->key_log;
	ticket_path(tickets, sizeof tickets);
	config.ticket_file = tickets[0] ? tickets : NULL;
	if (mvmp_run_new(&config, &net->run, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	if (!mvmp_run_client(net->run)) {
		mvmp_fail(&error, MVMP_NO_MEMORY, "out of memory");
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	watch_signal(net, &net->sigint, SIGINT);
	watch_signal(net, &net->sigterm, SIGTERM);
	return open_links(ctl);
}

int mvctl_connect(struct mvctl *ctl, bool listen_stats)
{
	int rc;

	if (ctl->net)
		return 0;
	ctl->net = mvctl_alloc(1, sizeof *ctl->net);
	ctl->net->listen_stats = listen_stats;
	rc = load_identity(ctl, ctl->net);
	if (rc) {
		free(ctl->net);
		ctl->net = NULL;
		return rc;
	}
	ctl->net->loop = ev_default_loop(0);
	rc = start(ctl);
	if (rc)
		mvctl_disconnect(ctl);
	return rc;
}

static bool is_settled(void *ctx)
{
	return mvmp_client_settled(ctx);
}

/* Lets cluster states and the goodbyes of open sessions leave, then wipes the secrets. */
void mvctl_disconnect(struct mvctl *ctl)
{
	struct mvctl_net *net = ctl->net;

	if (!net)
		return;
	net->event = NULL; /* who listened has gone */
	if (net->run && mvmp_run_client(net->run))
		mvctl_wait(ctl, settle_s, is_settled, mvmp_run_client(net->run));
	ev_signal_stop(net->loop, &net->sigint);
	ev_signal_stop(net->loop, &net->sigterm);
	mvmp_run_free(net->run);
	mvmp_key_log_close(net->key_log);
	mvmp_identity_clear(&net->identity);
	free(net->directory);
	free(net);
	ctl->net = NULL;
}

static void on_time_up(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ONE);
}

void mvctl_wait(struct mvctl *ctl, double seconds, bool (*done)(void *ctx), void *ctx)
{
	struct mvctl_net *net = ctl->net;
	struct ev_timer timer;
	bool time_up = false;

	ev_now_update(net->loop);
	ev_timer_init(&timer, on_time_up, seconds, 0.);
	timer.data = &time_up;
	ev_timer_start(net->loop, &timer);
	while (!time_up && !net->interrupted && !(done && done(ctx)))
		ev_run(net->loop, EVRUN_ONCE);
	ev_timer_stop(net->loop, &timer);
}
