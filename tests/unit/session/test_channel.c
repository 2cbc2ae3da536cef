/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <errno.h>
#include <inbox.h>
#include <outbox.h>
#include <stdlib.h>

/* Both halves of a channel, joined by hand. */
struct channel {
	struct mvmp_endpoint_counters counters;
	struct mvmp_pool pool;
	struct mvmp_rtt rtt;
	struct mvmp_outbox out;
	struct mvmp_inbox in;
	size_t held;
	uint64_t now;
	unsigned delivered;
	size_t last_len;
};

static void channel_init(struct channel *c)
{
	memset(c, 0, sizeof(*c));
	c->now = MVMP_NS_PER_S;
	mvmp_outbox_init(&c->out, &c->pool, &c->rtt, &c->counters);
	c->in.held_all = &c->held;
}

static void channel_clear(struct channel *c)
{
	mvmp_outbox_clear(&c->out);
	mvmp_inbox_clear(&c->in);
	mvmp_pool_clear(&c->pool);
	assert_int_equal(c->held, 0);
}

static void push(struct channel *c, size_t len)
{
	uint8_t *bytes = calloc(1, len);

	assert_non_null(bytes);
	assert_int_equal(mvmp_outbox_push(&c->out, bytes, len), 0);
	free(bytes);
}

/* Takes one frame of fragments out of the outbox; the length of the frame. */
static size_t take_frame(struct channel *c, uint8_t *frame, size_t room)
{
	struct mvmp_writer w = mvmp_writer(frame, room);

	mvmp_outbox_fill(&c->out, &w, c->now);
	return w.used;
}

static void pop_all(struct channel *c)
{
	uint8_t *bytes;
	size_t len;

	while ((len = mvmp_inbox_pop(&c->in, &bytes)) > 0) {
		c->delivered++;
		c->last_len = len;
		free(bytes);
	}
}

static enum mvmp_verdict give_fragment(struct channel *c, const struct mvmp_fragment *fragment)
{
	bool direct;
	enum mvmp_verdict verdict = mvmp_inbox_take(&c->in, fragment, c->now, &direct);

	if (direct) {
		c->delivered++;
		c->last_len = fragment->len;
	}
	pop_all(c);
	return verdict;
}

static void give_frame(struct channel *c, const uint8_t *frame, size_t len)
{
	struct mvmp_reader r = mvmp_reader(frame, len);
	struct mvmp_fragment fragment;
	struct mvmp_frame_record record;

	while (mvmp_record_next(&r, &record)) {
		assert_true(mvmp_record_fragment(record.body, &fragment));
		assert_int_equal(give_fragment(c, &fragment), MVMP_ACCEPTED);
	}
	assert_false(r.bad);
}

/* Carries the acknowledgement back; false when none was due. */
static bool give_ack(struct channel *c)
{
	uint8_t frame[64];
	struct mvmp_writer w = mvmp_writer(frame, sizeof(frame));
	struct mvmp_reader r;
	struct mvmp_frame_record record;
	struct mvmp_ack ack;

	mvmp_inbox_put_ack(&c->in, &w, c->now);
	r = mvmp_reader(frame, w.used);
	if (!mvmp_record_next(&r, &record))
		return false;
	assert_true(mvmp_record_ack(record.body, &ack));
	assert_int_equal(mvmp_outbox_ack(&c->out, &ack, c->now), MVMP_ACCEPTED);
	return true;
}

static void pass_all(struct channel *c)
{
	uint8_t frame[1400];
	size_t len;

	do {
		while ((len = take_frame(c, frame, sizeof(frame))) > 0)
			give_frame(c, frame, len);
		c->now += 100000;
	} while (give_ack(c));
}

/* Numbers of fragments and messages wrap without anybody noticing. */
static void numbers_wrap(void **state)
{
	struct channel c;

	channel_init(&c);
	c.out.base = c.out.top = c.in.next = UINT32_MAX - 5;
	c.out.limit = c.out.base + MVMP_WINDOW;
	c.out.first = c.out.cut = c.out.end = c.in.message = UINT32_MAX - 2;
	for (unsigned i = 0; i < 20; i++) {
		push(&c, 5000);
		pass_all(&c);
		assert_int_equal(c.delivered, i + 1);
	}
	assert_int_equal(c.counters.retransmissions, 0);
	assert_false(mvmp_outbox_busy(&c.out));
	channel_clear(&c);
}

/* A fragment that is missing while three later ones came is repeated at once, and only it. */
static void gap_is_filled(void **state)
{
	uint8_t frame[6][600];
	size_t len[6];
	struct channel c;

	channel_init(&c);
	push(&c, 2800);
	for (unsigned i = 0; i < 6; i++)
		len[i] = take_frame(&c, frame[i], 600);
	assert_int_equal(len[5], 0);
	c.now += 100000;
	give_frame(&c, frame[0], len[0]);
	for (unsigned i = 2; i < 5; i++)
		give_frame(&c, frame[i], len[i]);
	assert_true(mvmp_inbox_deadline(&c.in) <= c.now);
	assert_true(give_ack(&c));
	assert_true(mvmp_outbox_ready(&c.out));
	len[1] = take_frame(&c, frame[1], 600);
	assert_int_equal(c.counters.retransmissions, 1);
	assert_int_equal(take_frame(&c, frame[5], 600), 0);
	give_frame(&c, frame[1], len[1]);
	assert_int_equal(c.delivered, 1);
	assert_int_equal(c.last_len, 2800);
	channel_clear(&c);
}

/* Frames that come late, but come, cost one needless repetition each: that the first of them was
 * acknowledged at once after its repetition does not tell that the other repetitions are lost. */
static void late_frames_are_repeated_once(void **state)
{
	enum { FRAMES = 12, LATE = 6 };
	static uint8_t frame[FRAMES][1400];
	size_t len[FRAMES];
	uint8_t again[1400];
	struct channel c;

	channel_init(&c);
	push(&c, 100);
	pass_all(&c);
	mvmp_rtt_sample(&c.rtt, 5 * MVMP_NS_PER_MS); /* a long way */
	for (unsigned i = 0; i < FRAMES; i++) {
		push(&c, 1000);
		len[i] = take_frame(&c, frame[i], sizeof(frame[i]));
	}
	c.now += 5 * MVMP_NS_PER_MS;
	for (unsigned i = LATE; i < FRAMES; i++)
		give_frame(&c, frame[i], len[i]);
	assert_true(give_ack(&c));
	while (take_frame(&c, again, sizeof(again)) > 0)
		;
	assert_int_equal(c.counters.retransmissions, LATE);
	for (unsigned i = 0; i < LATE; i++) {
		c.now += 1000;
		give_frame(&c, frame[LATE - 1 - i], len[LATE - 1 - i]);
		assert_true(give_ack(&c));
		while (take_frame(&c, again, sizeof(again)) > 0)
			;
	}
	assert_int_equal(c.counters.retransmissions, LATE);
	assert_int_equal(c.delivered, FRAMES + 1);
	channel_clear(&c);
}

/* A lost last fragment is repeated by a tail probe after two round trips or 10 ms, then by the
 * timeout with doubling, until its tries are used up. */
static void tail_and_timeout(void **state)
{
	uint8_t frame[1400];
	uint64_t sent;
	unsigned tries = 1;
	struct channel c;

	channel_init(&c);
	mvmp_rtt_sample(&c.rtt, 100000);
	push(&c, 10);
	assert_true(take_frame(&c, frame, sizeof(frame)) > 0);
	sent = c.now;
	assert_int_equal(c.out.timer - sent, 100000 + 10 * MVMP_NS_PER_MS);
	c.now = c.out.timer;
	assert_true(mvmp_outbox_expire(&c.out, c.now));
	assert_true(take_frame(&c, frame, sizeof(frame)) > 0);
	assert_int_equal(c.out.timer - c.now, 20 * MVMP_NS_PER_MS);
	for (c.now = c.out.timer; mvmp_outbox_expire(&c.out, c.now); c.now = c.out.timer, tries++) {
		assert_true(take_frame(&c, frame, sizeof(frame)) > 0);
		assert_true(c.out.timer - c.now <= 500 * MVMP_NS_PER_MS);
	}
	assert_int_equal(tries + 1, 24);
	channel_clear(&c);
}

/* The round trip leaves out the time the receiver held its acknowledgement back, and fragments
 * sent twice (Karn). */
static void round_trip(void **state)
{
	struct mvmp_ack ack = {.next = 1, .delay_us = 1500, .credit = MVMP_WINDOW};
	uint8_t frame[1400];
	struct channel c;

	channel_init(&c);
	push(&c, 10);
	take_frame(&c, frame, sizeof(frame));
	c.now += 1700000;
	assert_int_equal(mvmp_outbox_ack(&c.out, &ack, c.now), MVMP_ACCEPTED);
	assert_int_equal(c.rtt.smooth, 200000);
	assert_int_equal(c.rtt.variation, 100000);
	push(&c, 10);
	take_frame(&c, frame, sizeof(frame));
	c.now = c.out.timer;
	assert_true(mvmp_outbox_expire(&c.out, c.now));
	take_frame(&c, frame, sizeof(frame));
	c.now += 1700000;
	ack.next = 2;
	assert_int_equal(mvmp_outbox_ack(&c.out, &ack, c.now), MVMP_ACCEPTED);
	assert_int_equal(c.rtt.smooth, 200000);
	channel_clear(&c);
}

/* RFC 6298, section 2: the first measurement, the next ones, the floor and the ceiling. */
static void timeout_formula(void **state)
{
	struct mvmp_rtt rtt = {0};

	assert_int_equal(mvmp_rtt_timeout(&rtt, 0), 50 * MVMP_NS_PER_MS);
	mvmp_rtt_sample(&rtt, 8 * MVMP_NS_PER_MS);
	assert_int_equal(rtt.smooth, 8 * MVMP_NS_PER_MS);
	assert_int_equal(rtt.variation, 4 * MVMP_NS_PER_MS);
	mvmp_rtt_sample(&rtt, 16 * MVMP_NS_PER_MS);
	assert_int_equal(rtt.smooth, 9 * MVMP_NS_PER_MS);    /* 7/8 * 8 + 1/8 * 16 */
	assert_int_equal(rtt.variation, 5 * MVMP_NS_PER_MS); /* 3/4 * 4 + 1/4 * 8 */
	assert_int_equal(mvmp_rtt_timeout(&rtt, 0), 31 * MVMP_NS_PER_MS);
	assert_int_equal(mvmp_rtt_timeout(&rtt, 1), 62 * MVMP_NS_PER_MS);
	assert_int_equal(mvmp_rtt_timeout(&rtt, 9), 500 * MVMP_NS_PER_MS);
	rtt = (struct mvmp_rtt){0};
	for (unsigned i = 0; i < 50; i++)
		mvmp_rtt_sample(&rtt, 50000);
	assert_int_equal(mvmp_rtt_timeout(&rtt, 0), 20 * MVMP_NS_PER_MS);
}

/* Acknowledgements of what was never sent, fragments beyond window or message, and records that
 * run past their frame are refused and change nothing. */
static void nonsense(void **state)
{
	static const uint8_t bytes[100], bits[1] = {0x02};
	struct mvmp_fragment fragment = {.total = 100, .len = 100, .bytes = bytes};
	struct mvmp_ack ack = {.next = 1, .credit = MVMP_WINDOW};
	struct mvmp_reader r;
	struct mvmp_frame_record record;
	uint8_t frame[1400];
	struct channel c;

	channel_init(&c);
	assert_int_equal(mvmp_outbox_ack(&c.out, &ack, c.now), MVMP_DROP_RECORD);
	push(&c, 10);
	take_frame(&c, frame, sizeof(frame));
	ack = (struct mvmp_ack){.next = 0, .bits = bits, .bits_len = 1};
	assert_int_equal(mvmp_outbox_ack(&c.out, &ack, c.now), MVMP_DROP_RECORD);
	assert_true(mvmp_outbox_busy(&c.out));
	fragment.sequence = MVMP_WINDOW;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_WINDOW);
	fragment.sequence = 0;
	fragment.message = MVMP_MESSAGES_AHEAD;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_WINDOW);
	fragment.message = 0;
	fragment.total = 200;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_ACCEPTED);
	fragment.sequence = 1;
	fragment.total = 201;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_WINDOW);
	assert_int_equal(c.delivered, 0);
	r = mvmp_reader("\4\0\x10\0abc", 7);
	assert_false(mvmp_record_next(&r, &record));
	assert_true(r.bad);
	assert_false(mvmp_record_fragment(mvmp_reader(bytes, 16), &fragment));
	assert_false(mvmp_record_ack(mvmp_reader(bytes, 9), &ack));
	assert_false(mvmp_record_ack(mvmp_reader(bytes, 27), &ack));
	channel_clear(&c);
}

/* A peer that opens many messages and finishes none fills its bound and no more; the message in
 * turn still comes through. */
static void assembly_bound(void **state)
{
	static const uint8_t bytes[1000];
	struct mvmp_fragment fragment = {.sequence = 1,
		.message = 1,
		.total = MVMP_MESSAGE_MAX / 4,
		.len = 1000,
		.bytes = bytes};
	unsigned taken = 0;
	struct channel c;

	channel_init(&c);
	for (; fragment.message < MVMP_MESSAGES_AHEAD; fragment.message++, fragment.sequence++)
		taken += give_fragment(&c, &fragment) == MVMP_ACCEPTED;
	assert_int_equal(taken, 4);
	assert_int_equal(c.held, MVMP_MESSAGE_MAX);
	fragment = (struct mvmp_fragment){
		.sequence = 0, .message = 0, .total = 1000, .len = 1000, .bytes = bytes};
	assert_int_equal(give_fragment(&c, &fragment), MVMP_ACCEPTED);
	assert_int_equal(c.delivered, 1);
	channel_clear(&c);
}

/* Who is asked by anybody takes no message longer than its bound, and holds no more beside the one
 * in turn; one of that length comes through. */
static void asked_bound(void **state)
{
	static const uint8_t bytes[1000];
	struct mvmp_fragment fragment = {
		.total = MVMP_REQUEST_MAX + 1, .len = 1000, .bytes = bytes};
	struct channel c;

	channel_init(&c);
	c.in.longest = MVMP_REQUEST_MAX;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_WINDOW);
	fragment.message = 1;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_WINDOW);
	assert_int_equal(c.held, 0);
	fragment.total = MVMP_REQUEST_MAX;
	fragment.sequence = 1;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_ACCEPTED);
	fragment.message = fragment.sequence = 2;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_DROP_FULL);
	fragment.message = fragment.sequence = 0;
	assert_int_equal(give_fragment(&c, &fragment), MVMP_ACCEPTED);
	assert_int_equal(c.held, 2 * MVMP_REQUEST_MAX);
	channel_clear(&c);
}

/* A steady flow of small messages takes its buffers from the pool, not from the heap. */
static void pooled(void **state)
{
	struct channel c;
	void *kept;

	channel_init(&c);
	push(&c, 200);
	pass_all(&c);
	kept = c.pool.kept;
	assert_non_null(kept);
	for (unsigned i = 0; i < 100; i++) {
		push(&c, 200 + i);
		assert_int_equal(c.pool.count, 0);
		pass_all(&c);
		assert_ptr_equal(c.pool.kept, kept);
	}
	channel_clear(&c);
}

/* A lost fragment that was cut for longer frames than the path carries now ends the session, which
 * could not go on otherwise. */
static void path_that_shrank(void **state)
{
	static const uint8_t message[4000];
	static uint8_t frame[9000];
	struct mvmp_endpoint_counters counters = {0};
	struct mvmp_writer big = mvmp_writer(frame, 9000), small = mvmp_writer(frame, 1000);
	struct mvmp_pool pool = {0};
	struct mvmp_rtt rtt = {0};
	struct mvmp_outbox out;

	mvmp_outbox_init(&out, &pool, &rtt, &counters);
	assert_int_equal(mvmp_outbox_push(&out, message, sizeof(message)), 0);
	assert_int_equal(mvmp_outbox_fill(&out, &big, 1), 1);
	assert_true(mvmp_outbox_expire(&out, out.timer));
	assert_int_equal(mvmp_outbox_fill(&out, &small, out.timer), 0);
	assert_false(mvmp_outbox_expire(&out, out.timer));
	mvmp_outbox_clear(&out);
	mvmp_pool_clear(&pool);
}

enum { BOXES = 12, PIECE = 1 << 20 };

/* Many sessions whose peers take nothing fill no more memory together than is stated, and keep no
 * other from sending a message; what is dropped makes room again. */
static void queues_are_bounded_together(void **state)
{
	struct mvmp_endpoint_counters counters = {0};
	uint8_t *piece = calloc(1, PIECE);
	struct mvmp_outbox out[BOXES];
	struct mvmp_pool pool = {0};
	struct mvmp_rtt rtt = {0};
	unsigned taken = 0;

	for (unsigned i = 0; i < BOXES; i++) {
		mvmp_outbox_init(&out[i], &pool, &rtt, &counters);
		while (!mvmp_outbox_push(&out[i], piece, PIECE))
			taken++;
	}
	/* 8 of 4 MiB each are the 32 MiB; the other 4 hold one message. */
	assert_int_equal(taken, 32 + 4);
	mvmp_outbox_clear(&out[0]);
	mvmp_outbox_clear(&out[1]);
	assert_int_equal(mvmp_outbox_push(&out[BOXES - 1], piece, PIECE), 0);
	for (unsigned i = 0; i < BOXES; i++)
		mvmp_outbox_clear(&out[i]);
	assert_int_equal(pool.queued, 0);
	mvmp_pool_clear(&pool);
	free(piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(gap_is_filled),
		cmocka_unit_test(late_frames_are_repeated_once),
		cmocka_unit_test(tail_and_timeout),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(timeout_formula),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(assembly_bound),
		cmocka_unit_test(asked_bound),
		cmocka_unit_test(pooled),
		cmocka_unit_test(path_that_shrank),
		cmocka_unit_test(queues_are_bounded_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
