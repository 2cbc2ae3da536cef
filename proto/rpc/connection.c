/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <stdlib.h>

struct connection *connection_by_session(struct mvmp_client *client, mvmp_session session)
{
	struct mvmp_index_entry *at;

	return mvmp_index_first(&client->sessions, session, &at);
}

struct connection *connection_at(
	struct mvmp_client *client, const struct mvmp_addr *addr, uint16_t role)
{
	struct mvmp_index_entry *at;
	struct connection *c = mvmp_index_first(&client->addresses, rpc_addr_key(addr), &at);

	while (c && (c->role != role || !rpc_addr_equal(&c->addr, addr)))
		c = mvmp_index_next(&at);
	return c;
}

/* What its certificate may be named by; known when it is up. */
static void be_found(struct mvmp_client *client, struct connection *c)
{
	const struct mvmp_cert *cert = mvmp_endpoint_cert(client->ep, c->session);
	uint64_t key[RPC_KEYS_MAX];
	unsigned keys = cert ? rpc_cert_keys(cert, key) : 0;

	/* Without memory a call connects once more instead of finding this one. */
	for (unsigned i = 0; i < keys; i++)
		(void)mvmp_index_put(&client->addresses, &c->by_key[i], key[i], c);
}

/* Out of all tables: nothing finds it any more. */
static void hide(struct mvmp_client *client, struct connection *c)
{
	mvmp_index_remove(&client->sessions, &c->by_session);
	mvmp_index_remove(&client->addresses, &c->by_addr);
	for (unsigned i = 0; i < RPC_KEYS_MAX; i++)
		mvmp_index_remove(&client->addresses, &c->by_key[i]);
	LIST_REMOVE(c, all);
}

static int show(struct mvmp_client *client, struct connection *c)
{
	LIST_INSERT_HEAD(&client->connections, c, all);
	if (!mvmp_index_put(&client->sessions, &c->by_session, c->session, c) &&
		!mvmp_index_put(&client->addresses, &c->by_addr, rpc_addr_key(&c->addr), c))
		return 0;
	hide(client, c);
	return -1;
}

void connections_free(struct mvmp_client *client)
{
	struct connection *c;

	while ((c = LIST_FIRST(&client->connections))) {
		mvmp_endpoint_close(client->ep, c->session, client->now);
		hide(client, c);
		free(c);
	}
	mvmp_index_clear(&client->sessions);
	mvmp_index_clear(&client->addresses);
}

bool mvmp_client_settled(const struct mvmp_client *client)
{
	const struct connection *c;

	LIST_FOREACH (c, &client->connections, all) {
		if (c->up && c->exchange)
			return false;
	}
	return true;
}

/* Closes the connection that was idle for longest; false when none is idle. */
static bool make_room(struct mvmp_client *client, uint64_t now)
{
	struct connection *oldest = NULL, *c;

	LIST_FOREACH (c, &client->connections, all) {
		if (c->up && !c->kept && LIST_EMPTY(&c->calls) &&
			(!oldest || c->used < oldest->used))
			oldest = c;
	}
	if (!oldest)
		return false;
	mvmp_endpoint_close(client->ep, oldest->session, now);
	hide(client, oldest);
	free(oldest);
	return true;
}

/* As mvmp_endpoint_connect(); an end that is told from inside it counts as the end. */
static mvmp_session connect_to(struct mvmp_client *client, const struct mvmp_addr *addr,
	const uint8_t *expect_mac, uint16_t role, uint64_t give_up, uint64_t now)
{
	mvmp_session session;

	client->failed = 0;
	client->connecting = true;
	session = mvmp_endpoint_connect(client->ep, addr, expect_mac, role, give_up, now);
	client->connecting = false;
	return session && session == client->failed ? 0 : session;
}

struct connection *connection_get(struct mvmp_client *client, const struct mvmp_addr *addr,
	const uint8_t *expect_mac, uint16_t role, uint64_t give_up, uint64_t now)
{
	struct connection *c = connection_at(client, addr, role);

	if (c) {
		c->used = now;
		return c;
	}
	c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	do {
		c->session = connect_to(client, addr, expect_mac, role, give_up, now);
	} while (!c->session && !client->failed && make_room(client, now));
	if (!c->session) {
		free(c);
		return NULL;
	}
	c->addr = *addr;
	c->role = role;
	c->used = now;
	LIST_INIT(&c->calls);
	if (show(client, c)) {
		mvmp_endpoint_close(client->ep, c->session, now);
		free(c);
		return NULL;
	}
	return c;
}

struct connection *connection_find(struct mvmp_client *client, const struct rpc_target *target)
{
	uint64_t key = target->has_addr ? rpc_addr_key(&target->addr) : target->key;
	const struct mvmp_cert *cert;
	struct mvmp_index_entry *at;
	struct connection *c;

	for (c = mvmp_index_first(&client->addresses, key, &at); c; c = mvmp_index_next(&at)) {
		if (!c->up || (target->has_addr && !rpc_addr_equal(&c->addr, &target->addr)))
			continue;
		cert = mvmp_endpoint_cert(client->ep, c->session);
		if (cert && rpc_target_names(target, cert) && cert->roles & target->role)
			return c;
	}
	return NULL;
}

/* Tells what we hold, and hands it over where the other is known to hold something older. */
static uint64_t send_exchange(struct mvmp_client *client, struct connection *c, uint64_t now)
{
	struct rpc_request request = {.id = ++client->last_request,
		.verb = MVMP_VERB_CLUSTER_EXCHANGE,
		.deadline_ms = EXCHANGE_S * 1000};
	uint8_t *body = NULL, *bytes = NULL;
	bool sent;
	int len = rpc_exchange_encode(&client->cluster, c->told ? &c->theirs : NULL, &body);

	if (len < 0)
		return 0;
	c->exchanged = now;
	request.body = body;
	request.body_len = (size_t)len;
	len = rpc_request_encode(&request, &bytes);
	/* A full queue costs nothing but this exchange: there is another soon. */
	sent = len > 0 && !mvmp_endpoint_send(client->ep, c->session, bytes, (size_t)len, now);
	if (sent && c->told)
		c->handed = rpc_standing_own(&client->cluster);
	if (len > 0)
		mvmp_wipe(bytes, (size_t)len);
	mvmp_wipe(body, request.body_len);
	free(bytes);
	free(body);
	return sent ? request.id : 0;
}

/* Who does not answer at all, for want of memory perhaps, is asked anew later. */
static bool is_asked(const struct connection *c, uint64_t now)
{
	return c->exchange && now - c->exchanged < EXCHANGE_S * MVMP_NS_PER_S;
}

/* Who did not take it the first time does not take it the second: once for each state and key. */
static bool is_to_be_told(
	const struct mvmp_client *client, const struct connection *c, uint64_t now)
{
	struct rpc_standing own;

	if (!c->up || is_asked(c, now))
		return false;
	if (!c->told)
		return true;
	own = rpc_standing_own(&client->cluster);
	return rpc_standing_lags(&client->cluster, &c->theirs) &&
	       (c->handed.number != own.number || c->handed.generation != own.generation);
}

bool mvmp_client_share(struct mvmp_client *client, unsigned most, uint64_t now)
{
	struct connection *c;

	LIST_FOREACH (c, &client->connections, all) {
		if (!is_to_be_told(client, c, now))
			continue;
		if (!most--)
			return true;
		c->exchange = send_exchange(client, c, now);
	}
	return false;
}

void mvmp_client_inquire(struct mvmp_client *client, unsigned most, uint64_t now)
{
	uint64_t interval = INQUIRE_S * MVMP_NS_PER_S, count = 0;
	struct connection *c;

	LIST_FOREACH (c, &client->connections, all)
		count++;
	/* So many are due in a second that all get their turn. */
	if (count > INQUIRE_S * (uint64_t)most)
		interval = count * MVMP_NS_PER_S / most;
	LIST_FOREACH (c, &client->connections, all) {
		if (!most)
			break;
		if (!c->up || is_asked(c, now) || now - c->exchanged < interval)
			continue;
		c->told = false; /* to hear it anew */
		c->exchange = send_exchange(client, c, now);
		most--;
	}
}

bool connection_exchanged(struct mvmp_client *client, mvmp_session session,
	const struct rpc_answer *answer, uint64_t now)
{
	struct connection *c = connection_by_session(client, session);
	const struct mvmp_cert *cert = mvmp_endpoint_cert(client->ep, session);
	struct rpc_standing theirs;
	struct mvmp_cert from;

	if (!c || !cert || !c->exchange || c->exchange != answer->id)
		return false;
	c->exchange = 0;
	from = *cert; /* the endpoint's own copy may move when the owner takes something over */
	if (answer->error.status ||
		rpc_exchange_take(&client->cluster, &from, answer->body, answer->body_len, &theirs))
		return true;
	c = connection_by_session(client, session); /* the owner may have closed it */
	if (!c)
		return true;
	c->told = true;
	c->theirs = theirs;
	if (is_to_be_told(client, c, now))
		c->exchange = send_exchange(client, c, now);
	return true;
}

void connection_up(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	struct connection *c = connection_by_session(client, event->session);
	struct call *call, *next;

	if (!c)
		return;
	c->up = true;
	be_found(client, c);
	for (call = LIST_FIRST(&c->calls); call && call->connection == c; call = next) {
		next = LIST_NEXT(call, on_connection);
		if (call->state == CALL_CONNECTING)
			call_connected(client, call, c, now);
	}
	if (client->cluster.identity)
		c->exchange = send_exchange(client, c, now);
}

void connection_down(struct mvmp_client *client, mvmp_session session, const struct mvmp_error *why,
	uint64_t now)
{
	struct connection *c = connection_by_session(client, session);
	struct mvmp_error error;
	struct call *call;

	if (!c) {
		if (client->connecting) {
			client->failed = session;
			client->failure = *why;
		}
		return;
	}
	hide(client, c);
	while ((call = LIST_FIRST(&c->calls))) {
		error = *why;
		if (!c->up)
			rpc_target_explain(&client->peers, &call->target, &c->addr, &error);
		call_disconnected(client, call, c->up, &error, now);
	}
	if (!c->up)
		rpc_peers_forget(&client->peers, &c->addr);
	free(c);
}
