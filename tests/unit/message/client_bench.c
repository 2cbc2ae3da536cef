/* SPDX-License-Identifier: Apache-2.0 */
#include "client_bench.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

const uint8_t bench_mac[MVMP_MAC_LEN] = {0x0c, 0xc4, 0x7a, 0x77, 0xf9, 0xb5};

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct bench *b = ctx;

	mvmp_client_event(b->client, event, b->now);
}

void bench_on_done(void *ctx, const struct mvmp_answer *answer)
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
		bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	}
}

int bench_set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	fake_endpoint_init(&b->ep, on_event, b);
	b->now = 1000 * MS;
	b->cert = (struct mvmp_cert){
		.name = "r1-n05", .serial = 7, .roles = MVMP_ROLE_NODE, .macs = 1};
	memcpy(b->cert.mac[0], bench_mac, MVMP_MAC_LEN);
	b->peer = (struct mvmp_peer){.addr.link = WIRE,
		.name = "r1-n05",
		.roles = MVMP_ROLE_NODE,
		.macs = 1,
		.fingerprint = {5}};
	memcpy(b->peer.mac[0], bench_mac, MVMP_MAC_LEN);
	memcpy(b->peer.addr.mac, bench_mac, MVMP_MAC_LEN);
	assert_int_equal(mvmp_client_new(&b->ep, &b->client), 0);
	mvmp_client_set_links(b->client, 1 << WIRE | 1 << LOCAL);
	mvmp_client_set_local_links(b->client, 1 << LOCAL);
	*state = b;
	return 0;
}

int bench_tear_down(void **state)
{
	struct bench *b = *state;

	mvmp_client_free(b->client);
	fake_endpoint_clear(&b->ep);
	free(b);
	return 0;
}

uint64_t bench_call_target(
	struct bench *b, enum mvmp_verb verb, const struct mvmp_target *target, uint64_t ms)
{
	struct mvmp_error err;

	return mvmp_client_call(b->client, target, verb, "body", 4, NULL, b->now + ms * MS,
		bench_on_done, b, b->now, &err);
}

uint64_t bench_call(struct bench *b, enum mvmp_verb verb, const char *text, uint64_t ms)
{
	struct mvmp_target target = {.text = text, .role = MVMP_ROLE_NODE};

	return bench_call_target(b, verb, &target, ms);
}

void bench_pass(struct bench *b, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		b->now += MS;
		mvmp_client_advance(b->client, b->now);
	}
}

/* The request sent first; its views are gone with the message. */
struct rpc_request bench_sent(struct bench *b, mvmp_session *session, uint8_t *operation)
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

void bench_answer_with(struct bench *b, mvmp_session session, uint64_t id, enum mvmp_status status,
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
struct rpc_request bench_answer(struct bench *b, enum mvmp_status status)
{
	mvmp_session session;
	struct rpc_request request = bench_sent(b, &session, NULL);

	bench_answer_with(b, session, request.id, status, "fine", 4);
	return request;
}
