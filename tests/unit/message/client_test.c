/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "client_bench.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

/* A change whose session breaks is repeated with the same operation id over a new one. */
static void a_change_is_repeated_under_its_id(void **state)
{
	struct bench *b = *state;
	uint8_t first[MVMP_ID_LEN], second[MVMP_ID_LEN];
	struct rpc_request one, two;
	mvmp_session session;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 2000);
	bench_pass(b, 100);
	fake_up(&b->ep, 1, &b->cert);
	one = bench_sent(b, &session, first);
	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "the other side fell silent");
	bench_pass(b, 100);
	assert_int_equal(b->done, 0);
	assert_int_equal(b->ep.connects, 2);
	fake_up(&b->ep, 2, &b->cert);
	two = bench_sent(b, &session, second);
	assert_int_equal(session, 2);
	assert_memory_equal(first, second, MVMP_ID_LEN);
	assert_int_not_equal(one.id, two.id);
	assert_in_range(two.deadline_ms, 1700, 1900);
	bench_answer_with(b, 2, one.id, MVMP_OK, "old", 3); /* of another request */
	assert_int_equal(b->done, 0);
	bench_answer_with(b, 2, two.id, MVMP_OK, "new", 3);
	assert_string_equal(b->body, "new");
	assert_memory_equal(b->operation, first, MVMP_ID_LEN);
}

/* At the deadline: a change that was sent may have been done; a read was not answered. */
static void a_lost_answer_is_outcome_unknown(void **state)
{
	struct bench *b = *state;
	mvmp_session session;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 400);
	bench_sent(b, &session, NULL);
	bench_sent(b, &session, b->operation);
	bench_pass(b, 400);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OUTCOME_UNKNOWN);
	assert_string_equal(b->error.text, "pin was sent to r1-n05, but no answer came: r1-n05 "
					   "did not answer within 400 ms");
	assert_non_null(strstr(b->error.hint, "ask for operation 000000000000"));
	bench_pass(b, 100);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
}

/* A change that never left is not unknown: nothing was changed. */
static void a_change_that_never_left_is_no_answer(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 400);
	bench_pass(b, 40);
	for (mvmp_session s = 1; s <= b->ep.last; s++) {
		fake_down(&b->ep, s, MVMP_NO_ANSWER, "no answer to the handshake");
		bench_pass(b, 60);
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
	bench_call(b, MVMP_VERB_PING, "r1-n05", 2000);
	bench_pass(b, 200);
	b->ep.connect_fails = MVMP_OK;
	fake_beacon(&b->ep, &b->peer);
	bench_pass(b, 100);
	b->ep.send_result = -EAGAIN;
	fake_up(&b->ep, b->ep.last, &b->cert);
	assert_int_equal(b->ep.sent, 0);
	b->ep.send_result = 0;
	fake_writable(&b->ep, b->ep.last);
	bench_answer(b, MVMP_OK);
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
		bench_call_target(b, i == 0 ? MVMP_VERB_SUBSCRIBE : MVMP_VERB_PING, &target, 500);
		fake_up(&b->ep, b->ep.last, &b->cert);
		bench_answer(b, MVMP_OK);
		bench_pass(b, 5);
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
	id = bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	mvmp_client_cancel(b->client, id);
	mvmp_client_cancel(b->client, id);
	bench_answer(b, MVMP_OK);
	bench_pass(b, 600);
	assert_int_equal(b->done, 0);
}

/* The owner may ask again from inside an answer; what is under way at the end is told once. */
static void asking_from_inside_an_answer_works(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	b->ask_from_done = true;
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 1, &b->cert);
	bench_answer(b, MVMP_OK);
	bench_answer(b, MVMP_OK);
	assert_int_equal(b->done, 2);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
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
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	bench_pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	request = bench_sent(b, &session, first);
	bench_answer_with(b, 1, request.id, MVMP_RUNNING, NULL, 0);
	bench_pass(b, 60);
	request = bench_sent(b, &session, second);
	assert_memory_equal(first, second, MVMP_ID_LEN);
	bench_pass(b, 850);
	bench_answer_with(b, 1, request.id, MVMP_RUNNING, NULL, 0);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_RUNNING);
}

/* A busy member is asked again; a change that went out before is not told as never done. */
static void a_busy_member_is_asked_again(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	bench_pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	bench_answer(b, MVMP_BUSY);
	bench_pass(b, 60);
	bench_answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 200);
	bench_answer(b, MVMP_BUSY);
	bench_pass(b, 150);
	bench_answer(b, MVMP_BUSY);
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_OUTCOME_UNKNOWN);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 90);
	bench_answer(b, MVMP_BUSY);
	assert_int_equal(b->error.status, MVMP_BUSY);
}

/* Targets that say nothing and verbs that do not exist are refused before anything is sent. */
static void bad_calls_are_refused(void **state)
{
	struct bench *b = *state;
	struct mvmp_target nobody = {.role = MVMP_ROLE_NODE}, empty = {.text = ""};
	struct mvmp_target somebody = {.text = "r1"};
	struct mvmp_error err;

	assert_int_equal(bench_call_target(b, MVMP_VERB_PING, &nobody, 10), 0);
	assert_int_equal(bench_call_target(b, MVMP_VERB_PING, &empty, 10), 0);
	assert_int_equal(mvmp_client_call(b->client, &somebody, 999, NULL, 0, NULL, b->now + 1,
				 bench_on_done, b, b->now, &err),
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
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	bench_call(b, MVMP_VERB_PIN, "r1-n05", 1000);
	bench_pass(b, 40);
	fake_up(&b->ep, 1, &b->cert);
	bench_sent(b, &session, one);
	bench_sent(b, &session, two);
	assert_int_equal(1790000000000ull, 0x01a0c4506c00ull);
	assert_memory_equal(one, begin, 6);
	assert_memory_not_equal(one, two, MVMP_ID_LEN);
}

static void on_newer(void *ctx, const struct mvmp_cluster_news *news)
{
	struct bench *b = ctx;

	b->newer = news->len;
}

/* After a connect the cluster state's number is told; a newer document is taken, and ours is
 * handed over where the other's is older. */
static void cluster_states_are_exchanged(void **state)
{
	struct bench *b = *state;
	uint8_t document[] = "ours";
	struct mvmp_identity identity = {.crypto = &mvmp_crypto_openssl,
		.cluster = {.number = 5},
		.cluster_bytes = document,
		.cluster_len = 4};
	/* number 6, document "newer" */
	static const uint8_t newer[] = {0x08, 6, 0x12, 5, 'n', 'e', 'w', 'e', 'r'};
	static const uint8_t older[] = {0x08, 4};
	mvmp_session session;
	struct rpc_request request;

	mvmp_client_set_cluster(b->client, &identity, on_newer, b);
	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_up(&b->ep, 1, &b->cert);
	bench_answer(b, MVMP_OK);
	request = bench_sent(b, &session, NULL);
	assert_int_equal(request.verb, MVMP_VERB_CLUSTER_EXCHANGE);
	assert_int_equal(request.body_len, 2);
	bench_answer_with(b, 1, request.id, MVMP_OK, newer, sizeof newer);
	assert_int_equal(b->newer, 5);
	assert_int_equal(b->ep.sent, 0);

	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "gone");
	bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_up(&b->ep, 2, &b->cert);
	bench_answer(b, MVMP_OK);
	request = bench_sent(b, &session, NULL);
	bench_answer_with(b, 2, request.id, MVMP_OK, older, sizeof older);
	request = bench_sent(b, &session, NULL);
	assert_int_equal(request.verb, MVMP_VERB_CLUSTER_EXCHANGE);
	assert_int_equal(request.body_len, 2 + 2 + 4);
	assert_int_equal(b->done, 2);
}

/* The number 4 and what the member is sent then: how many bytes. */
static size_t told_older(struct bench *b, uint64_t id)
{
	static const uint8_t older[] = {0x08, 4};
	mvmp_session session;

	bench_answer_with(b, 1, id, MVMP_OK, older, sizeof older);
	return b->ep.sent ? bench_sent(b, &session, NULL).body_len : 0;
}

/* Who does not answer a cluster exchange is asked again, and what did not go out for a full queue
 * goes out then: no session misses a revocation for as long as it lives. */
static void an_exchange_that_failed_is_made_again(void **state)
{
	struct bench *b = *state;
	uint8_t document[] = "ours";
	struct mvmp_identity identity = {.crypto = &mvmp_crypto_openssl,
		.cluster = {.number = 5},
		.cluster_bytes = document,
		.cluster_len = 4};
	struct rpc_request request;
	mvmp_session session;

	mvmp_client_set_cluster(b->client, &identity, on_newer, b);
	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_up(&b->ep, 1, &b->cert);
	bench_answer(b, MVMP_OK);
	bench_sent(b, &session, NULL); /* the exchange gets no answer */
	bench_pass(b, 4000);
	mvmp_client_inquire(b->client, 1, b->now);
	assert_int_equal(b->ep.sent, 0);
	bench_pass(b, 1001);
	mvmp_client_inquire(b->client, 1, b->now);
	request = bench_sent(b, &session, NULL);
	assert_int_equal(request.verb, MVMP_VERB_CLUSTER_EXCHANGE);
	b->ep.send_result = -EAGAIN;
	assert_int_equal(told_older(b, request.id), 0);
	b->ep.send_result = 0;
	bench_pass(b, 5001);
	mvmp_client_inquire(b->client, 1, b->now);
	request = bench_sent(b, &session, NULL);
	assert_int_equal(told_older(b, request.id), 2 + 2 + 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		CASE(an_exchange_that_failed_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
