/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <stdlib.h>

struct connection *connection_by_session(struct mvmp_client *client, mvmp_session session)
{
	struct connection *c = client->connections;

	while (c && c->session != session)
		c = c->next;
	return c;
}

static struct connection *by_addr(
	struct mvmp_client *client, const struct mvmp_addr *addr, uint16_t role)
{
	struct connection *c = client->connections;

	while (c && (c->role != role || !rpc_addr_equal(&c->addr, addr)))
		c = c->next;
	return c;
}

static void forget(struct mvmp_client *client, struct connection *connection)
{
	struct connection **at = &client->connections;

	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	free(connection);
}

void connections_free(struct mvmp_client *client)
{
	while (client->connections) {
		mvmp_endpoint_close(client->ep, client->connections->session, client->now);
		forget(client, client->connections);
	}
}

bool mvmp_client_settled(const struct mvmp_client *client)
{
	for (const struct connection *c = client->connections; c; c = c->next) {
		if (c->up && c->exchange)
			return false;
	}
	return true;
}

static bool in_use(const struct mvmp_client *client, mvmp_session session)
{
	for (const struct call *call = client->calls; call; call = call->next) {
		if (call->session == session && call->state != CALL_ENDED)
			return true;
	}
	return false;
}

/* Closes the connection that was idle for longest; false when none is idle. */
static bool make_room(struct mvmp_client *client, uint64_t now)
{
	struct connection *oldest = NULL;

	for (struct connection *c = client->connections; c; c = c->next) {
		if (c->up && !c->kept && !in_use(client, c->session) &&
			(!oldest || c->used < oldest->used))
			oldest = c;
	}
	if (!oldest)
		return false;
	mvmp_endpoint_close(client->ep, oldest->session, now);
	forget(client, oldest);
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
	struct connection *c = by_addr(client, addr, role);

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
	c->next = client->connections;
	client->connections = c;
	return c;
}

struct connection *connection_find(struct mvmp_client *client, const struct rpc_target *target)
{
	const struct mvmp_cert *cert;

	for (struct connection *c = client->connections; c; c = c->next) {
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
		.deadline_ms = 5000};
	uint8_t *body = NULL, *bytes = NULL;
	int len = rpc_exchange_encode(&client->cluster, c->told ? &c->theirs : NULL, &body);

	if (len < 0)
		return 0;
	c->exchanged = now;
	if (c->told)
		c->handed = rpc_standing_own(&client->cluster);
	request.body = body;
	request.body_len = (size_t)len;
	len = rpc_request_encode(&request, &bytes);
	/* A full queue costs nothing but this exchange: the next connect makes another. */
	if (len > 0 && mvmp_endpoint_send(client->ep, c->session, bytes, (size_t)len, now))
		len = 0;
	if (len > 0)
		mvmp_wipe(bytes, (size_t)len);
	mvmp_wipe(body, request.body_len);
	free(bytes);
	free(body);
	return len > 0 ? request.id : 0;
}

/* Who did not take it the first time does not take it the second: once for each state and key. */
static bool is_to_be_told(const struct mvmp_client *client, const struct connection *c)
{
	struct rpc_standing own;

	if (!c->up || c->exchange)
		return false;
	if (!c->told)
		return true;
	own = rpc_standing_own(&client->cluster);
	return rpc_standing_lags(&client->cluster, &c->theirs) &&
	       (c->handed.number != own.number || c->handed.generation != own.generation);
}

bool mvmp_client_share(struct mvmp_client *client, unsigned most, uint64_t now)
{
	for (struct connection *c = client->connections; c; c = c->next) {
		if (!is_to_be_told(client, c))
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

	for (struct connection *c = client->connections; c; c = c->next)
		count++;
	/* So many are due in a second that all get their turn. */
	if (count > INQUIRE_S * (uint64_t)most)
		interval = count * MVMP_NS_PER_S / most;
	for (struct connection *c = client->connections; c && most; c = c->next) {
		if (!c->up || c->exchange || now - c->exchanged < interval)
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
	if (is_to_be_told(client, c))
		c->exchange = send_exchange(client, c, now);
	return true;
}

void connection_up(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now)
{
	struct connection *c = connection_by_session(client, event->session);

	if (!c)
		return;
	c->up = true;
	for (struct call *call = client->calls; call; call = call->next) {
		if (call->session == event->session && call->state == CALL_CONNECTING)
			call_connected(client, call, c, now);
	}
	c = connection_by_session(client, event->session);
	if (c && client->cluster.identity)
		c->exchange = send_exchange(client, c, now);
}

void connection_down(struct mvmp_client *client, mvmp_session session, const struct mvmp_error *why,
	uint64_t now)
{
	struct connection *c = connection_by_session(client, session);
	struct mvmp_error error;
	struct mvmp_addr addr;
	bool was_up;

	if (!c) {
		if (client->connecting) {
			client->failed = session;
			client->failure = *why;
		}
		return;
	}
	was_up = c->up;
	addr = c->addr;
	forget(client, c);
	for (struct call *call = client->calls; call; call = call->next) {
		if (call->session != session || call->state == CALL_ENDED)
			continue;
		error = *why;
		if (!was_up)
			rpc_target_explain(&client->peers, &call->target, &addr, &error);
		call_disconnected(client, call, was_up, &error, now);
	}
	if (!was_up)
		rpc_peers_forget(&client->peers, &addr);
}
