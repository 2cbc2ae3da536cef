/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <errno.h>
#include <mvmp/memswitch.h>

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 1}, mac_b[6] = {2, 0, 0, 0, 0, 2},
		     mac_c[6] = {2, 0, 0, 0, 0, 3};

/* What a port received. */
struct seen {
	unsigned count, changed, backwards;
	uint32_t last;
	size_t len;
	uint8_t src[6];
	enum mvmp_channel channel;
};

static void see(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct seen *seen = ctx;
	uint32_t number;

	memcpy(&number, frame, sizeof(number));
	seen->count++;
	seen->len = len;
	seen->channel = channel;
	memcpy(seen->src, src, 6);
	if (len > 4 && frame[len - 1] != 0x55)
		seen->changed++;
	if (number < seen->last)
		seen->backwards++;
	seen->last = number;
}

struct segment {
	struct mvmp_memswitch *sw;
	struct mvmp_link *a, *b, *c;
};

static void segment_init(struct segment *s, uint64_t seed, struct mvmp_impairment how)
{
	s->sw = mvmp_memswitch_new(seed);
	assert_non_null(s->sw);
	mvmp_memswitch_impair(s->sw, &how);
	s->a = mvmp_memswitch_port(s->sw, mac_a, 1500);
	s->b = mvmp_memswitch_port(s->sw, mac_b, 1500);
	s->c = mvmp_memswitch_port(s->sw, mac_c, 1000);
}

static void segment_clear(struct segment *s)
{
	mvmp_link_close(s->a);
	mvmp_link_close(s->b);
	mvmp_link_close(s->c);
	mvmp_memswitch_free(s->sw);
}

static int send_number(struct mvmp_link *from, const uint8_t *to, uint32_t number, size_t len)
{
	uint8_t bytes[MVMP_LINK_HEADROOM + 1600];
	uint8_t *frame = bytes + MVMP_LINK_HEADROOM;

	memset(frame, 0x55, 1600);
	memcpy(frame, &number, sizeof(number));
	return mvmp_link_send(from, to, MVMP_STATS, frame, len);
}

/* A frame reaches the port it is addressed to, or every other port, after the delay. */
static void addressing(void **state)
{
	struct segment s;
	struct seen b = {0}, c = {0};

	segment_init(&s, 1, (struct mvmp_impairment){.delay_ns = 100});
	assert_int_equal(send_number(s.a, mac_b, 1, 60), 0);
	assert_int_equal(mvmp_memswitch_next(s.sw), 100);
	mvmp_memswitch_advance(s.sw, 99);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 0);
	mvmp_memswitch_advance(s.sw, 100);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 1);
	assert_int_equal(mvmp_link_receive(s.c, 10, see, &c), 0);
	assert_int_equal(b.len, 60);
	assert_int_equal(b.channel, MVMP_STATS);
	assert_memory_equal(b.src, mac_a, 6);
	send_number(s.a, mvmp_group, 2, 60);
	mvmp_memswitch_advance(s.sw, 200);
	assert_int_equal(mvmp_link_receive(s.a, 10, see, &b), 0);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 1);
	assert_int_equal(mvmp_link_receive(s.c, 10, see, &c), 1);
	assert_int_equal(mvmp_memswitch_next(s.sw), UINT64_MAX);
	segment_clear(&s);
}

/* A frame longer than the sender's MTU is refused, one longer than the receiver's is lost. */
static void mtu(void **state)
{
	struct segment s;
	struct seen c = {0};

	segment_init(&s, 1, (struct mvmp_impairment){0});
	assert_int_equal(send_number(s.a, mac_c, 1, 1501), -EMSGSIZE);
	assert_int_equal(send_number(s.a, mac_c, 1, 1001), 0);
	assert_int_equal(send_number(s.a, mac_c, 2, 1000), 0);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(mvmp_link_receive(s.c, 10, see, &c), 1);
	assert_int_equal(s.c->receive_drops, 1);
	segment_clear(&s);
}

/* Short frames are padded where the segment does that, as Ethernet does to 60 bytes. */
static void padding(void **state)
{
	struct segment s;
	struct seen b = {0};

	segment_init(&s, 1, (struct mvmp_impairment){.pad = true});
	send_number(s.a, mac_b, 1, 16);
	mvmp_memswitch_advance(s.sw, 1);
	mvmp_link_receive(s.b, 1, see, &b);
	assert_int_equal(b.len, 46);
	segment_clear(&s);
}

/* Ports in different groups do not hear each other. */
static void partition(void **state)
{
	struct segment s;
	struct seen b = {0}, c = {0};

	segment_init(&s, 1, (struct mvmp_impairment){0});
	mvmp_memswitch_partition(s.b, 1);
	send_number(s.a, mac_b, 1, 60);
	send_number(s.a, mvmp_group, 2, 60);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 0);
	assert_int_equal(mvmp_link_receive(s.c, 10, see, &c), 1);
	segment_clear(&s);
}

static bool only_downwards(void *ctx, const struct mvmp_link *from, const struct mvmp_link *to)
{
	return memcmp(from->mac, to->mac, MVMP_MAC_LEN) < 0;
}

/* A filter cuts single directions, for frames to one and to all. */
static void one_way(void **state)
{
	struct segment s;
	struct seen a = {0}, b = {0}, c = {0};

	segment_init(&s, 1, (struct mvmp_impairment){0});
	mvmp_memswitch_set_filter(s.sw, only_downwards, NULL);
	send_number(s.a, mac_b, 1, 60);
	send_number(s.b, mac_a, 2, 60);
	send_number(s.b, mvmp_group, 3, 60);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(mvmp_link_receive(s.a, 10, see, &a), 0);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 1);
	assert_int_equal(mvmp_link_receive(s.c, 10, see, &c), 1);
	assert_int_equal(c.last, 3);
	segment_clear(&s);
}

/* A switch that carries less than its ports believe says nothing of it. */
static void silent_limit(void **state)
{
	struct segment s;
	struct seen b = {0};

	segment_init(&s, 1, (struct mvmp_impairment){.frame_max = 1200});
	assert_int_equal(send_number(s.a, mac_b, 1, 1201), 0);
	assert_int_equal(send_number(s.a, mac_b, 2, 1200), 0);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 1);
	assert_int_equal(b.last, 2);
	segment_clear(&s);
}

/* What follows a frame is not always zero, and never makes it longer than the port takes. */
static void trailer(void **state)
{
	struct segment s;
	struct seen b = {0}, c = {0};

	segment_init(&s, 1, (struct mvmp_impairment){.trailer_max = 40});
	for (unsigned i = 0; i < 20; i++)
		send_number(s.a, mac_b, i, 60);
	send_number(s.a, mac_c, 1, 1000);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(mvmp_link_receive(s.b, 20, see, &b), 20);
	assert_true(b.changed > 10);
	assert_in_range(b.len, 60, 100);
	assert_int_equal(mvmp_link_receive(s.c, 20, see, &c), 1);
	assert_int_equal(c.len, 1000);
	segment_clear(&s);
}

static void count_wake(void *ctx)
{
	++*(unsigned *)ctx;
}

/* The owner is woken by the first frame that waits; a full queue loses the next ones. */
static void queue(void **state)
{
	struct segment s;
	struct seen b = {0};
	unsigned wakes = 0;

	segment_init(&s, 1, (struct mvmp_impairment){0});
	mvmp_memswitch_set_queue(s.b, 3);
	mvmp_memswitch_set_wake(s.b, count_wake, &wakes);
	for (unsigned i = 0; i < 5; i++)
		send_number(s.a, mac_b, i, 60);
	mvmp_memswitch_advance(s.sw, 1);
	assert_int_equal(wakes, 1);
	assert_int_equal(mvmp_memswitch_waiting(s.b), 3);
	assert_int_equal(s.b->receive_drops, 2);
	assert_int_equal(mvmp_link_receive(s.b, 10, see, &b), 3);
	assert_int_equal(b.last, 2);
	send_number(s.a, mac_b, 9, 60);
	mvmp_memswitch_advance(s.sw, 2);
	assert_int_equal(wakes, 2);
	segment_clear(&s);
}

/* Each of many ports hears what is meant for it. */
static void many_ports(void **state)
{
	struct mvmp_memswitch *sw = mvmp_memswitch_new(1);
	struct mvmp_link *port[500];
	struct seen seen[500] = {0};

	for (unsigned i = 0; i < 500; i++) {
		const uint8_t mac[6] = {2, 0, 0, 1, (uint8_t)(i >> 8), (uint8_t)i};

		port[i] = mvmp_memswitch_port(sw, mac, 1500);
		assert_non_null(port[i]);
	}
	for (unsigned i = 1; i < 500; i++)
		send_number(port[i - 1], port[i]->mac, i, 60);
	mvmp_memswitch_advance(sw, 1);
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(mvmp_link_receive(port[i], 10, see, &seen[i]), i > 0);
		assert_int_equal(seen[i].last, i);
	}
	for (unsigned i = 0; i < 500; i++)
		mvmp_link_close(port[i]);
	mvmp_memswitch_free(sw);
}

static struct seen impaired(uint64_t seed, struct mvmp_impairment how)
{
	struct segment s;
	struct seen b = {0};

	segment_init(&s, seed, how);
	for (uint32_t i = 0; i < 10000; i++) {
		mvmp_memswitch_advance(s.sw, i * 1000ull);
		send_number(s.a, mac_b, i, 60);
	}
	mvmp_memswitch_advance(s.sw, 100000000);
	mvmp_link_receive(s.b, 100000, see, &b);
	segment_clear(&s);
	return b;
}

/* Impairments happen about as often as asked, each seed the same way every time. */
static void impairments(void **state)
{
	struct seen lost = impaired(1, (struct mvmp_impairment){.loss_ppm = 100000});
	struct seen again = impaired(1, (struct mvmp_impairment){.loss_ppm = 100000});
	struct seen doubled = impaired(2, (struct mvmp_impairment){.duplicate_ppm = 100000});
	struct seen late = impaired(3, (struct mvmp_impairment){.reorder_ppm = 100000});
	struct seen changed = impaired(4, (struct mvmp_impairment){.corrupt_ppm = 1000000});
	struct seen clean = impaired(5, (struct mvmp_impairment){.delay_ns = 5, .jitter_ns = 500});

	assert_in_range(lost.count, 8800, 9200);
	assert_int_equal(lost.count, again.count);
	assert_in_range(doubled.count, 10800, 11200);
	assert_int_equal(late.count, 10000);
	assert_in_range(late.backwards, 500, 1100);
	assert_in_range(
		changed.changed, 100, 250); /* one bit in 480: the last byte is rarely hit */
	assert_int_equal(clean.count, 10000);
	assert_int_equal(clean.changed + clean.backwards, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addressing),
		cmocka_unit_test(mtu),
		cmocka_unit_test(padding),
		cmocka_unit_test(partition),
		cmocka_unit_test(one_way),
		cmocka_unit_test(silent_limit),
		cmocka_unit_test(trailer),
		cmocka_unit_test(queue),
		cmocka_unit_test(many_ports),
		cmocka_unit_test(impairments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
