/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int mvmp_client_new(struct mvmp_endpoint *ep, struct mvmp_client **ret)
{
	struct mvmp_client *client = calloc(1, sizeof *client);

	if (!client)
		return -ENOMEM;
	client->ep = ep;
	TAILQ_INIT(&client->queued);
	TAILQ_INIT(&client->ended);
	*ret = client;
	return 0;
}

/* Tells the owner and frees. The owner may start and cancel calls meanwhile. */
static void deliver(struct mvmp_client *client, struct call *call, const struct rpc_answer *answer,
	uint64_t now)
{
	uint8_t operation[MVMP_ID_LEN];
	mvmp_client_done *done = call->done;
	void *ctx = call->ctx;
	struct mvmp_answer told = {
		.error = answer ? answer->error : call->error,
		.body = answer ? answer->body : NULL,
		.body_len = answer ? answer->body_len : 0,
		.from = answer ? mvmp_endpoint_cert(client->ep, call->session) : NULL,
		.operation = call->verb->mutates ? operation : NULL,
		.session = answer ? call->session : 0,
		.elapsed_ns = now - call->started,
	};

	memcpy(operation, call->operation, sizeof operation);
	call_leave(client, call);
	done(ctx, &told);
}

static void deliver_ended(struct mvmp_client *client, uint64_t now)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&client->ended)))
		deliver(client, call, NULL, now);
}

void mvmp_client_free(struct mvmp_client *client)
{
	struct mvmp_error error;
	struct call *call;

	if (!client)
		return;
	mvmp_fail(&error, MVMP_NO_ANSWER, "the caller gave up");
	while ((call = LIST_FIRST(&client->calls))) {
		call_end(client, call, &error);
		deliver(client, call, NULL, client->now);
	}
	connections_free(client);
	rpc_peers_free(&client->peers);
	mvmp_index_clear(&client->ids);
	mvmp_index_clear(&client->requests);
	mvmp_index_clear(&client->looking);
	mvmp_heap_clear(&client->heap);
	mvmp_pool_clear(&client->pool);
	free(client);
}

void mvmp_client_set_links(struct mvmp_client *client, uint32_t links)
{
	client->links = links;
}

void mvmp_client_set_local_links(struct mvmp_client *client, uint32_t links)
{
	client->peers.local_links = links;
}

void mvmp_client_set_cluster(struct mvmp_client *client, const struct mvmp_identity *identity,
	mvmp_cluster_newer *newer, void *ctx)
{
	client->cluster = (struct rpc_cluster){.identity = identity, .newer = newer, .ctx = ctx};
}

void mvmp_client_set_clock(struct mvmp_client *client, uint64_t (*wall_s)(void *ctx), void *ctx)
{
	client->wall_s = wall_s;
	client->wall_ctx = ctx;
}

/* The clock, then a number that is this program's alone: its instance was drawn at random, and
 * the mixing (splitmix64) gives each count another number. */
static void draw_operation(struct mvmp_client *client, uint8_t to[static MVMP_ID_LEN])
{
	uint64_t ms = client->wall_s ? client->wall_s(client->wall_ctx) * 1000 : 0;
	const uint8_t *instance = mvmp_endpoint_instance(client->ep);
	uint64_t z;

	memcpy(&z, instance, sizeof z);
	z += ++client->operations * 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	for (unsigned i = 0; i < 6; i++)
		to[i] = (uint8_t)(ms >> (8 * (5 - i)));
	memcpy(to + 6, instance + sizeof z, 2);
	memcpy(to + 8, &z, sizeof z);
}

static struct call *call_new(struct mvmp_client *client, const struct mvmp_verb_info *verb,
	const void *body, size_t body_len, const uint8_t *operation)
{
	struct call *call =
		(struct call *)(void *)mvmp_pool_get(&client->pool, sizeof *call + body_len);

	if (!call)
		return NULL;
	memset(call, 0, sizeof *call);
	if (body_len)
		memcpy(call->body, body, body_len);
	call->body_len = body_len;
	call->verb = verb;
	if (operation)
		memcpy(call->operation, operation, MVMP_ID_LEN);
	else if (verb->mutates)
		draw_operation(client, call->operation);
	call->id = ++client->last_id;
	return call;
}

uint64_t mvmp_client_call(struct mvmp_client *client, const struct mvmp_target *target,
	enum mvmp_verb verb, const void *body, size_t body_len, const uint8_t *operation,
	uint64_t deadline, mvmp_client_done *done, void *ctx, uint64_t now, struct mvmp_error *err)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(verb);
	struct rpc_target to;
	struct call *call;

	client->now = now;
	if (!info) {
		mvmp_fail(err, MVMP_INVALID, "there is no verb %d", (int)verb);
		return 0;
	}
	if (rpc_target_set(&to, target, err))
		return 0;
	if (client->count >= CALLS_MAX) {
		mvmp_fail(err, MVMP_BUSY, "%d calls are under way, no more at once", CALLS_MAX);
		return 0;
	}
	call = call_new(client, info, body, body_len, operation);
	if (!call) {
		mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
		return 0;
	}
	call->target = to;
	call->started = call->due = now;
	call->deadline = deadline;
	call->done = done;
	call->ctx = ctx;
	if (call_enter(client, call)) {
		mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
		mvmp_pool_put(&client->pool, (uint8_t *)call, sizeof *call + body_len);
		return 0;
	}
	call_step(client, call, now);
	return call->id;
}

void mvmp_client_cancel(struct mvmp_client *client, uint64_t id)
{
	struct mvmp_index_entry *at;
	struct call *call = mvmp_index_first(&client->ids, id, &at);

	if (call)
		call_leave(client, call);
}

/* Who is busy may have time later; a change that is still running may end before the caller's
 * time does. */
static bool ask_again(struct mvmp_client *client, struct call *call,
	const struct rpc_answer *answer, uint64_t now)
{
	bool running = answer->error.status == MVMP_RUNNING && call->verb->mutates;

	if ((!running && answer->error.status != MVMP_BUSY) ||
		now + 2 * RETRY_MS * MVMP_NS_PER_MS >= call->deadline)
		return false;
	call_become(client, call, CALL_LOOKING);
	call->due = now + RETRY_MS * MVMP_NS_PER_MS;
	call->trouble = answer->error;
	call_settle(client, call);
	return true;
}

/* A change that was sent before and now finds no place: what became of it before is open. */
static bool says_nothing(const struct call *call, const struct rpc_answer *answer)
{
	return call->verb->mutates && call->sends > 1 && answer->error.status == MVMP_BUSY;
}

static void take_answer(struct mvmp_client *client, mvmp_session session,
	const struct rpc_answer *answer, uint64_t now)
{
	struct mvmp_index_entry *at;
	struct call *call;

	if (connection_exchanged(client, session, answer, now))
		return;
	call = mvmp_index_first(&client->requests, answer->id, &at);
	if (!call || call->session != session || ask_again(client, call, answer, now))
		return;
	if (says_nothing(call, answer))
		call_end_unanswered(client, call, &answer->error);
	else
		deliver(client, call, answer, now);
}

static bool take_message(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	struct rpc_envelope envelope;
	bool mine;

	if (!connection_by_session(client, event->session) ||
		rpc_envelope_decode(&envelope, event->bytes, event->len))
		return false;
	mine = !envelope.is_request;
	if (mine)
		take_answer(client, event->session, &envelope.answer, now);
	rpc_envelope_free(&envelope);
	return mine;
}

static void take_down(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	struct mvmp_error why;

	mvmp_fail(&why, event->status, "%s", event->text ? event->text : "the session ended");
	connection_down(client, event->session, &why, now);
}

/* Steps the calls that look for a member under one key. A step takes its own call out of the chain
 * or leaves it; it touches no other. */
static void step_looking(struct mvmp_client *client, uint64_t key, uint64_t now)
{
	struct mvmp_index_entry *at;
	struct call *call = mvmp_index_first(&client->looking, key, &at), *next;

	for (; call; call = next) {
		next = mvmp_index_next(&at);
		if (call->probes)
			call_step(client, call, now);
	}
}

static void take_beacon(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	uint64_t key[RPC_KEYS_MAX];
	unsigned keys = rpc_peer_keys(event->peer, key);

	rpc_peers_heard(&client->peers, event->peer);
	for (unsigned i = 0; i < keys; i++)
		step_looking(client, key[i], now);
}

static void take_writable(struct mvmp_client *client, mvmp_session session, uint64_t now)
{
	struct connection *c = connection_by_session(client, session);
	struct call *call, *next;

	for (call = c ? LIST_FIRST(&c->calls) : NULL; call && call->connection == c; call = next) {
		next = LIST_NEXT(call, on_connection);
		if (call->state == CALL_READY)
			call_step(client, call, now);
	}
}

bool mvmp_client_event(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	bool mine = false;

	client->now = now;
	switch (event->type) {
	case MVMP_EVENT_MESSAGE:
		mine = take_message(client, event, now);
		break;
	case MVMP_EVENT_BEACON:
		take_beacon(client, event, now);
		break;
	case MVMP_EVENT_SESSION_UP:
		connection_up(client, event, now);
		break;
	case MVMP_EVENT_SESSION_DOWN:
		take_down(client, event, now);
		break;
	case MVMP_EVENT_WRITABLE:
		take_writable(client, event->session, now);
		break;
	default:
		break;
	}
	return mine;
}

static struct call *call_of(struct mvmp_timer *timer)
{
	return (struct call *)((char *)timer - offsetof(struct call, timer));
}

/* Each call that is due is stepped once; who ended is told only then. */
void mvmp_client_advance(struct mvmp_client *client, uint64_t now)
{
	uint32_t most = client->heap.count;
	struct mvmp_timer *timer;

	client->now = now;
	while (most-- && (timer = mvmp_heap_pop(&client->heap, now)))
		call_step(client, call_of(timer), now);
	deliver_ended(client, now);
}

uint64_t mvmp_client_deadline(const struct mvmp_client *client)
{
	return TAILQ_EMPTY(&client->ended) ? mvmp_heap_next(&client->heap) : 0;
}

size_t mvmp_client_peers(const struct mvmp_client *client, const struct mvmp_peer **ret)
{
	struct rpc_peers *peers = (struct rpc_peers *)(uintptr_t)&client->peers;

	return rpc_peers_list(peers, ret);
}
