/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts.h"

#include <agent.h>
#include <disk_memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So often something may be due at one moment of virtual time. */
enum { IDLE_STEPS_MAX = 20000, LOOK_MS = 50 };

static void fail(const char *what)
{
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* ---- the agent's surroundings ---- */

static uint64_t mono_ns(void *ctx)
{
	struct host *host = ctx;

	return host->hosts->world.now;
}

static uint64_t wall_ns(void *ctx)
{
	struct host *host = ctx;

	return host->hosts->world.wall_s * MVMP_NS_PER_S;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct host *host = ctx;

	mvmp_server_answer(host->server, call, err, body, len, now);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	struct host *host = ctx;

	return mvmp_endpoint_stats_room(host->member->ep, session);
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct host *host = ctx;

	return mvmp_endpoint_send_stats(host->member->ep, session, bytes, len, now);
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct host *host = ctx;

	if (host->batch)
		fail("one batch at a time");
	host->batch = batch;
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err;

	mvmp_fail(&err, MVMP_UNSUPPORTED, "not here");
	answer(ctx, request->call, &err, NULL, 0, now);
}

/* Nobody but the CA makes cluster states, keys of one, or certificates: what comes changes nothing.
 */
static void take_news(void *ctx, const struct mvmp_cluster_news *news)
{
	struct host *host = ctx;
	bool state = false, key = false;

	if (news->document)
		mvmp_identity_update_cluster(
			&host->identity, news->document, news->len, &state, NULL);
	if (news->key)
		mvmp_identity_take_key(
			&host->identity, news->key, host->hosts->world.wall_s, &key, NULL);
	if (state || key)
		fail("only the CA changes a cluster");
}

static int install(void *ctx, const struct mvmp_cert *from, const uint8_t *cert, size_t len,
	struct mvmp_error *err)
{
	struct host *host = ctx;
	bool changed = false;
	int rc = mvmp_identity_take_cert(
		&host->identity, cert, len, host->hosts->world.wall_s, &changed, err);

	if (changed)
		fail("only the CA makes certificates");
	return rc;
}

/* ---- events ---- */

static mvmp_session *up_of(struct host *host, mvmp_session session)
{
	for (unsigned i = 0; i < HOST_HANDLES; i++) {
		if (session && host->up[i] == session)
			return &host->up[i];
	}
	return NULL;
}

/* A session comes up once, ends once, and brings nothing before or after. The end of a connect
 * that never came up is told, too. */
static void check_event(struct host *host, const struct mvmp_event *event)
{
	mvmp_session *up = up_of(host, event->session);

	switch (event->type) {
	case MVMP_EVENT_SESSION_UP:
		if (up || !event->cert || !event->peer)
			fail("a session comes up once, with its peer");
		host->up[host->ups++ % HOST_HANDLES] = host->last = event->session;
		break;
	case MVMP_EVENT_SESSION_DOWN:
		if (event->status == MVMP_OK || !event->text || !*event->text)
			fail("a session ends with a reason");
		if (mvmp_endpoint_cert(host->member->ep, event->session))
			fail("a session that ended is gone");
		if (up)
			*up = 0;
		break;
	case MVMP_EVENT_MESSAGE:
	case MVMP_EVENT_STATS:
	case MVMP_EVENT_WRITABLE:
		if (!up || !mvmp_endpoint_cert(host->member->ep, event->session))
			fail("only sessions that are up bring something");
		break;
	case MVMP_EVENT_BEACON:
		break;
	}
}

static void on_event(struct test_node *member, const struct mvmp_event *event)
{
	struct host *host = member->ctx;
	uint64_t now = host->hosts->world.now;

	check_event(host, event);
	if (host->hook)
		host->hook(host, event);
	if (host->server)
		mvmp_server_event(host->server, event, now);
	if (host->agent && event->type == MVMP_EVENT_SESSION_DOWN)
		mva_agent_session_down(host->agent, event->session);
	if (host->client)
		mvmp_client_event(host->client, event, now);
}

/* ---- life ---- */

static void start_client(struct host *host)
{
	if (mvmp_client_new(host->member->ep, &host->client))
		fail("no memory");
	mvmp_client_set_links(host->client, 1);
	mvmp_client_set_cluster(host->client, &host->identity, take_news, host);
}

static void start_agent(struct host *host)
{
	struct mva_agent_config config = {.env = {host, mono_ns, wall_ns, answer, stats_room,
						  send_stats, commit, member_verb},
		.backend = &mva_backend_null,
		.node = host->identity.cert.name,
		.disk = host->disk};

	memcpy(config.instance, mvmp_endpoint_instance(host->member->ep), MVMP_ID_LEN);
	if (mva_agent_new(&config, host->hosts->world.now, &host->agent, NULL) ||
		mvmp_server_new(host->member->ep, MVMP_ROLE_NODE, mva_agent_request, host->agent, 0,
			&host->server))
		fail("an agent starts on whatever it left");
	mvmp_server_set_cluster(host->server, &host->identity, take_news, host);
	mvmp_server_set_installer(host->server, install, host);
}

static void start_programs(struct host *host)
{
	memset(host->up, 0, sizeof host->up);
	host->last = 0;
	if (host->kind == HOST_CLIENT)
		start_client(host);
	if (host->kind == HOST_AGENT)
		start_agent(host);
}

struct host *hosts_add(struct hosts *hosts, enum host_kind kind)
{
	unsigned n = hosts->count++;
	struct host *host = &hosts->host[n];
	uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, (uint8_t)(n + 1)};
	char name[16];

	*host = (struct host){.hosts = hosts, .kind = kind};
	snprintf(name, sizeof name, "member-%u", n);
	cheap_member(&host->identity, name,
		kind == HOST_CLIENT ? MVMP_ROLE_ADMIN
				    : MVMP_ROLE_NODE | (kind == HOST_BARE ? MVMP_ROLE_ADMIN : 0),
		mac, n + 1);
	host->disk = kind == HOST_AGENT ? mva_disk_memory() : NULL;
	host->member =
		test_world_add(&hosts->world, &host->identity, mac, 1500, kind != HOST_CLIENT);
	host->member->ctx = host;
	host->member->hook = on_event;
	start_programs(host);
	return host;
}

static void check_counters(const struct host *host)
{
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(host->member->ep);
	uint64_t verdicts = 0;

	for (unsigned i = 0; i < MVMP_VERDICT_COUNT; i++)
		verdicts += c->drops.count[i];
	if (verdicts != c->frames_in[0] + c->frames_in[1])
		fail("each frame has one verdict");
	if (c->retransmissions > c->fragments_sent ||
		c->spurious_retransmissions > c->retransmissions)
		fail("repetitions are among what was sent");
	if (c->handshakes_started > c->frames_out[0] || c->beacons_sent > c->frames_out[0])
		fail("what was sent is counted as sent");
}

void host_kill(struct host *host)
{
	if (!host->member->ep)
		return;
	check_counters(host);
	mvmp_client_free(host->client);
	mvmp_server_free(host->server);
	mva_agent_free(host->agent);
	host->client = NULL;
	host->server = NULL;
	host->agent = NULL;
	host->batch = NULL;
	for (unsigned i = 0; i < HOST_CALLS; i++) {
		if (host->call[i].under_way)
			fail("freeing the client ends its calls");
	}
	test_node_kill(host->member);
}

void host_start(struct host *host)
{
	if (host->member->ep)
		return;
	test_node_start(host->member);
	start_programs(host);
}

void hosts_init(struct hosts *hosts, uint64_t seed)
{
	memset(hosts, 0, sizeof *hosts);
	test_world_init(&hosts->world, seed);
	hosts->world.wall_s = CHEAP_WALL_S;
}

void hosts_clear(struct hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++)
		host_kill(&hosts->host[i]);
	test_world_clear(&hosts->world);
	for (unsigned i = 0; i < hosts->count; i++) {
		if (hosts->host[i].disk)
			hosts->host[i].disk->ops->close(hosts->host[i].disk);
		mvmp_identity_clear(&hosts->host[i].identity);
	}
}

/* ---- time ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline_of(const struct host *host)
{
	uint64_t at = host->batch ? host->hosts->world.now : UINT64_MAX;

	if (host->client)
		at = least(at, mvmp_client_deadline(host->client));
	if (host->agent)
		at = least(at, mva_agent_deadline(host->agent));
	return at;
}

static void check_calls(const struct host *host, uint64_t now)
{
	for (unsigned i = 0; i < HOST_CALLS; i++) {
		if (host->call[i].under_way && now > host->call[i].deadline)
			fail("a call ends by its deadline");
	}
}

/* What was due is done: nothing asks to be called for it again at once. */
static void advance(struct host *host)
{
	uint64_t now = host->hosts->world.now;
	struct mva_batch *batch = host->batch;

	if (!host->member->ep)
		return;
	if (batch) {
		host->batch = NULL;
		mva_agent_committed(host->agent, mva_batch_run(batch, host->disk), now);
	}
	if (host->client && mvmp_client_deadline(host->client) <= now) {
		mvmp_client_advance(host->client, now);
		if (mvmp_client_deadline(host->client) <= now)
			fail("the client's deadline moves on");
	}
	if (host->agent && mva_agent_deadline(host->agent) <= now) {
		mva_agent_advance(host->agent, now);
		if (mva_agent_deadline(host->agent) <= now)
			fail("the agent's deadline moves on");
	}
	check_calls(host, now);
}

void hosts_run_ms(struct hosts *hosts, uint64_t ms)
{
	struct test_world *world = &hosts->world;
	uint64_t until = world->now + ms * MVMP_NS_PER_MS, before = 0;
	unsigned idle = 0;

	while (world->now < until) {
		uint64_t next = until;

		for (unsigned i = 0; i < hosts->count; i++)
			next = least(next, deadline_of(&hosts->host[i]));
		test_world_run(world, next > world->now ? next : world->now, NULL, 0);
		for (unsigned i = 0; i < hosts->count; i++)
			advance(&hosts->host[i]);
		idle = world->now == before ? idle + 1 : 0;
		before = world->now;
		if (idle > IDLE_STEPS_MAX)
			fail("time goes on");
	}
}

/* ---- asking ---- */

static const uint8_t ping_body[] = {0x0a, 2, 'h', 'i'}; /* Ping { payload: "hi" } */

static void on_done(void *ctx, const struct mvmp_answer *got)
{
	struct host_call *call = ctx;

	if (!call->under_way)
		fail("a call ends once");
	call->under_way = false;
	call->error = got->error;
	if ((unsigned)got->error.status >= MVMP_STATUS_COUNT)
		fail("a call ends with a known status");
}

static struct host_call *free_call(struct host *host)
{
	for (unsigned i = 0; host->client && i < HOST_CALLS; i++) {
		if (!host->call[i].under_way)
			return &host->call[i];
	}
	return NULL;
}

struct host_call *host_ask(struct host *host, const struct host *of, enum mvmp_verb verb,
	const void *body, size_t len, uint64_t timeout_ms)
{
	struct mvmp_target target = {.mac = of->member->link->mac, .role = MVMP_ROLE_NODE};
	uint64_t now = host->hosts->world.now;
	struct host_call *call = free_call(host);

	if (!call)
		return NULL;
	*call = (struct host_call){.under_way = true,
		.deadline = now + (timeout_ms ? timeout_ms : 1) * MVMP_NS_PER_MS};
	if (mvmp_client_call(host->client, &target, verb, body, len, NULL, call->deadline, on_done,
		    call, now, NULL))
		return call;
	if (!call->under_way)
		fail("a call that is refused does not end as well");
	call->under_way = false;
	return NULL;
}

struct host_call *host_ping(struct host *host, const struct host *of, uint64_t timeout_ms)
{
	return host_ask(host, of, MVMP_VERB_PING, ping_body, sizeof ping_body, timeout_ms);
}

void host_must_reach(struct host *host, const struct host *of, uint64_t ms)
{
	struct host_call *call = host_ping(host, of, ms);

	if (!call)
		fail("a client takes a call");
	for (uint64_t waited = 0; waited < ms && call->under_way; waited += LOOK_MS)
		hosts_run_ms(host->hosts, LOOK_MS);
	if (call->under_way || call->error.status != MVMP_OK) {
		fprintf(stderr, "%s\n", call->error.text);
		fail("an honest member is answered");
	}
}
