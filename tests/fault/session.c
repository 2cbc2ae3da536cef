/* SPDX-License-Identifier: Apache-2.0 */

/* What an endpoint does, with one of its calls or all from one on failing, on either side. */

#include "../unit/session/pair.h"
#include <errno.h>
#include <fault_link.h>
#include <fault_run.h>

enum { ALL = FAULT_MEMORY | FAULT_CRYPTO | FAULT_SEND, LONGEST = MVMP_MESSAGE_MAX };

enum { REKEY_S = 3600 }; /* MVMP_REKEY_S of the specification */

static struct pair p;
static struct mvmp_endpoint *fresh;
static struct mvmp_error error;
static mvmp_session session;
static uint8_t bytes[LONGEST];
static size_t length;
static unsigned whole, broken; /* messages that came */
static int rc;

/* ---- the bed ---- */

static void take(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type != MVMP_EVENT_MESSAGE)
		return;
	if (event->len == length && !memcmp(event->bytes, bytes, length))
		whole++;
	else
		broken++;
}

static void make_bed(int mtu)
{
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	memset(&p, 0, sizeof p);
	pair_init(&p, 1, (uint16_t)mtu, (uint16_t)mtu);
	fault_link(p.node->link);
	fault_link(p.ada->link);
	p.node->hook = p.ada->hook = take;
	whole = broken = 0;
	length = 1;
	session = 0;
	rc = 0;
}

static void make_connected(int mtu)
{
	make_bed(mtu);
	pair_connect(&p);
	test_world_run_ms(&p.world, 1500);
}

static void remove_bed(void)
{
	pair_clear(&p);
}

static int push(struct test_node *from)
{
	return mvmp_endpoint_send(from->ep, from->session, bytes, length, p.world.now);
}

/* Whatever happened: now a session can be had, and it carries messages both ways. */
static void talks(void)
{
	unsigned had;

	test_world_run_ms(&p.world, 20000); /* until dead sessions are found dead */
	if (!p.ada->session)
		pair_connect(&p);
	assert_int_not_equal(p.node->session, 0);
	had = whole;
	length = 3000;
	assert_int_equal(push(p.ada), 0);
	assert_int_equal(push(p.node), 0);
	test_world_run_ms(&p.world, 5000);
	assert_int_equal(whole, had + 2);
	assert_int_equal(broken, 0);
}

/* ---- an endpoint ---- */

static void nothing_is_sent_now(void *ctx, const struct mvmp_event *event)
{
}

static int no_send(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	return 0;
}

static void no_random(void *ctx, void *to, size_t len)
{
	memset(to, 5, len);
}

static uint64_t wall_s(void *ctx)
{
	return TEST_WALL_S;
}

static int new_endpoint(void)
{
	struct mvmp_endpoint_config config = {.identity = &p.node_identity,
		.env = {NULL, no_send, no_random, wall_s, nothing_is_sent_now},
		.answer_probes = true};

	return mvmp_endpoint_new(&config, MVMP_NS_PER_S, &fresh, &error);
}

static void run_new(void)
{
	fresh = NULL;
	rc = new_endpoint();
}

static void check_new(enum fault_was was)
{
	assert_int_equal(rc, was ? -MVMP_NO_MEMORY : 0);
	if (was) {
		assert_null(fresh);
		assert_int_equal(error.status, MVMP_NO_MEMORY);
		assert_non_null(strstr(error.text, "memory"));
		assert_int_equal(new_endpoint(), 0);
	}
	mvmp_endpoint_free(fresh);
}

/* ---- a session ---- */

static void run_connect(void)
{
	session = test_node_connect(p.ada, p.node);
	if (session)
		test_world_run(
			&p.world, p.world.now + 6 * MVMP_NS_PER_S, &p.node->ups, p.node->ups + 1);
}

static void check_connect(enum fault_was was)
{
	if (!session) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_int_equal(p.ada->ups + p.ada->downs, 0);
	} else if (was != FAULT_STAYED) {
		assert_int_equal(p.ada->ups, 1); /* one lost frame or answer is repeated */
		assert_int_equal(p.node->ups, 1);
		assert_int_equal(p.ada->downs, 0);
	} else {
		test_world_run_ms(&p.world, 6000);
		assert_int_equal(p.ada->ups + p.ada->downs > 0, true);
		assert_true(!p.ada->downs || p.ada->down_text[0]);
	}
	talks();
}

/* Who connects heard of the other before. */
static void make_acquainted(int mtu)
{
	make_bed(mtu);
	mvmp_endpoint_probe(p.ada->ep, 0, NULL, 10, p.world.now);
	test_world_run_ms(&p.world, 1000);
	assert_true(p.ada->beacons > 0);
}

static void run_again_after_restart(void)
{
	fault_pause();
	test_node_kill(p.node);
	test_node_start(p.node);
	fault_resume();
	run_connect();
}

static void run_close(void)
{
	mvmp_endpoint_close(p.ada->ep, p.ada->session, p.world.now);
	p.ada->session = 0;
	test_world_run_ms(&p.world, 100);
}

static void check_close(enum fault_was was)
{
	if (!was)
		assert_int_equal(p.node->downs, 1);
	test_world_run_ms(&p.world, 60000);
	assert_int_equal(p.node->downs, 1); /* at the latest when it finds the session silent */
	talks();
}

static void make_old(int mtu)
{
	make_connected(mtu);
	test_world_run_ms(&p.world, (REKEY_S - 4) * 1000);
	assert_int_equal(mvmp_endpoint_counters(p.ada->ep)->rekeys, 0);
}

static void run_rekey(void)
{
	session = p.ada->session;
	test_world_run_ms(&p.world, 6000);
}

static void check_rekey(enum fault_was was)
{
	if (was != FAULT_STAYED) {
		test_world_run_ms(&p.world, 30000);
		assert_int_equal(mvmp_endpoint_counters(p.ada->ep)->rekeys, 1);
		assert_int_equal(p.ada->session, session); /* it is the same one */
	}
	talks();
}

static void run_revoked(void)
{
	test_identity_revoke(&p.node_identity, p.ada_identity.cert.serial);
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	test_world_run_ms(&p.world, 100);
}

static void check_revoked(enum fault_was was)
{
	assert_int_equal(p.node->downs, 1);
	assert_int_equal(p.node->down_status, MVMP_NOT_TRUSTED);
	test_world_run_ms(&p.world, 60000);
	assert_int_equal(p.ada->downs, 1);
	p.ada->ups = p.node->ups = 0;
	pair_connect_fails(&p);
}

/* ---- messages ---- */

static void make_for_message(int len)
{
	make_connected(1500);
	length = (size_t)len;
}

static void run_from_ada(void)
{
	rc = push(p.ada);
	test_world_run_ms(&p.world, 1000);
}

static void run_from_node(void)
{
	rc = push(p.node);
	test_world_run_ms(&p.world, 1000);
}

/* What was taken arrives once and as it was; what was refused does not arrive. */
static void check_message(enum fault_was was)
{
	if (rc) {
		assert_int_equal(rc, -ENOMEM);
		assert_int_not_equal(was, FAULT_NONE);
	}
	test_world_run_ms(&p.world, 20000);
	assert_int_equal(p.ada->downs + p.node->downs, 0);
	assert_int_equal(whole, rc ? 0 : 1);
	assert_int_equal(broken, 0);
	talks();
}

static void run_stats(void)
{
	length = 1000;
	rc = mvmp_endpoint_send_stats(p.node->ep, p.node->session, bytes, length, p.world.now);
	test_world_run_ms(&p.world, 100);
}

static void check_stats(enum fault_was was)
{
	if (!was || p.ada->stats)
		assert_int_equal(rc, 0);
	assert_int_equal(p.ada->stats, was ? p.ada->stats : 1);
	rc = mvmp_endpoint_send_stats(p.node->ep, p.node->session, bytes, length, p.world.now);
	assert_int_equal(rc, 0);
	p.ada->stats = 0;
	test_world_run_ms(&p.world, 100);
	assert_int_equal(p.ada->stats, 1);
	talks();
}

/* ---- discovery, links ---- */

static void run_probe(void)
{
	rc = mvmp_endpoint_probe(p.ada->ep, 0, NULL, 10, p.world.now);
	test_world_run_ms(&p.world, 200);
}

static void check_probe(enum fault_was was)
{
	if (!was) {
		assert_int_equal(rc, 0);
		assert_true(p.ada->beacons > 0);
	}
	if (rc)
		assert_int_not_equal(was, FAULT_NONE);
	p.ada->beacons = 0;
	assert_int_equal(mvmp_endpoint_probe(p.ada->ep, 0, NULL, 10, p.world.now), 0);
	test_world_run_ms(&p.world, 200);
	assert_true(p.ada->beacons > 0);
	talks();
}

/* A link that comes up is announced by a BEACON; nothing else depends on it. */
static void run_link(void)
{
	mvmp_endpoint_drop_link(p.node->ep, 0, p.world.now);
	rc = mvmp_endpoint_set_link(p.node->ep, 0, p.node->link);
	test_world_run_ms(&p.world, 6000);
}

static void check_link(enum fault_was was)
{
	assert_int_equal(rc, 0);
	if (!was)
		assert_true(p.ada->beacons > 0);
	assert_int_equal(p.node->downs, 1);
	test_world_run_ms(&p.world, 60000);
	assert_int_equal(p.ada->session, 0);
	talks();
}

static const struct fault_row rows[] = {
	{"an endpoint", FAULT_MEMORY | FAULT_CRYPTO, make_bed, run_new, check_new, remove_bed,
		1500},
	{"connect to a stranger", ALL, make_bed, run_connect, check_connect, remove_bed, 1500},
	{"connect to who is known", ALL, make_acquainted, run_connect, check_connect, remove_bed,
		1500},
	{"connect over jumbo frames", ALL, make_bed, run_connect, check_connect, remove_bed, 9000},
	{"connect after a restart", ALL, make_acquainted, run_again_after_restart, check_connect,
		remove_bed, 1500},
	{"close", FAULT_CRYPTO | FAULT_SEND, make_connected, run_close, check_close, remove_bed,
		1500},
	{"rekey", ALL, make_old, run_rekey, check_rekey, remove_bed, 1500},
	{"recheck of a revoked member", FAULT_CRYPTO | FAULT_SEND, make_connected, run_revoked,
		check_revoked, remove_bed, 1500},
	{"message of 1 byte, asking", ALL, make_for_message, run_from_ada, check_message,
		remove_bed, 1},
	{"message of 1 byte, asked", ALL, make_for_message, run_from_node, check_message,
		remove_bed, 1},
	{"message of 1,400 bytes", ALL, make_for_message, run_from_ada, check_message, remove_bed,
		1400},
	{"message of 10,000 bytes", ALL, make_for_message, run_from_node, check_message, remove_bed,
		10000},
	{"message of 100,000 bytes", FAULT_MEMORY, make_for_message, run_from_node, check_message,
		remove_bed, 100000},
	{"longest message", FAULT_MEMORY, make_for_message, run_from_ada, check_message, remove_bed,
		LONGEST},
	{"stats frame", FAULT_CRYPTO | FAULT_SEND, make_connected, run_stats, check_stats,
		remove_bed, 1500},
	{"probe and beacon", FAULT_CRYPTO | FAULT_SEND, make_bed, run_probe, check_probe,
		remove_bed, 1500},
	{"link down and up", FAULT_CRYPTO | FAULT_SEND, make_connected, run_link, check_link,
		remove_bed, 1500},
};

int main(int argc, char **argv)
{
	return fault_run("session", rows, sizeof rows / sizeof rows[0], argc, argv);
}
