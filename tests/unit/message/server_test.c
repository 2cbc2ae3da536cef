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
#include <mvmp/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t operation[MVMP_ID_LEN] = {1, 2, 3};

struct bench {
	struct mvmp_endpoint ep;
	struct mvmp_server *server;
	struct mvmp_cert cert;
	mvmp_session session;
	bool answer_now;
	unsigned handled;
	struct mvmp_request last;
	mvmp_call calls[8];
	char body[16];
	uint64_t newer; /* bytes of the last document handed over */
};

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct bench *b = ctx;

	mvmp_server_event(b->server, event, 1);
}

static void on_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct bench *b = ctx;

	b->last = *request;
	b->calls[b->handled++ % 8] = request->call;
	memcpy(b->body, request->body, request->body_len < 16 ? request->body_len : 16);
	if (b->answer_now)
		mvmp_server_answer(b->server, request->call, NULL, "pong", 4, now);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	fake_endpoint_init(&b->ep, on_event, b);
	b->cert = (struct mvmp_cert){
		.name = "ada", .serial = 204, .roles = MVMP_ROLE_OPERATOR | MVMP_ROLE_OBSERVER};
	assert_int_equal(mvmp_server_new(&b->ep, MVMP_ROLE_NODE, on_request, b, 2, &b->server), 0);
	b->session = fake_incoming(&b->ep, &b->cert);
	b->answer_now = true;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	mvmp_server_free(b->server);
	fake_endpoint_clear(&b->ep);
	free(b);
	return 0;
}

static void send(struct bench *b, const struct rpc_request *request)
{
	uint8_t *bytes;
	int len = rpc_request_encode(request, &bytes);

	fake_message(&b->ep, b->session, bytes, (size_t)len);
	free(bytes);
}

static void ask(struct bench *b, uint64_t id, uint32_t verb, const uint8_t *op)
{
	send(b, &(struct rpc_request){.id = id,
			.verb = verb,
			.operation = op,
			.deadline_ms = 700,
			.body = "ping",
			.body_len = 4});
}

/* Takes the oldest answer; the texts are copied. */
static struct rpc_answer answered(struct bench *b, char body[16])
{
	struct rpc_envelope envelope;
	struct rpc_answer answer;

	assert_true(b->ep.sent > 0);
	assert_int_equal(
		rpc_envelope_decode(&envelope, b->ep.message[0].bytes, b->ep.message[0].len), 0);
	assert_false(envelope.is_request);
	answer = envelope.answer;
	if (body)
		memcpy(body, answer.body, answer.body_len < 16 ? answer.body_len : 16);
	rpc_envelope_free(&envelope);
	fake_take(&b->ep);
	return answer;
}

/* A request reaches the handler as it was sent, and its answer goes back under its id. */
static void a_request_is_answered(void **state)
{
	struct bench *b = *state;
	struct rpc_answer answer;
	char body[16] = "";

	ask(b, 77, MVMP_VERB_PIN, operation);
	assert_int_equal(b->handled, 1);
	assert_int_equal(b->last.verb->verb, MVMP_VERB_PIN);
	assert_int_equal(b->last.deadline_ms, 700);
	assert_int_equal(b->last.session, b->session);
	assert_memory_equal(b->body, "ping", 4);
	answer = answered(b, body);
	assert_int_equal(answer.id, 77);
	assert_int_equal(answer.error.status, MVMP_OK);
	assert_memory_equal(body, "pong", 4);
}

/* A role that is not enough is told by certificate, role held and role needed. */
static void a_role_is_refused_by_name(void **state)
{
	struct bench *b = *state;
	struct rpc_answer answer;

	b->ep.session[0].cert.roles = MVMP_ROLE_OBSERVER;
	ask(b, 1, MVMP_VERB_PIN, operation);
	answer = answered(b, NULL);
	assert_int_equal(b->handled, 0);
	assert_int_equal(answer.error.status, MVMP_NOT_ALLOWED);
	assert_string_equal(
		answer.error.text, "certificate 204 (ada) has role observer, pin needs operator");
}

/* Unknown verbs, verbs of other members, and changes without an operation id are refused. */
static void what_cannot_be_served_is_refused(void **state)
{
	struct bench *b = *state;

	ask(b, 1, 9999, operation);
	assert_int_equal(answered(b, NULL).error.status, MVMP_UNSUPPORTED);
	ask(b, 2, MVMP_VERB_NODES_READ, NULL);
	assert_int_equal(answered(b, NULL).error.status, MVMP_UNSUPPORTED);
	ask(b, 3, MVMP_VERB_PIN, NULL);
	assert_int_equal(answered(b, NULL).error.status, MVMP_INVALID);
	assert_int_equal(b->handled, 0);
}

/* The third of two is told that the server is busy, and served once there is room again. */
static void calls_are_bounded(void **state)
{
	struct bench *b = *state;

	b->answer_now = false;
	ask(b, 1, MVMP_VERB_PING, NULL);
	ask(b, 2, MVMP_VERB_PING, NULL);
	ask(b, 3, MVMP_VERB_PING, NULL);
	assert_int_equal(b->handled, 2);
	assert_int_equal(answered(b, NULL).error.status, MVMP_BUSY);
	mvmp_server_answer(b->server, b->calls[1], NULL, NULL, 0, 1);
	assert_int_equal(answered(b, NULL).id, 2);
	ask(b, 4, MVMP_VERB_PING, NULL);
	assert_int_equal(b->handled, 3);
	mvmp_server_answer(b->server, b->calls[2], NULL, NULL, 0, 1);
	assert_int_equal(answered(b, NULL).id, 4);
}

/* An answer is given once: a second one, or one for a number never given, is nothing. */
static void an_answer_is_given_once(void **state)
{
	struct bench *b = *state;

	ask(b, 1, MVMP_VERB_PING, NULL);
	mvmp_server_answer(b->server, b->calls[0], NULL, NULL, 0, 1);
	mvmp_server_answer(b->server, 0, NULL, NULL, 0, 1);
	mvmp_server_answer(b->server, 123456, NULL, NULL, 0, 1);
	assert_int_equal(b->ep.sent, 1);
}

/* The answer of a session that went down goes nowhere, and its place is free again. */
static void a_lost_session_frees_its_calls(void **state)
{
	struct bench *b = *state;

	b->answer_now = false;
	ask(b, 1, MVMP_VERB_PING, NULL);
	ask(b, 2, MVMP_VERB_PING, NULL);
	fake_down(&b->ep, b->session, MVMP_NO_ANSWER, "gone");
	mvmp_server_answer(b->server, b->calls[0], NULL, NULL, 0, 1);
	mvmp_server_answer(b->server, b->calls[1], NULL, NULL, 0, 1);
	assert_int_equal(b->ep.sent, 0);
	b->session = fake_incoming(&b->ep, &b->cert);
	ask(b, 1, MVMP_VERB_PING, NULL);
	assert_int_equal(b->handled, 3);
	mvmp_server_answer(b->server, b->calls[2], NULL, NULL, 0, 1);
	assert_int_equal(b->ep.sent, 1);
}

/* An answer that finds the queue full is sent when the session is writable. */
static void a_full_queue_delays_the_answer(void **state)
{
	struct bench *b = *state;

	b->ep.send_result = -EAGAIN;
	ask(b, 5, MVMP_VERB_PING, NULL);
	assert_int_equal(b->ep.sent, 0);
	fake_writable(&b->ep, b->session);
	assert_int_equal(b->ep.sent, 0);
	b->ep.send_result = 0;
	fake_writable(&b->ep, b->session);
	assert_int_equal(answered(b, NULL).id, 5);
	fake_writable(&b->ep, b->session);
	assert_int_equal(b->ep.sent, 0);
}

/* Who asks and takes no answer fills neither all places, which others need, nor memory. */
static void one_member_leaves_room_for_others(void **state)
{
	struct bench *b = *state;
	struct mvmp_cert other = {.name = "eve", .key = {9}, .roles = MVMP_ROLE_OBSERVER};
	mvmp_session greedy = b->session;

	mvmp_server_free(b->server);
	assert_int_equal(mvmp_server_new(&b->ep, MVMP_ROLE_NODE, on_request, b, 8, &b->server), 0);
	b->ep.send_result = -EAGAIN;
	for (unsigned i = 0; i < 8; i++)
		ask(b, 1 + i, MVMP_VERB_PING, NULL);
	assert_int_equal(b->handled, 6);
	b->session = fake_incoming(&b->ep, &other);
	b->ep.send_result = 0;
	ask(b, 9, MVMP_VERB_PING, NULL);
	assert_int_equal(answered(b, NULL).error.status, MVMP_OK);
	fake_writable(&b->ep, greedy);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(answered(b, NULL).error.status, MVMP_OK);
}

/* Of answers that wait 16 MiB are kept; the others become a sentence, and once these were taken
 * there is room as before. */
static void answers_that_wait_are_bounded(void **state)
{
	struct bench *b = *state;
	char *much = calloc(1, MVMP_MESSAGE_MAX);
	unsigned whole = 0, busy = 0;

	mvmp_server_free(b->server);
	assert_int_equal(mvmp_server_new(&b->ep, MVMP_ROLE_NODE, on_request, b, 40, &b->server), 0);
	b->answer_now = false;
	for (unsigned round = 1; round <= 2; round++) {
		b->ep.send_result = -EAGAIN;
		for (unsigned i = 0; i < 20; i++) {
			ask(b, 1 + i, MVMP_VERB_PING, NULL);
			mvmp_server_answer(
				b->server, b->last.call, NULL, much, MVMP_MESSAGE_MAX - 1000, 1);
		}
		b->ep.send_result = 0;
		fake_writable(&b->ep, b->session);
		while (b->ep.sent) {
			struct rpc_answer answer = answered(b, NULL);

			whole += answer.error.status == MVMP_OK;
			busy += answer.error.status == MVMP_BUSY;
		}
		assert_int_equal(whole, 16 * round);
		assert_int_equal(busy, 4 * round);
	}
	free(much);
}

/* An answer longer than a message becomes a sentence that says so. */
static void an_answer_too_large_says_so(void **state)
{
	struct bench *b = *state;
	char *much = calloc(1, MVMP_MESSAGE_MAX);
	struct rpc_answer answer;

	b->answer_now = false;
	ask(b, 6, MVMP_VERB_PING, NULL);
	mvmp_server_answer(b->server, b->calls[0], NULL, much, MVMP_MESSAGE_MAX, 1);
	answer = answered(b, NULL);
	assert_int_equal(answer.error.status, MVMP_TOO_LARGE);
	assert_int_equal(answer.body_len, 0);
	assert_non_null(strstr(answer.error.text, "1048576"));
	free(much);
}

static void on_newer(void *ctx, const struct mvmp_cluster_news *news)
{
	struct bench *b = ctx;

	b->newer = news->len;
}

static Mvmp__ClusterExchange *exchange(struct bench *b, uint64_t number, const char *document)
{
	Mvmp__ClusterExchange message = MVMP__CLUSTER_EXCHANGE__INIT, *got;
	struct rpc_request request = {.id = 9, .verb = MVMP_VERB_CLUSTER_EXCHANGE};
	struct rpc_envelope envelope;
	uint8_t body[100], *bytes;
	int len;

	message.number = number;
	message.document = (ProtobufCBinaryData){strlen(document), (uint8_t *)(uintptr_t)document};
	request.body = body;
	request.body_len = mvmp__cluster_exchange__pack(&message, body);
	len = rpc_request_encode(&request, &bytes);
	fake_message(&b->ep, b->session, bytes, (size_t)len);
	free(bytes);
	assert_int_equal(
		rpc_envelope_decode(&envelope, b->ep.message[0].bytes, b->ep.message[0].len), 0);
	got = mvmp__cluster_exchange__unpack(NULL, envelope.answer.body_len, envelope.answer.body);
	rpc_envelope_free(&envelope);
	fake_take(&b->ep);
	return got;
}

/* The older cluster state gets the newer one, whoever asks; equal ones get nothing. */
static void cluster_states_are_exchanged(void **state)
{
	struct bench *b = *state;
	uint8_t document[] = "ours";
	struct mvmp_identity identity = {.crypto = &mvmp_crypto_openssl,
		.cluster = {.number = 5},
		.cluster_bytes = document,
		.cluster_len = 4};
	Mvmp__ClusterExchange *got;

	mvmp_server_set_cluster(b->server, &identity, on_newer, b);
	got = exchange(b, 4, "");
	assert_int_equal(got->number, 5);
	assert_int_equal(got->document.len, 4);
	mvmp__cluster_exchange__free_unpacked(got, NULL);
	got = exchange(b, 5, "same");
	assert_int_equal(got->document.len, 0);
	assert_int_equal(b->newer, 0);
	mvmp__cluster_exchange__free_unpacked(got, NULL);
	got = exchange(b, 6, "newer one");
	assert_int_equal(got->document.len, 0);
	assert_int_equal(b->newer, 9);
	mvmp__cluster_exchange__free_unpacked(got, NULL);
	assert_int_equal(b->handled, 0);
}

static int refuse_cert(void *ctx, const struct mvmp_cert *from, const uint8_t *cert, size_t len,
	struct mvmp_error *err)
{
	return mvmp_fail(err, MVMP_NOT_TRUSTED, "%s brought %zu bytes", from->name, len);
}

static void on_refused(void *ctx, const struct mvmp_cert *caller, const struct mvmp_verb_info *verb,
	const struct mvmp_error *error, uint64_t now)
{
	char *text = ctx;

	snprintf(text, 400, "%s %s %s", caller->name, verb->name, error->text);
}

/* A certificate that is not taken is told for the audit log, by whom and why, as to the caller. */
static void a_refused_certificate_is_told(void **state)
{
	struct bench *b = *state;
	struct mvmp_identity identity = {.crypto = &mvmp_crypto_openssl};
	struct rpc_answer answer;
	char text[400] = "";

	mvmp_server_set_cluster(b->server, &identity, on_newer, b);
	mvmp_server_set_installer(b->server, refuse_cert, NULL);
	mvmp_server_set_refused(b->server, on_refused, text);
	b->ep.session[0].cert.roles = MVMP_ROLE_ADMIN;
	ask(b, 1, MVMP_VERB_CERTIFICATE_INSTALL, NULL);
	answer = answered(b, NULL);
	assert_int_equal(answer.error.status, MVMP_INVALID); /* "ping" */
	assert_string_equal(text, "ada certificate-install the body is no CertificateInstall");
	send(b, &(struct rpc_request){.id = 2,
			.verb = MVMP_VERB_CERTIFICATE_INSTALL,
			.body = "\x0a\x03"
				"abc",
			.body_len = 5});
	answer = answered(b, NULL);
	assert_int_equal(answer.error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(text, "ada certificate-install ada brought 3 bytes");
}

/* Bytes that are no request are left to others. */
static void what_is_no_request_is_not_taken(void **state)
{
	static const char *const bytes[] = {"", "\x0a", "\x0a\x02\x08\x00", "\xff\xff\xff\xff\xff",
		("\x0a\x07\x08\x01\x1a\x03"
		 "abc"),
		"\x12\x02\x08\x01"};
	static const size_t len[] = {0, 1, 4, 5, 9, 4};
	struct bench *b = *state;

	for (unsigned i = 0; i < 6; i++) {
		struct mvmp_event event = {.type = MVMP_EVENT_MESSAGE,
			.session = b->session,
			.bytes = (const uint8_t *)bytes[i],
			.len = len[i]};

		assert_false(mvmp_server_event(b->server, &event, 1));
	}
	assert_int_equal(b->handled, 0);
	assert_int_equal(b->ep.sent, 0);
}

/* Texts of an answer lose what could move a terminal's cursor. */
static void texts_of_answers_are_cleaned(void **state)
{
	struct rpc_answer answer = {.id = 1, .error = {.status = 200, .text = "a\x1b[2Jb\n"}};
	struct rpc_envelope envelope;
	uint8_t *bytes;
	int len = rpc_answer_encode(&answer, &bytes);

	assert_int_equal(rpc_envelope_decode(&envelope, bytes, (size_t)len), 0);
	assert_string_equal(envelope.answer.error.text, "a?[2Jb?");
	assert_int_equal(envelope.answer.error.status, MVMP_FAILED);
	rpc_envelope_free(&envelope);
	free(bytes);
}

/* Where nothing was allocated the body lies in the envelope itself: freed, it is not there any
 * more, as it may be a cluster key. */
static void a_freed_envelope_holds_no_body(void **state)
{
	static const uint8_t key[] = "the key of a cluster, or what may be one";
	struct rpc_request request = {.id = 1, .verb = 1, .body = key, .body_len = sizeof key};
	struct rpc_envelope envelope;
	uint8_t *bytes;
	int len = rpc_request_encode(&request, &bytes);

	assert_int_equal(rpc_envelope_decode(&envelope, bytes, (size_t)len), 0);
	assert_false(envelope.spilled);
	assert_non_null(memmem(envelope.room, sizeof envelope.room, key, sizeof key));
	rpc_envelope_free(&envelope);
	assert_null(memmem(envelope.room, sizeof envelope.room, key, sizeof key));
	free(bytes);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_is_answered),
		CASE(a_role_is_refused_by_name),
		CASE(what_cannot_be_served_is_refused),
		CASE(calls_are_bounded),
		CASE(an_answer_is_given_once),
		CASE(a_lost_session_frees_its_calls),
		CASE(a_full_queue_delays_the_answer),
		CASE(an_answer_too_large_says_so),
		CASE(one_member_leaves_room_for_others),
		CASE(answers_that_wait_are_bounded),
		CASE(cluster_states_are_exchanged),
		CASE(a_refused_certificate_is_told),
		CASE(what_is_no_request_is_not_taken),
		CASE(texts_of_answers_are_cleaned),
		CASE(a_freed_envelope_holds_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
