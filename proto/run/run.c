/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"
#include "run_private.h"
#include "tickets.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RECEIVE_BUDGET = 256, /* frames taken from one descriptor before the others get a turn */
	/* Of a link's first descriptor, and less by one of each further: those are served after
	 * timers, which have 0. */
	FIRST_PRIORITY = 1,
};

_Static_assert(FIRST_PRIORITY < EV_MAXPRI, "a change of generation comes first");
_Static_assert(FIRST_PRIORITY - DESCRIPTORS_PER_LINK + 1 >= EV_MINPRI, "all have one");

static int env_send(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct mvmp_run *run = ctx;
	struct mvmp_link *link =
		!run->set_back && to->link < MVMP_LINKS_MAX ? run->link[to->link].link : NULL;

	return link ? mvmp_link_send(link, to->mac, channel, frame, len) : -ENOTCONN;
}

static void env_event(void *ctx, const struct mvmp_event *event)
{
	struct mvmp_run *run = ctx;
	uint64_t now = mvmp_now();

	if (run->server && mvmp_server_event(run->server, event, now))
		return;
	if (run->client && mvmp_client_event(run->client, event, now))
		return;
	if (run->config.event)
		run->config.event(run->config.ctx, event);
}

static void env_key(void *ctx, const char *line)
{
	mvmp_key_log_put(((struct mvmp_run *)ctx)->config.key_log, line);
}

static uint64_t next_deadline(const struct mvmp_run *run)
{
	uint64_t at = mvmp_endpoint_deadline(run->endpoint);
	uint64_t client = run->client ? mvmp_client_deadline(run->client) : UINT64_MAX;

	return client < at ? client : at;
}

static void advance(struct mvmp_run *run)
{
	uint64_t now = mvmp_now();

	mvmp_endpoint_advance(run->endpoint, now);
	if (run->client)
		mvmp_client_advance(run->client, now);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	advance(timer->data);
}

/* Counters in our memory may have been used by the run of this machine that was left behind, or may
 * be used by its clone: what is sealed now could be read. */
static void on_generation(struct ev_loop *loop, struct ev_io *watcher, int revents)
{
	struct mvmp_run *run = watcher->data;

	if (!generation_changed(watcher->fd) || run->set_back)
		return;
	run->set_back = true;
	if (run->config.set_back)
		run->config.set_back(run->config.ctx);
}

/* Without it there is one protection less, which is no reason not to run. */
static void watch_generation(struct mvmp_run *run)
{
	int fd = generation_watch();

	ev_io_init(&run->generation, on_generation, fd < 0 ? -1 : fd, EV_READ);
	run->generation.data = run;
	ev_set_priority(&run->generation, EV_MAXPRI); /* before frames of the same turn */
	if (fd >= 0)
		ev_io_start(run->config.loop, &run->generation);
}

static void forget_generation(struct mvmp_run *run)
{
	if (run->generation.fd < 0)
		return;
	ev_io_stop(run->config.loop, &run->generation);
	close(run->generation.fd);
}

/* Before the loop sleeps: arms the timer for whoever is due first. */
static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int revents)
{
	struct mvmp_run *run = prepare->data;
	uint64_t at = next_deadline(run);
	uint64_t now;

	ev_timer_stop(loop, &run->timer);
	if (at == UINT64_MAX)
		return;
	now = mvmp_now();
	ev_now_update(loop);
	ev_timer_set(&run->timer, at > now ? (double)(at - now) / 1e9 : 0., 0.);
	ev_timer_start(loop, &run->timer);
}

static void deliver(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct run_link *slot = ctx;
	struct mvmp_addr from = {.link = (uint8_t)slot->index};

	memcpy(from.mac, src, MVMP_MAC_LEN);
	mvmp_endpoint_receive(slot->run->endpoint, &from, channel, frame, len, mvmp_now());
}

static void remove_link(struct run_link *slot)
{
	for (unsigned i = 0; i < slot->watchers; i++)
		ev_io_stop(slot->run->config.loop, &slot->watcher[i]);
	mvmp_link_close(slot->link);
	slot->link = NULL;
}

static void tell_mtu(struct run_link *slot)
{
	slot->mtu = slot->link->mtu;
	mvmp_endpoint_set_link(slot->run->endpoint, slot->index, slot->link);
}

static void tell_links(struct mvmp_run *run)
{
	uint32_t bits = 0, local = 0;

	for (unsigned i = 0; i < MVMP_LINKS_MAX; i++) {
		bits |= run->link[i].link ? 1u << i : 0;
		local |= run->link[i].link && !run->link[i].link->has_macs ? 1u << i : 0;
	}
	if (!run->client)
		return;
	mvmp_client_set_links(run->client, bits);
	mvmp_client_set_local_links(run->client, local);
}

static void on_readable(struct ev_loop *loop, struct ev_io *watcher, int revents)
{
	struct run_link *slot = watcher->data;
	unsigned ready = 1u << (watcher - slot->watcher);

	if (slot->link->ops->receive(slot->link, ready, RECEIVE_BUDGET, deliver, slot) >= 0) {
		if (slot->link->mtu != slot->mtu)
			tell_mtu(slot);
		return;
	}
	remove_link(slot);
	tell_links(slot->run);
	mvmp_endpoint_drop_link(slot->run->endpoint, slot->index, mvmp_now());
	if (slot->down)
		slot->down(slot->ctx, slot->index);
}

static void env_ticket(void *ctx, const struct mvmp_ticket *ticket)
{
	struct mvmp_run *run = ctx;

	if (run->tickets)
		mvmp_ticket_file_note(run->tickets, ticket);
}

static void load_tickets(struct mvmp_run *run, const char *path)
{
	if (!path)
		return;
	run->tickets = mvmp_ticket_file_new(path, run->config.identity);
	if (run->tickets)
		mvmp_ticket_file_load(run->tickets, run->endpoint);
}

int mvmp_run_new(
	const struct mvmp_run_config *config, struct mvmp_run **ret, struct mvmp_error *err)
{
	struct mvmp_run *run = calloc(1, sizeof *run);
	struct mvmp_endpoint_config endpoint = {
		.identity = config->identity,
		.env = {.ctx = run,
			.send = env_send,
			.random = mvmp_random_os,
			.wall_s = mvmp_wall_s,
			.event = env_event},
		.sessions_max = config->sessions_max,
		.asked_max = MVMP_REQUEST_MAX,
		.answer_probes = config->answer_probes,
		.key_log = config->key_log ? env_key : NULL,
		.ticket = config->ticket_file ? env_ticket : NULL,
	};
	int rc;

	if (!run)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	run->config = *config;
	mvmp_host_boot(endpoint.host_boot);
	rc = mvmp_endpoint_new(&endpoint, mvmp_now(), &run->endpoint, err);
	if (rc) {
		free(run);
		return rc;
	}
	load_tickets(run, config->ticket_file);
	ev_timer_init(&run->timer, on_timer, 0., 0.);
	run->timer.data = run;
	run_news_start(run);
	ev_prepare_init(&run->prepare, on_prepare);
	run->prepare.data = run;
	ev_prepare_start(config->loop, &run->prepare);
	watch_generation(run);
	*ret = run;
	return 0;
}

void mvmp_run_free(struct mvmp_run *run)
{
	if (!run)
		return;
	ev_prepare_stop(run->config.loop, &run->prepare);
	ev_timer_stop(run->config.loop, &run->timer);
	run_news_stop(run);
	forget_generation(run);
	if (run->client)
		mvmp_client_free(run->client);
	if (run->server)
		mvmp_server_free(run->server);
	mvmp_endpoint_free(run->endpoint);
	for (unsigned i = 0; i < MVMP_LINKS_MAX; i++) {
		if (run->link[i].link)
			remove_link(&run->link[i]);
	}
	if (run->tickets)
		mvmp_ticket_file_save(run->tickets);
	mvmp_ticket_file_free(run->tickets);
	free(run);
}

static void watch(struct run_link *slot)
{
	int fd[DESCRIPTORS_PER_LINK];

	slot->watchers = slot->link->ops->descriptors(slot->link, fd);
	for (unsigned i = 0; i < slot->watchers; i++) {
		ev_io_init(&slot->watcher[i], on_readable, fd[i], EV_READ);
		slot->watcher[i].data = slot;
		ev_set_priority(&slot->watcher[i], FIRST_PRIORITY - (int)i);
		ev_io_start(slot->run->config.loop, &slot->watcher[i]);
	}
}

int mvmp_run_add_link(struct mvmp_run *run, struct mvmp_link *link,
	void (*down)(void *ctx, unsigned index), void *ctx, struct mvmp_error *err)
{
	unsigned index = 0;

	while (index < MVMP_LINKS_MAX && run->link[index].link)
		index++;
	if (index == MVMP_LINKS_MAX || mvmp_endpoint_set_link(run->endpoint, index, link))
		return mvmp_fail(err, MVMP_INVALID, "cannot add link %s: at most %d are possible",
			link->name, MVMP_LINKS_MAX);
	run->link[index] = (struct run_link){.run = run,
		.link = link,
		.index = index,
		.mtu = link->mtu,
		.down = down,
		.ctx = ctx};
	watch(&run->link[index]);
	tell_links(run);
	return (int)index;
}

const struct mvmp_link *mvmp_run_link(const struct mvmp_run *run, unsigned index)
{
	return index < MVMP_LINKS_MAX ? run->link[index].link : NULL;
}

const struct mvmp_link *mvmp_run_link_counted(const struct mvmp_run *run, unsigned index)
{
	const struct mvmp_link *link = mvmp_run_link(run, index);

	if (link)
		mvmp_link_count(run->link[index].link);
	return link;
}

struct mvmp_endpoint *mvmp_run_endpoint(struct mvmp_run *run)
{
	return run->endpoint;
}

struct mvmp_client *mvmp_run_client(struct mvmp_run *run)
{
	if (!run->client && !mvmp_client_new(run->endpoint, &run->client)) {
		mvmp_client_set_clock(run->client, mvmp_wall_s, NULL);
		mvmp_client_set_cluster(run->client, run->config.identity, run_news_take, run);
		tell_links(run);
	}
	return run->client;
}

int mvmp_run_serve(
	struct mvmp_run *run, uint16_t own_roles, mvmp_server_handler *handler, void *ctx)
{
	int rc = mvmp_server_new(run->endpoint, own_roles, handler, ctx, 0, &run->server);

	if (rc)
		return rc;
	mvmp_server_set_cluster(run->server, run->config.identity, run_news_take, run);
	mvmp_server_set_installer(run->server, run_news_install, run);
	return 0;
}

struct mvmp_server *mvmp_run_server(struct mvmp_run *run)
{
	return run->server;
}
