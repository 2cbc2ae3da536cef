/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "bench.h"
#include <wire.h>

static struct bench bench;
static struct bench_operator *const op = &bench.op[0], *const other = &bench.op[1];

static int set_up(void **state)
{
	bench_init(&bench, 1);
	return 0;
}

static int tear_down(void **state)
{
	bench_clear(&bench);
	return 0;
}

/* Every frame of the segment, to be sent again. */
static struct capture {
	unsigned count;
	struct {
		uint8_t src[MVMP_MAC_LEN], bytes[ENROL_FRAME_LEN];
	} frame[200];
} capture;

static void record(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len)
{
	assert_int_equal(len, ENROL_FRAME_LEN);
	assert_true(capture.count < 200);
	memcpy(capture.frame[capture.count].src, src, MVMP_MAC_LEN);
	memcpy(capture.frame[capture.count++].bytes, frame, len);
}

static void start_recording(void)
{
	capture.count = 0;
	mvmp_memswitch_set_tap(bench.sw, record, NULL);
}

static void enrol(struct bench_operator *by)
{
	by->give = &bench.delivery;
	bench_run(&bench, by, 30);
	if (by->conclusions != 1 || by->outcome.status)
		fail_msg("%u: %d %s", by->conclusions, (int)by->outcome.status, by->outcome.text);
}

/* The operator learns key, name and MACs of the node, delivers, and the node has what was sent. */
static void whole(void **state)
{
	uint8_t key[MVMP_KEY_LEN];

	bench_ask(&bench, 0, bench.secret, 10);
	bench_run(&bench, NULL, 1);
	assert_int_equal(op->requests, 1);
	mvmp_crypto_openssl.dh_public(key, bench.key);
	assert_memory_equal(op->request.key, key, sizeof key);
	assert_string_equal(op->request.name, "node-7");
	assert_int_equal(op->request.macs, 2);
	assert_memory_equal(op->request.mac[1], ((uint8_t[]){2, 0, 0, 0, 0, 2}), MVMP_MAC_LEN);
	assert_memory_equal(op->node.mac, ((uint8_t[]){2, 0, 0, 0, 0, 1}), MVMP_MAC_LEN);
	assert_int_equal(bench.answers, 1);
	enrol(op);
	assert_int_equal(bench.deliveries, 1);
	assert_memory_equal(bench.got_key, bench.authority.cluster_key, MVMP_KEY_LEN);
	assert_int_equal(bench.got_cert_len, bench.delivery.cert_len);
	assert_memory_equal(bench.got_cert, bench.cert, bench.got_cert_len);
	assert_int_equal(bench.got_state_len, bench.delivery.state_len);
	assert_in_range(mvmp_enrol_node_deadline(bench.node), bench.now + 2999 * MVMP_NS_PER_MS,
		bench.now + 3000 * MVMP_NS_PER_MS);
}

/* The longest cluster state takes as many pieces as it has, and no frame is longer than 576. */
static void longest_state(void **state)
{
	size_t all;

	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, MVMP_REVOKED_MAX);
	bench_ask(&bench, 0, bench.secret, 10);
	enrol(op);
	assert_int_equal(bench.got_state_len, bench.delivery.state_len);
	assert_true(bench.got_state_len > 32768);
	assert_int_equal(bench.longest_answer, 576);
	all = MVMP_ENROL_DELIVERY_FIXED + bench.delivery.cert_len + bench.delivery.state_len;
	/* One frame of the node for each of the operator: that with the request, and each piece's.
	 */
	assert_int_equal(bench.answers, 1 + (all + 495) / 496);
}

/* Who has another code obtains no frame, and each of its frames is a stranger's. */
static void wrong_code(void **state)
{
	uint8_t wrong[MVMP_ENROL_SECRET_LEN];

	memcpy(wrong, bench.secret, sizeof wrong);
	wrong[14] ^= 1;
	bench_ask(&bench, 0, wrong, 5);
	bench_run(&bench, op, 10);
	assert_int_equal(op->outcome.status, MVMP_NO_ANSWER);
	assert_int_equal(bench.answers, 0);
	assert_true(bench.drops.count[MVMP_DROP_STRANGER] >= 10);
	assert_int_equal(bench.drops.count[MVMP_ACCEPTED], 0);
	bench_ask(&bench, 1, bench.secret, 5);
	enrol(other);
}

/* After ten minutes the code is worth nothing. */
static void window(void **state)
{
	bench.now += MVMP_ENROL_WINDOW_S * MVMP_NS_PER_S - MVMP_NS_PER_S / 2;
	bench_ask(&bench, 0, bench.secret, 5);
	bench_run(&bench, NULL, 0.4);
	assert_int_equal(op->requests, 1);
	bench_run(&bench, NULL, 0.2);
	bench_ask(&bench, 1, bench.secret, 5);
	bench_run(&bench, other, 10);
	assert_int_equal(other->outcome.status, MVMP_NO_ANSWER);
	op->give = &bench.delivery;
	bench_run(&bench, op, 10);
	assert_int_equal(op->outcome.status, MVMP_OUTCOME_UNKNOWN);
	assert_int_equal(bench.deliveries, 0);
	assert_int_equal(bench.answers, 1);
}

/* A second operator with the code takes over with its first piece, not before: a command that was
 * broken off does not stand in the way of the next. */
static void second_operator(void **state)
{
	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, 1000);
	bench_ask(&bench, 0, bench.secret, 2);
	mvmp_memswitch_impair(bench.sw, &(struct mvmp_impairment){.delay_ns = 100000});
	op->give = &bench.delivery;
	bench_run(&bench, NULL, 0.001);
	bench_ask(&bench, 1, bench.secret, 5);
	enrol(other);
	bench_run(&bench, op, 10);
	assert_int_equal(op->outcome.status, MVMP_NO_ANSWER);
	assert_int_equal(bench.deliveries, 1);
}

/* The operator is told why the node refused, and can deliver something better under the code. */
static void refused(void **state)
{
	bench_make_delivery(&bench, &(struct mvmp_cert){.roles = MVMP_ROLE_OBSERVER}, 0);
	bench_ask(&bench, 0, bench.secret, 5);
	op->give = &bench.delivery;
	bench_run(&bench, op, 10);
	assert_int_equal(op->outcome.status, MVMP_NOT_TRUSTED);
	assert_non_null(strstr(op->outcome.text, "role observer, a node needs node"));
	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, 0);
	bench_ask(&bench, 0, bench.secret, 5);
	enrol(op);
	assert_int_equal(bench.deliveries, 2);
}

/* A node that takes its time to write is not asked to write twice. */
static void slow_disk(void **state)
{
	bench.keep_waiting = true;
	bench_ask(&bench, 0, bench.secret, 10);
	op->give = &bench.delivery;
	bench_run(&bench, NULL, 3);
	assert_int_equal(bench.deliveries, 1);
	assert_true(bench.drops.count[MVMP_DROP_STATE] > 5);
	mvmp_enrol_node_conclude(bench.node, &bench.check, bench.now);
	bench_run(&bench, op, 1);
	assert_int_equal(op->outcome.status, MVMP_OK);
	assert_int_equal(bench.deliveries, 1);
}

/* An enrolled node answers nobody who begins, only the last piece again. */
static void enrolled(void **state)
{
	unsigned before;

	bench_ask(&bench, 0, bench.secret, 5);
	enrol(op);
	before = bench.answers;
	bench_ask(&bench, 1, bench.secret, 2);
	bench_run(&bench, other, 5);
	assert_int_equal(other->outcome.status, MVMP_NO_ANSWER);
	assert_int_equal(bench.answers, before);
	assert_true(bench.drops.count[MVMP_DROP_STATE] > 3);
}

/* Whoever sends a recorded enrolment again, in any order and from any address, obtains nothing
 * while it runs but what its operator obtains, nor after it; and nothing from another node. */
static void replay(void **state)
{
	static const uint8_t thief[MVMP_MAC_LEN] = {2, 0, 0, 0, 9, 9};
	unsigned before;

	start_recording();
	bench_ask(&bench, 0, bench.secret, 5);
	bench_run(&bench, NULL, 0.1);
	before = bench.answers;
	for (unsigned i = 0; i < capture.count; i++)
		assert_int_not_equal(
			bench_inject(&bench, thief, capture.frame[i].bytes, ENROL_FRAME_LEN), 0);
	assert_int_equal(bench.answers, before);
	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, 100);
	enrol(op);
	before = bench.answers;
	mvmp_memswitch_set_tap(bench.sw, NULL, NULL);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < capture.count; i++) {
			const uint8_t *src = turn ? capture.frame[i].src : thief;

			bench_inject(&bench, src, capture.frame[i].bytes, ENROL_FRAME_LEN);
			assert_int_equal(bench.deliveries, 1);
		}
	}
	/* The last piece from the operator's own address was answered as before. */
	assert_int_equal(bench.answers, before + 1);
	tear_down(NULL);
	bench_init(&bench, 77);
	for (unsigned i = 0; i < capture.count; i++)
		assert_int_equal(bench_inject(&bench, capture.frame[i].src, capture.frame[i].bytes,
					 ENROL_FRAME_LEN),
			MVMP_DROP_STRANGER);
	assert_int_equal(bench.answers, 0);
}

/* A recorded first message does not take the node from the operator who made a newer one. */
static void replayed_first(void **state)
{
	start_recording();
	bench_ask(&bench, 0, bench.secret, 5);
	bench_run(&bench, NULL, 0.1);
	mvmp_memswitch_set_tap(bench.sw, NULL, NULL);
	bench_ask(&bench, 0, bench.secret, 5);
	bench_run(&bench, NULL, 0.1);
	assert_int_equal(
		bench_inject(&bench, capture.frame[0].src, capture.frame[0].bytes, ENROL_FRAME_LEN),
		MVMP_DROP_REPLAY);
	assert_int_equal(op->requests, 1);
	enrol(op);
}

/* Under one code there are at most 64 handshakes. */
static void handshakes(void **state)
{
	for (unsigned i = 0; i < MVMP_ENROL_HANDSHAKES; i++) {
		bench_ask(&bench, 0, bench.secret, 5);
		bench_run(&bench, NULL, 0.01);
		assert_int_equal(op->requests, 1);
	}
	bench_ask(&bench, 0, bench.secret, 5);
	bench_run(&bench, NULL, 0.01);
	assert_int_equal(op->requests, 0);
	assert_int_equal(bench.drops.count[MVMP_DROP_FULL], 1);
}

/* A hundred thousand frames of a stranger cost it what they cost, no answer and no try. */
static void flood(void **state)
{
	uint8_t frame[ENROL_FRAME_LEN] = {0x17, 0, 0x30, 2}, mac[MVMP_MAC_LEN] = {2};
	uint64_t seed = 3;

	for (unsigned i = 0; i < 100000; i++) {
		if (i % 1000 == 0)
			test_random_bytes(&seed, frame + 24, sizeof frame - 24);
		frame[MVMP_HEADER_LEN] = (uint8_t)(i % 6);
		mac[4] = (uint8_t)i;
		assert_int_equal(
			bench_inject(&bench, mac, frame, sizeof frame), MVMP_DROP_STRANGER);
	}
	assert_int_equal(bench.answers, 0);
	bench_ask(&bench, 0, bench.secret, 5);
	enrol(op);
}

/* Frames of other kinds, shapes and sources are dropped for what they are. */
static void shapes(void **state)
{
	uint8_t good[ENROL_FRAME_LEN], odd[ENROL_FRAME_LEN];
	const uint8_t *src = capture.frame[0].src;

	start_recording();
	bench_ask(&bench, 0, bench.secret, 5);
	memcpy(good, capture.frame[0].bytes, sizeof good);
	assert_int_equal(bench_inject(&bench, (uint8_t[]){1, 0, 0, 0, 0, 1}, good, sizeof good),
		MVMP_DROP_SOURCE);
	assert_int_equal(bench_inject(&bench, src, good, sizeof good - 1), MVMP_DROP_SHORT);
	memcpy(odd, good, sizeof odd);
	odd[0] = 0x13;
	odd[2] = 0x10;
	assert_int_equal(bench_inject(&bench, src, odd, sizeof odd), MVMP_DROP_ROLE);
	for (unsigned bit = 0; bit < 8 * sizeof good; bit += 3) {
		memcpy(odd, good, sizeof odd);
		odd[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(bench_inject(&bench, src, odd, sizeof odd), MVMP_ACCEPTED);
	}
	assert_int_equal(bench.answers, 0);
	/* An operator does not answer an operator. */
	assert_int_equal(mvmp_enrol_operator_receive(op->op, &bench.node_addr, MVMP_CONTROL, good,
				 sizeof good, bench.now),
		MVMP_DROP_ROLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(whole),
		TEST(longest_state),
		TEST(wrong_code),
		TEST(window),
		TEST(second_operator),
		TEST(refused),
		TEST(slow_disk),
		TEST(enrolled),
		TEST(replay),
		TEST(replayed_first),
		TEST(handshakes),
		TEST(flood),
		TEST(shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
