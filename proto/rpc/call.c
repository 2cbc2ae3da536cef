/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/crypto.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t after_ms(uint64_t now, uint64_t ms)
{
	return now + ms * MVMP_NS_PER_MS;
}

void call_end(struct mvmp_client *client, struct call *call, const struct mvmp_error *error)
{
	call->error = *error;
	call_become(client, call, CALL_ENDED);
	call_settle(client, call);
}

void call_end_unanswered(
	struct mvmp_client *client, struct call *call, const struct mvmp_error *why)
{
	struct mvmp_error error = *why;
	char operation[2 * MVMP_ID_LEN + 1];

	if (call->verb->mutates && call->sends) {
		mvmp_fail(&error, MVMP_OUTCOME_UNKNOWN, "%s was sent to %s, but no answer came: %s",
			call->verb->name, call->target.text, why->text);
		mvmp_hint(&error, "it may have been done; ask for operation %s",
			mvmp_hex(operation, call->operation, MVMP_ID_LEN));
	}
	call_end(client, call, &error);
}

/* "500 ms", "2 s", "2.5 s" */
static const char *span_text(char *to, size_t size, uint64_t ns)
{
	uint64_t ms = ns / MVMP_NS_PER_MS;

	if (ms < 1000)
		snprintf(to, size, "%llu ms", (unsigned long long)ms);
	else
		snprintf(to, size, "%g s", (double)ms / 1e3);
	return to;
}

/* The sentence at the deadline. */
static void end_late(struct mvmp_client *client, struct call *call)
{
	char waited[24];
	struct mvmp_error error;

	span_text(waited, sizeof waited, call->deadline - call->started);

	if (!call->sends && call->liar.status)
		error = call->liar;
	else if (call->sends)
		mvmp_fail(&error, MVMP_NO_ANSWER, "%s did not answer within %s", call->target.text,
			waited);
	else if (call->trouble.status)
		mvmp_fail(&error, MVMP_NO_ANSWER, "%s was not reached within %s: %.120s",
			call->target.text, waited, call->trouble.text);
	else
		mvmp_fail(&error, MVMP_NO_ANSWER, "nobody answered for %s within %s",
			call->target.text, waited);
	call_end_unanswered(client, call, &error);
}

/* Tries again a little later; `why` is told if the time runs out before. */
static void pause_call(
	struct mvmp_client *client, struct call *call, const struct mvmp_error *why, uint64_t now)
{
	call->trouble = *why;
	call_become(client, call, CALL_LOOKING);
	call_give_slot(client, call);
	call->session = 0;
	call->due = after_ms(now, RETRY_MS);
}

static int encode(struct mvmp_client *client, struct call *call, uint8_t **ret, uint64_t now)
{
	uint64_t left_ms = (call->deadline - now) / MVMP_NS_PER_MS;
	struct rpc_request request = {
		.id = ++client->last_request,
		.verb = call->verb->verb,
		.operation = call->verb->mutates ? call->operation : NULL,
		.deadline_ms = left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms,
		.body = call->body,
		.body_len = call->body_len,
	};

	call->request = request.id;
	return rpc_request_encode(&request, ret);
}

static void send_request(struct mvmp_client *client, struct call *call, uint64_t now)
{
	mvmp_session session = call->session;
	struct mvmp_error error;
	uint8_t *bytes = NULL;
	int len = encode(client, call, &bytes, now);
	int rc = len < 0 ? len : 0;

	if (!rc)
		rc = mvmp_index_put(&client->requests, &call->by_request, call->request, call);
	if (!rc)
		rc = mvmp_endpoint_send(client->ep, session, bytes, (size_t)len, now);
	if (len > 0 && call->verb->verb == MVMP_VERB_CLUSTER_EXCHANGE)
		mvmp_wipe(bytes, (size_t)len);
	free(bytes);
	call->due = call->deadline;
	if (rc == 0) {
		call_become(client, call, CALL_SENT);
		call->sends++;
	} else if (rc == -EAGAIN) {
		call_become(client, call, CALL_READY);
	} else if (rc == -EMSGSIZE) {
		mvmp_fail(&error, MVMP_TOO_LARGE, "the request has %zu bytes, one holds %d",
			call->body_len, MVMP_REQUEST_MAX);
		call_end(client, call, &error);
	} else {
		mvmp_fail(&error, MVMP_NO_ANSWER, "the session is gone");
		pause_call(client, call, &error, now);
	}
}

/* Who announced the name is not the one: another may be. */
static void doubt_name(struct mvmp_client *client, struct call *call, const struct mvmp_addr *addr,
	const struct mvmp_error *why, uint64_t now)
{
	call->liar = *why;
	if (!call->doubted)
		call->doubted = now;
	rpc_peers_forget(&client->peers, addr);
	pause_call(client, call, why, now);
	call->due = now;
}

void call_connected(struct mvmp_client *client, struct call *call,
	const struct connection *connection, uint64_t now)
{
	const struct mvmp_cert *cert = mvmp_endpoint_cert(client->ep, connection->session);
	struct mvmp_error error;

	if (!cert)
		return;
	if (!rpc_target_check(&client->peers, &call->target, &connection->addr, cert, &error))
		send_request(client, call, now);
	else if (call->target.has_addr || call->target.has_mac)
		call_end_unanswered(client, call, &error);
	else
		doubt_name(client, call, &connection->addr, &error, now);
	call_settle(client, call);
}

void call_disconnected(struct mvmp_client *client, struct call *call, bool was_up,
	const struct mvmp_error *why, uint64_t now)
{
	if (why->status == MVMP_NOT_TRUSTED) {
		call_end_unanswered(client, call, why);
		return;
	}
	pause_call(client, call, why, now);
	if (was_up)
		call->due = now;
	call_settle(client, call);
}

static void use_connection(
	struct mvmp_client *client, struct call *call, struct connection *c, uint64_t now)
{
	c->used = now;
	c->kept |= call->verb->verb == MVMP_VERB_SUBSCRIBE;
	call->session = c->session;
	call_become(client, call, CALL_CONNECTING);
	call_attach(call, c);
	call->due = call->deadline;
	if (c->up)
		call_connected(client, call, c, now);
}

static void connect_call(
	struct mvmp_client *client, struct call *call, const struct mvmp_addr *addr, uint64_t now)
{
	const uint8_t *expect = call->target.has_mac ? call->target.mac : NULL;
	uint64_t give_up = after_ms(now, CONNECT_MS);
	struct mvmp_error busy;
	struct connection *c;

	if (!connection_at(client, addr, call->target.role) && !call_take_slot(client, call))
		return;
	c = connection_get(client, addr, expect, call->target.role,
		give_up < call->deadline ? give_up : call->deadline, now);
	if (c) {
		use_connection(client, call, c, now);
	} else if (client->failed) {
		rpc_peers_forget(&client->peers, addr);
		call_disconnected(client, call, false, &client->failure, now);
	} else {
		mvmp_fail(&busy, MVMP_BUSY, "all sessions are in use");
		pause_call(client, call, &busy, now);
	}
}

/* Until the next probe, after so many. */
static unsigned pause_ms(unsigned probes)
{
	static const unsigned ms[] = {0, PROBE_FIRST_MS, 75, 150, PROBE_PAUSE_MAX_MS};
	unsigned last = sizeof ms / sizeof *ms - 1;

	return ms[probes < last ? probes : last];
}

/* Asks everybody on the Unix links, or on the wires. All calls share the answers: however many look
 * for members, this goes out once in PROBE_FIRST_MS, and again ever more seldom: a segment may have
 * ten thousand members, and each of them answers. */
static void ask_all(
	struct mvmp_client *client, bool local, bool again, unsigned spread_ms, uint64_t now)
{
	struct asking *asked = &client->asked[local];
	uint32_t links = client->links;

	links &= local ? client->peers.local_links : ~client->peers.local_links;
	if (asked->at && now < after_ms(asked->at, again ? pause_ms(asked->times) : PROBE_FIRST_MS))
		return;
	if (now >= after_ms(asked->at, 2 * PROBE_PAUSE_MAX_MS))
		asked->times = 0;
	asked->at = now;
	asked->times++;
	for (unsigned link = 0; link < MVMP_LINKS_MAX; link++) {
		if (links >> link & 1)
			mvmp_endpoint_probe(client->ep, link, NULL, spread_ms, now);
	}
}

static void ask_mac(struct mvmp_client *client, const uint8_t *mac, uint64_t now)
{
	uint32_t wires = client->links & ~client->peers.local_links;

	for (unsigned link = 0; link < MVMP_LINKS_MAX; link++) {
		if (wires >> link & 1)
			mvmp_endpoint_probe(client->ep, link, mac, 0, now);
	}
}

/* A MAC is asked alone first, where links have MACs: a segment may have thousands of members. */
static void probe(struct mvmp_client *client, struct call *call, uint64_t now)
{
	unsigned spread = call->probes ? PROBE_SPREAD_MS : PROBE_SPREAD_FIRST_MS;

	if (call->target.has_mac)
		ask_mac(client, call->target.mac, now);
	ask_all(client, true, call->probes, 0, now);
	if (!call->target.has_mac || call->probes >= SLOT_PROBES)
		ask_all(client, false, call->probes, spread, now);
	call->due = after_ms(now, pause_ms(call->probes + 1));
	call->probe_due = call->due;
	if (!call->probes++)
		call->first_probe = now;
}

/* Who is named by a MAC is probed alone, which needs a slot for a while. */
static void search(struct mvmp_client *client, struct call *call, uint64_t now)
{
	if (call->probes >= SLOT_PROBES)
		call_give_slot(client, call);
	else if (call->target.has_mac && !call_take_slot(client, call))
		return;
	probe(client, call, now);
}

static void end_ambiguous(struct mvmp_client *client, struct call *call, const struct doubt *doubt)
{
	const struct mvmp_peer *a = rpc_peers_at(&client->peers, &doubt->proved_at);
	const struct mvmp_peer *b = rpc_peers_at(&client->peers, &doubt->other_at);
	const uint8_t *x = a && a->macs ? a->mac[0] : doubt->proved_at.mac;
	const uint8_t *y = b && b->macs ? b->mac[0] : doubt->other_at.mac;
	struct mvmp_error error;
	char one[18], two[18];

	mvmp_fail(&error, MVMP_CONFLICT,
		"%s is the name of two members, with MAC %s and MAC %s: both proved it",
		call->target.text, mvmp_mac_text(one, x), mvmp_mac_text(two, y));
	mvmp_hint(&error, "name the MAC of the one you mean");
	call_end_unanswered(client, call, &error);
}

/* A change goes to nobody before all who may bear the name had time to say so. */
static bool heard_enough(const struct call *call, uint64_t now)
{
	if (call->target.has_mac || !call->verb->mutates)
		return true;
	return call->probes && now >= after_ms(call->first_probe, PROBE_FIRST_MS);
}

/* Several announce the name, or who did was somebody else. A reading goes to the first who proves
 * it, a change waits until all had time to. */
static void look_doubting(struct mvmp_client *client, struct call *call, uint64_t now)
{
	struct connection *c;
	struct doubt doubt;
	bool over, heard;

	doubt_resolve(client, call, &doubt, now);
	over = now >= after_ms(call->doubted, DOUBT_MS);
	heard = over || !call->verb->mutates || (!doubt.pending && heard_enough(call, now));
	c = connection_by_session(client, doubt.proved);
	if (doubt.conflict) {
		end_ambiguous(client, call, &doubt);
	} else if (c && heard) {
		use_connection(client, call, c, now);
	} else if (over && !doubt.pending && call->liar.status) {
		call_end_unanswered(client, call, &call->liar);
	} else {
		if (!doubt.pending && now >= call->probe_due)
			probe(client, call, now);
		call->due = after_ms(now, DOUBT_TURN_MS);
	}
}

static void look(struct mvmp_client *client, struct call *call, uint64_t now)
{
	const struct mvmp_peer *other, *peer;
	struct connection *c;

	if (call->target.has_addr) {
		connect_call(client, call, &call->target.addr, now);
		return;
	}
	peer = rpc_peers_choose(&client->peers, &call->target, &other);
	if (other || call->doubted) {
		call_give_slot(client, call); /* this may last */
		look_doubting(client, call, now);
		return;
	}
	c = connection_find(client, &call->target);
	if (c)
		use_connection(client, call, c, now);
	else if (peer && heard_enough(call, now))
		connect_call(client, call, &peer->addr, now);
	else if (now >= call->due)
		search(client, call, now);
}

void call_step(struct mvmp_client *client, struct call *call, uint64_t now)
{
	if (call->state == CALL_ENDED)
		return;
	if (now >= call->deadline)
		end_late(client, call);
	else if (call->state == CALL_LOOKING)
		look(client, call, now);
	else if (call->state == CALL_READY)
		send_request(client, call, now);
	call_settle(client, call);
}
