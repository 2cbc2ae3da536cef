/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../proto/rpc/envelope.h"
#include "fake_endpoint.h"
#include "mvmp.pb-c.h"
#include <cmocka.h>
#include <errno.h>
#include <mvmp/client.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE = 0, LOCAL = 1 };

#define MS MVMP_NS_PER_MS

static const uint8_t node_mac[] = {0x0c, 0xc4, 0x7a, 0x77, 0xf9, 0xb5};
static const uint8_t other_mac[] = {0x52, 0x54, 0x00, 0xaa, 0x01, 0x05};

struct bench {
	struct mvmp_endpoint ep;
	struct mvmp_client *client;
	uint64_t now;
	struct mvmp_cert cert; /* of r1-n05 */
	struct mvmp_peer peer; /* the same, on the wire */
	unsigned done;
	struct mvmp_error error;
	char body[32];
	uint8_t operation[MVMP_ID_LEN];
	mvmp_session session;
	bool ask_from_done;
	size_t newer;
};

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct bench *b = ctx;

	mvmp_client_event(b->client, event, b->now);
}

static uint64_t call(struct bench *b, enum mvmp_verb verb, const char *text, uint64_t ms);

static void on_done(void *ctx, const struct mvmp_answer *answer)
{
	struct bench *b = ctx;

	b->done++;
	b->error = answer->error;
	b->session = answer->session;
	memset(b->body, 0, sizeof b->body);
	if (answer->body_len && answer->body_len < sizeof b->body)
		memcpy(b->body, answer->body, answer->body_len);
	if (answer->operation)
		memcpy(b->operation, answer->operation, MVMP_ID_LEN);
	if (b->ask_from_done) {
		b->ask_from_done = false;
		call(b, MVMP_VERB_PING, "r1-n05", 1000);
	}
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	fake_endpoint_init(&b->ep, on_event, b);
	b->now = 1000 * MS;
	b->cert = (struct mvmp_cert){
		.name = "r1-n05", .serial = 7, .roles = MVMP_ROLE_NODE, .macs = 1};
	memcpy(b->cert.mac[0], node_mac, MVMP_MAC_LEN);
	b->peer = (struct mvmp_peer){.addr.link = WIRE,
		.name = "r1-n05",
		.roles = MVMP_ROLE_NODE,
		.macs = 1,
		.fingerprint = {5}};
	memcpy(b->peer.mac[0], node_mac, MVMP_MAC_LEN);
	memcpy(b->peer.addr.mac, node_mac, MVMP_MAC_LEN);
	assert_int_equal(mvmp_client_new(&b->ep, &b->client), 0);
	mvmp_client_set_links(b->client, 1 << WIRE | 1 << LOCAL);
	mvmp_client_set_local_links(b->client, 1 << LOCAL);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	mvmp_client_free(b->client);
	fake_endpoint_clear(&b->ep);
	free(b);
	return 0;
}

static uint64_t call_target(
	struct bench *b, enum mvmp_verb verb, const struct mvmp_target *target, uint64_t ms)
{
	struct mvmp_error err;

	return mvmp_client_call(b->client, target, verb, "body", 4, NULL, b->now + ms * MS, on_done,
		b, b->now, &err);
}

static uint64_t call(struct bench *b, enum mvmp_verb verb, const char *text, uint64_t ms)
{
	struct mvmp_target target = {.text = text, .role = MVMP_ROLE_NODE};

	return call_target(b, verb, &target, ms);
}

static void pass(struct bench *b, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		b->now += MS;
		mvmp_client_advance(b->client, b->now);
	}
}

/* The request sent first; its views are gone with the message. */
static struct rpc_request sent(struct bench *b, mvmp_session *session, uint8_t *operation)
{
	struct rpc_envelope envelope;
	struct rpc_request request;

	assert_true(b->ep.sent > 0);
	*session = b->ep.message[0].session;
	assert_int_equal(
		rpc_envelope_decode(&envelope, b->ep.message[0].bytes, b->ep.message[0].len), 0);
	assert_true(envelope.is_request);
	request = envelope.request;
	if (request.operation && operation)
		memcpy(operation, request.operation, MVMP_ID_LEN);
	rpc_envelope_free(&envelope);
	fake_take(&b->ep);
	return request;
}

static void answer_with(struct bench *b, mvmp_session session, uint64_t id, enum mvmp_status status,
	const void *body, size_t body_len)
{
	struct rpc_answer answer = {
		.id = id, .error.status = status, .body = body, .body_len = body_len};
	uint8_t *bytes;
	int len = rpc_answer_encode(&answer, &bytes);

	fake_message(&b->ep, session, bytes, (size_t)len);
	free(bytes);
}

/* Answers the request sent first. */
static struct rpc_request answer(struct bench *b, enum mvmp_status status)
{
	mvmp_session session;
	struct rpc_request request = sent(b, &session, NULL);

	answer_with(b, session, request.id, status, "fine", 4);
	return request;
}

/* A member that is not known is probed for on all links, found, asked and its answer told. */
static void a_member_is_found_by_name(void **state)
{
	struct bench *b = *state;

	assert_int_not_equal(call(b, MVMP_VERB_PING, "r1-n05", 1000), 0);
	assert_int_equal(b->ep.probes, 2);
	pass(b, 200);
	assert_in_range(b->ep.probes, 6, 10);
	fake_beacon(&b->ep, &b->peer);
	assert_int_equal(b->ep.connects, 1);
	fake_up(&b->ep, 1, &b->cert);
	assert_int_equal(answer(b, MVMP_OK).verb, MVMP_VERB_PING);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_string_equal(b->body, "fine");
	assert_int_equal(b->session, 1);
	pass(b, 2000);
	assert_int_equal(b->done, 1);
}

/* Node id, MAC in any writing, and address lead to the same session; other calls share it. */
static void a_session_is_reused(void **state)
{
	struct bench *b = *state;
	struct mvmp_addr addr = {.link = WIRE};
	struct mvmp_target by_addr = {.addr = &addr, .role = MVMP_ROLE_NODE};
	struct mvmp_target by_mac = {.mac = node_mac, .role = MVMP_ROLE_NODE};

	memcpy(addr.mac, node_mac, MVMP_MAC_LEN);
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "7a77f9b5", 1000);
	call(b, MVMP_VERB_PING, "0CC47A77F9B5", 1000);
	fake_up(&b->ep, 1, &b->cert);
	call(b, MVMP_VERB_PING, "r1-n05", 1000);
	call_target(b, MVMP_VERB_PING, &by_addr, 1000);
	call_target(b, MVMP_VERB_PING, &by_mac, 1000);
	for (unsigned i = 0; i < 5; i++)
		answer(b, MVMP_OK);
	assert_int_equal(b->done, 5);
	assert_int_equal(b->ep.connects, 1);
	assert_int_equal(b->ep.probes, 0);
}

/* Nobody there: one clear sentence at the deadline, not before. */
static void silence_ends_at_the_deadline(void **state)
{
	struct bench *b = *state;

	call(b, MVMP_VERB_PIN, "r9", 500);
	pass(b, 499);
	assert_int_equal(b->done, 0);
	pass(b, 1);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
	assert_string_equal(b->error.text, "nobody answered for r9 within 500 ms");
	assert_true(mvmp_client_deadline(b->client) == UINT64_MAX);
}

/* A MAC that the certificate does not name is refused, naming both. */
static void a_wrong_mac_is_refused_by_name(void **state)
{
	struct bench *b = *state;

	memcpy(b->peer.addr.mac, other_mac, MVMP_MAC_LEN);
	call(b, MVMP_VERB_PING, "52:54:00:aa:01:05", 500);
	assert_int_equal(b->ep.probe[0].unicast, true);
	fake_beacon(&b->ep, &b->peer);
	assert_memory_equal(b->ep.session[0].expect_mac, other_mac, MVMP_MAC_LEN);
	fake_up(&b->ep, 1, &b->cert);
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text, "r1-n05 answered from MAC 52:54:00:aa:01:05, its "
					   "certificate allows 0c:c4:7a:77:f9:b5 only");
	assert_int_equal(b->ep.sent, 0);
}

/* So is a certificate of another name, or without the role that was wanted. */
static void a_wrong_certificate_is_refused(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	strcpy(b->cert.name, "mallory");
	fake_up(&b->ep, 1, &b->cert);
	pass(b, 350); /* somebody else may bear the name */
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text,
		"r1-n05 was announced there, but the certificate that answered is mallory's");
	strcpy(b->cert.name, "r1-n05");
	b->cert.roles = MVMP_ROLE_OBSERVER;
	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "gone");
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 2, &b->cert);
	pass(b, 350);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(
		b->error.text, "r1-n05 has role observer in its certificate, needed is node");
	assert_int_equal(b->ep.sent, 0);
}

/* A connect refused for the certificate's sake ends the call at once with that reason. */
static void a_refusal_ends_at_once(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 5000);
	fake_down(&b->ep, 1, MVMP_NOT_TRUSTED, "certificate 7 (r1-n05) is revoked");
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text, "certificate 7 (r1-n05) is revoked");
}

/* Another member that announces itself by the same name, from another MAC. */
static struct mvmp_peer make_twin(const struct bench *b, struct mvmp_cert *cert)
{
	struct mvmp_peer twin = b->peer;

	twin.fingerprint[0] = 6;
	memcpy(twin.addr.mac, other_mac, MVMP_MAC_LEN);
	memcpy(twin.mac[0], other_mac, MVMP_MAC_LEN);
	*cert = b->cert;
	memcpy(cert->mac[0], other_mac, MVMP_MAC_LEN);
	return twin;
}

/* Two certificates of one name: both are named, neither gets the change. */
static void an_ambiguous_name_is_refused(void **state)
{
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer twin = make_twin(b, &cert);

	call(b, MVMP_VERB_PIN, "r1-n05", 500);
	fake_beacon(&b->ep, &b->peer);
	assert_int_equal(b->ep.connects, 0); /* a change waits whether there are more */
	fake_beacon(&b->ep, &twin);
	pass(b, 50);
	assert_int_equal(b->ep.connects, 2);
	fake_up(&b->ep, 1, &b->cert);
	pass(b, 50);
	assert_int_equal(b->ep.sent, 0);
	fake_up(&b->ep, 2, &cert);
	pass(b, 10);
	assert_int_equal(b->error.status, MVMP_CONFLICT);
	assert_non_null(strstr(b->error.text, "0c:c4:7a:77:f9:b5"));
	assert_non_null(strstr(b->error.text, "52:54:00:aa:01:05"));
	assert_int_equal(b->ep.sent, 0);
}

/* Who announces another's name and has a certificate of its own, or does not answer at all, keeps
 * neither reading nor change from the one who proves the name. */
static void a_borrowed_name_harms_nobody(void **state)
{
	static const enum mvmp_verb verb[] = {MVMP_VERB_PING, MVMP_VERB_PIN, MVMP_VERB_PIN};
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer liar = make_twin(b, &cert);

	strcpy(cert.name, "mallory");
	for (unsigned i = 0; i < 3; i++) {
		liar.seen = b->peer.seen + i;
		call(b, verb[i], "r1-n05", 2000);
		fake_beacon(&b->ep, &b->peer);
		fake_beacon(&b->ep, &liar);
		pass(b, 60);
		for (unsigned k = 0; k < FAKE_SESSIONS; k++) {
			struct fake_session *s = &b->ep.session[k];
			bool lies = !memcmp(s->addr.mac, other_mac, MVMP_MAC_LEN);

			if (s->id && (!lies || i < 2))
				fake_up(&b->ep, s->id, lies ? &cert : &b->cert);
		}
		pass(b, 400);
		assert_int_equal(b->ep.sent, 1);
		answer(b, MVMP_OK);
		assert_int_equal(b->done, i + 1);
		assert_int_equal(b->error.status, MVMP_OK);
		for (unsigned k = 0; k < FAKE_SESSIONS; k++) {
			if (b->ep.session[k].id)
				fake_down(&b->ep, b->ep.session[k].id, MVMP_NO_ANSWER, "gone");
		}
	}
}

/* The liar alone is heard first; the member's own BEACON, a little later, still counts. */
static void a_liar_heard_first_is_passed_over(void **state)
{
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer liar = make_twin(b, &cert);

	strcpy(cert.name, "mallory");
	call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_beacon(&b->ep, &liar);
	fake_up(&b->ep, 1, &cert);
	pass(b, 50);
	assert_int_equal(b->done, 0);
	fake_beacon(&b->ep, &b->peer);
	pass(b, 10);
	fake_up(&b->ep, 2, &b->cert);
	pass(b, 10);
	answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
}

/* The same member on both links is no conflict, and is asked over the Unix link. */
static void the_unix_link_is_preferred(void **state)
{
	struct bench *b = *state;
	struct mvmp_peer local = b->peer;
	const struct mvmp_peer *peers;

	local.addr = (struct mvmp_addr){.link = LOCAL, .mac = {2, 0, 0, 0, 0, 9}};
	local.seen = 5;
	b->peer.seen = 9;
	fake_beacon(&b->ep, &local);
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	assert_int_equal(b->ep.session[0].addr.link, LOCAL);
	fake_up(&b->ep, 1, &b->cert);
	answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_int_equal(mvmp_client_peers(b->client, &peers), 2);
	assert_int_equal(peers[0].seen, 9);
	assert_int_equal(peers[1].seen, 5);
}

/* A change whose session breaks is repeated with the same operation id over a new one. */
static void a_change_is_repeated_under_its_id(void **state)
{
	struct bench *b = *state;
	uint8_t first[MVMP_ID_LEN], second[MVMP_ID_LEN];
	struct rpc_request one, two;
	mvmp_session session;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PIN, "r1-n05", 2000);
	pass(b, 100);
	fake_up(&b->ep, 1, &b->cert);
	one = sent(b, &session, first);
	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "the other side fell silent");
	pass(b, 100);
	assert_int_equal(b->done, 0);
	assert_int_equal(b->ep.connects, 2);
	fake_up(&b->ep, 2, &b->cert);
	two = sent(b, &session, second);
	assert_int_equal(session, 2);
	assert_memory_equal(first, second, MVMP_ID_LEN);
	assert_int_not_equal(one.id, two.id);
	assert_in_range(two.deadline_ms, 1700, 1900);
	answer_with(b, 2, one.id, MVMP_OK, "old", 3); /* of another request */
	assert_int_equal(b->done, 0);
	answer_with(b, 2, two.id, MVMP_OK, "new", 3);
	assert_string_equal(b->body, "new");
	assert_memory_equal(b->operation, first, MVMP_ID_LEN);
}

/* At the deadline: a change that was sent may have been done; a read was not answered. */
static void a_lost_answer_is_outcome_unknown(void **state)
{
	struct bench *b = *state;
	mvmp_session session;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	call(b, MVMP_VERB_PIN, "r1-n05", 400);
	sent(b, &session, NULL);
	sent(b, &session, b->operation);
	pass(b, 400);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OUTCOME_UNKNOWN);
	assert_string_equal(b->error.text, "pin was sent to r1-n05, but no answer came: r1-n05 "
					   "did not answer within 400 ms");
	assert_non_null(strstr(b->error.hint, "ask for operation 000000000000"));
	pass(b, 100);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
}

/* A change that never left is not unknown: nothing was changed. */
static void a_change_that_never_left_is_no_answer(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PIN, "r1-n05", 400);
	pass(b, 40);
	for (mvmp_session s = 1; s <= b->ep.last; s++) {
		fake_down(&b->ep, s, MVMP_NO_ANSWER, "no answer to the handshake");
		pass(b, 60);
		fake_beacon(&b->ep, &b->peer);
	}
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
	assert_string_equal(
		b->error.text, "r1-n05 was not reached within 400 ms: no answer to the handshake");
}

/* A full queue delays a request; a connect that fails from inside is tried again. */
static void what_fails_now_is_tried_later(void **state)
{
	struct bench *b = *state;

	b->ep.connect_fails = MVMP_NO_ANSWER;
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 2000);
	pass(b, 200);
	b->ep.connect_fails = MVMP_OK;
	fake_beacon(&b->ep, &b->peer);
	pass(b, 100);
	b->ep.send_result = -EAGAIN;
	fake_up(&b->ep, b->ep.last, &b->cert);
	assert_int_equal(b->ep.sent, 0);
	b->ep.send_result = 0;
	fake_writable(&b->ep, b->ep.last);
	answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
}

/* With all sessions taken, the one idle for longest makes room; subscriptions stay. */
static void idle_sessions_make_room(void **state)
{
	struct bench *b = *state;

	b->ep.sessions_max = 3;
	for (uint8_t i = 0; i < 4; i++) {
		struct mvmp_addr addr = {.mac = {2, i}};
		struct mvmp_target target = {.addr = &addr, .role = MVMP_ROLE_NODE};

		memcpy(b->cert.mac[0], addr.mac, MVMP_MAC_LEN);
		call_target(b, i == 0 ? MVMP_VERB_SUBSCRIBE : MVMP_VERB_PING, &target, 500);
		fake_up(&b->ep, b->ep.last, &b->cert);
		answer(b, MVMP_OK);
		pass(b, 5);
	}
	assert_int_equal(b->done, 4);
	assert_int_equal(b->ep.closes, 1);
	assert_int_equal(b->ep.session[0].id, 1);
	assert_int_equal(b->ep.session[1].id, 4);
}

/* A cancelled call is never told; its answer, when it comes, is nobody's. */
static void a_cancelled_call_is_silent(void **state)
{
	struct bench *b = *state;
	uint64_t id;

	fake_beacon(&b->ep, &b->peer);
	id = call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	mvmp_client_cancel(b->client, id);
	mvmp_client_cancel(b->client, id);
	answer(b, MVMP_OK);
	pass(b, 600);
	assert_int_equal(b->done, 0);
}

/* The owner may ask again from inside an answer; what is under way at the end is told once. */
static void asking_from_inside_an_answer_works(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	b->ask_from_done = true;
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	answer(b, MVMP_OK);
	answer(b, MVMP_OK);
	assert_int_equal(b->done, 2);
	call(b, MVMP_VERB_PING, "r1-n05", 500);
	mvmp_client_free(b->client);
	assert_int_equal(b->done, 3);
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
	assert_int_equal(mvmp_client_new(&b->ep, &b->client), 0);
}

/* A change told to be running is asked again under its id while there is time. */
static void a_running_change_is_asked_again(void **state)
{
	struct bench *b = *state;
	uint8_t first[MVMP_ID_LEN] = {0}, second[MVMP_ID_LEN] = {1};
	mvmp_session session;
	struct rpc_request request;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	request = sent(b, &session, first);
	answer_with(b, 1, request.id, MVMP_RUNNING, NULL, 0);
	pass(b, 60);
	request = sent(b, &session, second);
	assert_memory_equal(first, second, MVMP_ID_LEN);
	pass(b, 850);
	answer_with(b, 1, request.id, MVMP_RUNNING, NULL, 0);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_RUNNING);
}

/* A busy member is asked again; a change that went out before is not told as never done. */
static void a_busy_member_is_asked_again(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	answer(b, MVMP_BUSY);
	pass(b, 60);
	answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
	call(b, MVMP_VERB_PIN, "r1-n05", 200);
	answer(b, MVMP_BUSY);
	pass(b, 150);
	answer(b, MVMP_BUSY);
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_OUTCOME_UNKNOWN);
	call(b, MVMP_VERB_PIN, "r1-n05", 90);
	answer(b, MVMP_BUSY);
	assert_int_equal(b->error.status, MVMP_BUSY);
}

/* Targets that say nothing and verbs that do not exist are refused before anything is sent. */
static void bad_calls_are_refused(void **state)
{
	struct bench *b = *state;
	struct mvmp_target nobody = {.role = MVMP_ROLE_NODE}, empty = {.text = ""};
	struct mvmp_target somebody = {.text = "r1"};
	struct mvmp_error err;

	assert_int_equal(call_target(b, MVMP_VERB_PING, &nobody, 10), 0);
	assert_int_equal(call_target(b, MVMP_VERB_PING, &empty, 10), 0);
	assert_int_equal(mvmp_client_call(b->client, &somebody, 999, NULL, 0, NULL, b->now + 1,
				 on_done, b, b->now, &err),
		0);
	assert_int_equal(err.status, MVMP_INVALID);
	assert_int_equal(b->ep.probes, 0);
}

static uint64_t clock_of_test(void *ctx)
{
	return 1790000000;
}

/* Drawn ids begin with the clock, in milliseconds, and are never the same. */
static void drawn_ids_carry_the_clock(void **state)
{
	static const uint8_t begin[6] = {0x01, 0xa0, 0xc4, 0x50, 0x6c, 0x00};
	struct bench *b = *state;
	uint8_t one[MVMP_ID_LEN], two[MVMP_ID_LEN];
	mvmp_session session;

	mvmp_client_set_clock(b->client, clock_of_test, NULL);
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	sent(b, &session, one);
	sent(b, &session, two);
	assert_int_equal(1790000000000ull, 0x01a0c4506c00ull);
	assert_memory_equal(one, begin, 6);
	assert_memory_not_equal(one, two, MVMP_ID_LEN);
}

static void on_newer(void *ctx, const uint8_t *document, size_t len)
{
	struct bench *b = ctx;

	b->newer = len;
}

/* After a connect the cluster state's number is told; a newer document is taken, and ours is
 * handed over where the other's is older. */
static void cluster_states_are_exchanged(void **state)
{
	struct bench *b = *state;
	uint8_t document[] = "ours";
	struct mvmp_identity identity = {
		.cluster = {.number = 5}, .cluster_bytes = document, .cluster_len = 4};
	/* number 6, document "newer" */
	static const uint8_t newer[] = {0x08, 6, 0x12, 5, 'n', 'e', 'w', 'e', 'r'};
	static const uint8_t older[] = {0x08, 4};
	mvmp_session session;
	struct rpc_request request;

	mvmp_client_set_cluster(b->client, &identity, on_newer, b);
	fake_beacon(&b->ep, &b->peer);
	call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_up(&b->ep, 1, &b->cert);
	answer(b, MVMP_OK);
	request = sent(b, &session, NULL);
	assert_int_equal(request.verb, MVMP_VERB_CLUSTER_EXCHANGE);
	assert_int_equal(request.body_len, 2);
	answer_with(b, 1, request.id, MVMP_OK, newer, sizeof newer);
	assert_int_equal(b->newer, 5);
	assert_int_equal(b->ep.sent, 0);

	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "gone");
	call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_up(&b->ep, 2, &b->cert);
	answer(b, MVMP_OK);
	request = sent(b, &session, NULL);
	answer_with(b, 2, request.id, MVMP_OK, older, sizeof older);
	request = sent(b, &session, NULL);
	assert_int_equal(request.verb, MVMP_VERB_CLUSTER_EXCHANGE);
	assert_int_equal(request.body_len, 2 + 2 + 4);
	assert_int_equal(b->done, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_member_is_found_by_name),
		CASE(a_session_is_reused),
		CASE(silence_ends_at_the_deadline),
		CASE(a_wrong_mac_is_refused_by_name),
		CASE(a_wrong_certificate_is_refused),
		CASE(a_refusal_ends_at_once),
		CASE(an_ambiguous_name_is_refused),
		CASE(a_borrowed_name_harms_nobody),
		CASE(a_liar_heard_first_is_passed_over),
		CASE(the_unix_link_is_preferred),
		CASE(a_change_is_repeated_under_its_id),
		CASE(a_lost_answer_is_outcome_unknown),
		CASE(a_change_that_never_left_is_no_answer),
		CASE(what_fails_now_is_tried_later),
		CASE(idle_sessions_make_room),
		CASE(a_cancelled_call_is_silent),
		CASE(asking_from_inside_an_answer_works),
		CASE(a_running_change_is_asked_again),
		CASE(a_busy_member_is_asked_again),
		CASE(bad_calls_are_refused),
		CASE(drawn_ids_carry_the_clock),
		CASE(cluster_states_are_exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
