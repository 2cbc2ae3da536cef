/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <errno.h>
#include <internal.h>

static uint64_t control_frames(const struct test_node *node)
{
	return mvmp_endpoint_counters(node->ep)->frames_out[MVMP_CONTROL];
}

static void connect_again(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_SESSION_DOWN)
		mvmp_endpoint_connect(node->ep, &event->peer->addr, NULL, 0,
			node->world->now + 30 * MVMP_NS_PER_S, node->world->now);
}

/* A peer that dies without a word is noticed within 4 s. */
static void dead_responder(void **state)
{
	struct pair p;
	uint64_t died;

	pair_init(&p, 1, 1500, 1500);
	pair_connect(&p);
	test_world_run_ms(&p.world, 700);
	died = p.world.now;
	test_node_kill(p.node);
	assert_true(test_world_run(&p.world, died + 4 * MVMP_NS_PER_S, &p.ada->downs, 1));
	assert_int_equal(p.ada->down_status, MVMP_NO_ANSWER);
	assert_true(p.world.now - died > 2 * MVMP_NS_PER_S);
	pair_clear(&p);
}

/* A responder that comes back announces itself, and whoever has a session with its former
 * instance looks, notices and is connected again in 1 s: well within the 5 s promised. */
static void restarted_responder(void **state)
{
	struct pair p;
	uint64_t died;

	pair_init(&p, 2, 1500, 1500);
	pair_connect(&p);
	p.ada->hook = connect_again;
	test_world_run_ms(&p.world, 700);
	died = p.world.now;
	test_node_kill(p.node);
	test_world_run_ms(&p.world, 100);
	test_node_start(p.node);
	assert_true(test_world_run(&p.world, died + MVMP_NS_PER_S, &p.ada->ups, 2));
	assert_int_equal(p.ada->downs, 1);
	pair_clear(&p);
}

/* With 5 % loss recovery still takes less than 5 s. */
static void restart_with_loss(void **state)
{
	for (uint64_t seed = 100; seed < 140; seed++) {
		struct mvmp_impairment bad = {.loss_ppm = 50000, .delay_ns = 20000};
		struct pair p;

		pair_init(&p, seed, 1500, 1500);
		mvmp_memswitch_impair(p.world.sw, &bad);
		pair_connect(&p);
		p.ada->hook = connect_again;
		test_node_kill(p.node);
		test_world_run_ms(&p.world, 500);
		test_node_start(p.node);
		assert_true(test_world_run(
			&p.world, p.world.now + 4500 * MVMP_NS_PER_MS, &p.ada->ups, 2));
		pair_clear(&p);
	}
}

/* An initiator that restarted has a new session at once; the old one is forgotten in time. */
static void restarted_initiator(void **state)
{
	struct pair p;

	pair_init(&p, 3, 1500, 1500);
	pair_connect(&p);
	test_node_kill(p.ada);
	test_node_start(p.ada);
	pair_connect(&p);
	assert_int_equal(p.node->downs, 0);
	assert_true(test_world_run(&p.world, p.world.now + 15 * MVMP_NS_PER_S, &p.node->downs, 1));
	assert_int_not_equal(p.node->session, 0);
	pair_clear(&p);
}

/* Closing tells the peer at once and the owner nothing. */
static void closing(void **state)
{
	mvmp_session session;
	struct pair p;

	pair_init(&p, 4, 1500, 1500);
	pair_connect(&p);
	session = p.ada->session;
	mvmp_endpoint_close(p.ada->ep, session, p.world.now);
	mvmp_endpoint_close(p.ada->ep, session, p.world.now);
	test_world_run_ms(&p.world, 1);
	assert_int_equal(p.node->downs, 1);
	assert_int_equal(p.ada->downs, 0);
	assert_int_equal(mvmp_endpoint_send(p.ada->ep, session, "x", 1, p.world.now), -ENOTCONN);
	pair_connect(&p);
	assert_int_not_equal(p.ada->session, session);
	pair_clear(&p);
}

/* A gap of 2 s costs no session, and what was sent in it arrives. */
static void short_partition(void **state)
{
	struct pair p;

	pair_init(&p, 5, 1500, 1500);
	pair_connect(&p);
	mvmp_memswitch_partition(p.node->link, 1);
	assert_int_equal(pair_send(p.ada, 1, 5000), 0);
	test_world_run_ms(&p.world, 2000);
	assert_int_equal(p.node->messages, 0);
	mvmp_memswitch_partition(p.node->link, 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->messages, 1));
	assert_int_equal(p.node->downs + p.ada->downs, 0);
	pair_clear(&p);
}

/* Nobody there: the attempt ends when it was told to, with the address in the sentence. */
static void nobody(void **state)
{
	struct pair p;
	uint64_t began;

	pair_init(&p, 6, 1500, 1500);
	test_node_kill(p.node);
	began = p.world.now;
	assert_int_not_equal(test_node_connect(p.ada, p.node), 0);
	assert_true(test_world_run(&p.world, began + 6 * MVMP_NS_PER_S, &p.ada->downs, 1));
	assert_int_equal(p.world.now - began, 5 * MVMP_NS_PER_S);
	assert_int_equal(p.ada->down_status, MVMP_NO_ANSWER);
	assert_string_equal(p.ada->down_text, "no answer from 02:00:00:00:00:01 on memory");
	pair_clear(&p);
}

/* An idle session costs a PING and a PONG each 10 s at most, after a minute of attention. */
static void idle_cost(void **state)
{
	struct pair p;
	uint64_t before;

	pair_init(&p, 7, 1500, 1500);
	pair_connect(&p);
	test_world_run_ms(&p.world, 70 * 1000);
	before = control_frames(p.node) + control_frames(p.ada);
	test_world_run_ms(&p.world, 100 * 1000);
	assert_in_range(control_frames(p.node) + control_frames(p.ada) - before, 10, 24);
	assert_int_equal(p.node->downs + p.ada->downs, 0);
	pair_clear(&p);
}

static void in_order(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_MESSAGE)
		assert_int_equal(event->bytes[0], (uint8_t)node->messages);
}

/* Keys are renewed each hour, with messages both ways and losses all the time: no session ends,
 * every message arrives once and in order, and both ends keep the same handle. */
static void renewed_keys(void **state)
{
	struct mvmp_impairment bad = {
		.loss_ppm = 50000, .reorder_ppm = 50000, .delay_ns = 20000, .jitter_ns = 1000000};
	mvmp_session node_session, ada_session;
	unsigned sent = 0;
	struct pair p;

	pair_init(&p, 8, 1500, 1500);
	mvmp_memswitch_impair(p.world.sw, &bad);
	pair_connect(&p);
	node_session = p.node->session;
	ada_session = p.ada->session;
	p.node->hook = p.ada->hook = in_order;
	for (; p.world.now < 3 * 3600 * MVMP_NS_PER_S + 60 * MVMP_NS_PER_S; sent++) {
		uint64_t phase = p.world.now / MVMP_NS_PER_S % 3600;
		bool near = phase > 3595 || phase < 5;

		assert_int_equal(pair_send(p.ada, sent, 3000), 0);
		assert_int_equal(pair_send(p.node, sent, 3000), 0);
		test_world_run_ms(&p.world, near ? 5 : 4000);
	}
	test_world_run_ms(&p.world, 2000);
	assert_int_equal(p.node->downs + p.ada->downs, 0);
	assert_int_equal(p.node->messages, sent);
	assert_int_equal(p.ada->messages, sent);
	assert_int_equal(mvmp_endpoint_counters(p.ada->ep)->rekeys, 3);
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->rekeys, 3);
	assert_int_equal(p.node->session, node_session);
	assert_int_equal(p.ada->session, ada_session);
	assert_int_equal(p.node->ups + p.ada->ups, 2);
	pair_clear(&p);
}

/* A responder that has forgotten the session does not make a new one of a renewal, with which the
 * initiator would go on with the old numbers: the session ends soon, and the next one works. */
static void renewal_of_nothing(void **state)
{
	struct pair p;
	uint64_t forgotten;

	pair_init(&p, 18, 1500, 1500);
	pair_connect(&p);
	assert_int_equal(pair_send(p.ada, 0, 3000), 0);
	test_world_run(&p.world, (3600 + 1) * MVMP_NS_PER_S - 400 * MVMP_NS_PER_MS, NULL, 0);
	mvmp_memswitch_partition(p.node->link, 1);
	mvmp_endpoint_close(p.node->ep, p.node->session, p.world.now);
	mvmp_memswitch_partition(p.node->link, 0);
	forgotten = p.world.now;
	assert_true(test_world_run(&p.world, forgotten + 1500 * MVMP_NS_PER_MS, &p.ada->downs, 1));
	assert_int_equal(p.node->ups, 1);
	assert_int_equal(test_node_drops(p.node, MVMP_DROP_SESSION) > 0, 1);
	pair_connect(&p);
	assert_int_equal(pair_send(p.ada, 1, 3000), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->messages, 2));
	pair_clear(&p);
}

/* A full queue says so, and tells when there is room again. */
static void full_queue(void **state)
{
	unsigned queued = 0;
	struct pair p;

	pair_init(&p, 9, 1500, 1500);
	pair_connect(&p);
	while (pair_send(p.ada, queued, 1000) == 0)
		queued++;
	assert_int_equal(pair_send(p.ada, queued, 1000), -EAGAIN);
	assert_int_equal(queued, 256);
	assert_int_equal(p.ada->writables, 0);
	assert_true(
		test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->messages, queued));
	assert_int_equal(p.ada->writables, 1);
	assert_int_equal(pair_send(p.ada, queued, 1000), 0);
	pair_clear(&p);
}

/* A stats frame carries what the path's MTU leaves, goes out at once and is never repeated. */
static void stats_frames(void **state)
{
	uint8_t bytes[1500] = {1, 2, 3};
	struct pair p;
	size_t room;

	pair_init(&p, 10, 1500, 9000);
	pair_connect(&p);
	room = mvmp_endpoint_stats_room(p.node->ep, p.node->session);
	assert_int_equal(room, 1500 - 16 - 16);
	assert_int_equal(mvmp_endpoint_stats_room(p.ada->ep, p.ada->session), room);
	assert_int_equal(
		mvmp_endpoint_send_stats(p.node->ep, p.node->session, bytes, room + 1, p.world.now),
		-EMSGSIZE);
	assert_int_equal(
		mvmp_endpoint_send_stats(p.node->ep, p.node->session, bytes, room, p.world.now), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.ada->stats, 1));
	assert_int_equal(p.ada->last_len, room);
	assert_memory_equal(p.ada->last, bytes, sizeof(p.ada->last));
	mvmp_memswitch_impair(p.world.sw, &(struct mvmp_impairment){.loss_ppm = 1000000});
	assert_int_equal(
		mvmp_endpoint_send_stats(p.node->ep, p.node->session, bytes, room, p.world.now), 0);
	mvmp_memswitch_impair(p.world.sw, &(struct mvmp_impairment){.delay_ns = 1});
	test_world_run_ms(&p.world, 5000);
	assert_int_equal(p.ada->stats, 1);
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->frames_out[MVMP_STATS], 2);
	pair_clear(&p);
}

/* Frames longer than 1500 bytes are used once one of that length came through, both ways; where
 * the segment swallows them the session goes on with 1500. */
static void long_frames(void **state)
{
	struct pair p;

	pair_init(&p, 15, 9000, 9000);
	pair_connect(&p);
	assert_int_equal(mvmp_endpoint_stats_room(p.node->ep, p.node->session), 1500 - 32);
	test_world_run_ms(&p.world, 10);
	assert_int_equal(mvmp_endpoint_stats_room(p.node->ep, p.node->session), 9000 - 32);
	assert_int_equal(mvmp_endpoint_stats_room(p.ada->ep, p.ada->session), 9000 - 32);
	pair_clear(&p);
	pair_init(&p, 16, 9000, 9000);
	p.node->link->mtu = p.ada->link->mtu = 1500; /* behind the endpoints' backs */
	pair_connect(&p);
	test_world_run_ms(&p.world, 2000);
	assert_int_equal(pair_send(p.ada, 1, 100000), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->messages, 1));
	assert_int_equal(mvmp_endpoint_stats_room(p.node->ep, p.node->session), 1500 - 32);
	assert_int_equal(mvmp_endpoint_counters(p.ada->ep)->send_failures, 5);
	pair_clear(&p);
}

/* Where a link knows that the other end hung up (Unix sockets), a session ends with the first frame
 * that cannot go out; a wire that is unplugged for a moment costs nothing. */
static void hung_up(void **state)
{
	struct pair p;

	pair_init(&p, 17, 1500, 1500);
	pair_connect(&p);
	p.ada->send_error = -ENOTCONN;
	assert_int_equal(pair_send(p.ada, 1, 10), 0);
	test_world_run_ms(&p.world, 1);
	assert_int_equal(p.ada->downs, 0);
	p.ada->link->has_macs = false;
	mvmp_endpoint_set_link(p.ada->ep, 0, p.ada->link);
	assert_int_equal(pair_send(p.ada, 1, 10), 0);
	assert_int_equal(p.ada->downs, 0); /* told by the timer, not from inside the call */
	test_world_run_ms(&p.world, 1);
	assert_int_equal(p.ada->downs, 1);
	assert_string_equal(p.ada->down_text, "the peer hung up");
	pair_clear(&p);
}

/* A member revoked while it has a session loses it at once, and is told. */
static void revoked_later(void **state)
{
	struct pair p;

	pair_init(&p, 11, 1500, 1500);
	pair_connect(&p);
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	assert_int_equal(p.node->downs, 0);
	test_identity_revoke(&p.node_identity, p.ada_identity.cert.serial);
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	assert_int_equal(p.node->downs, 1);
	assert_int_equal(p.node->down_status, MVMP_NOT_TRUSTED);
	test_world_run_ms(&p.world, 1);
	assert_int_equal(p.ada->downs, 1);
	assert_int_equal(p.ada->down_status, MVMP_NOT_TRUSTED);
	pair_clear(&p);
}

/* A member revoked between REPLY and confirmation has no session either. */
static void revoked_half_open(void **state)
{
	struct pair p;

	pair_init(&p, 19, 1500, 1500);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 500);
	assert_int_not_equal(test_node_connect(p.ada, p.node), 0);
	test_world_run(&p.world, p.world.now + 30000, NULL, 0);
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->handshakes_answered, 1);
	test_identity_revoke(&p.node_identity, p.ada_identity.cert.serial);
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	test_world_run_ms(&p.world, 5000);
	assert_int_equal(p.ada->ups, 1);
	assert_int_equal(p.node->ups, 0);
	pair_clear(&p);
}

/* When a CA key is taken out of the cluster state, sessions of those it signed end. */
static void removed_ca(void **state)
{
	struct pair p;

	pair_init(&p, 20, 1500, 1500);
	pair_connect(&p);
	p.node_identity.cluster.ca[0][0] ^= 1;
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	assert_int_equal(p.node->down_status, MVMP_NOT_TRUSTED);
	assert_non_null(strstr(p.node->down_text, "(ada) is signed by a CA key that is not valid"));
	pair_clear(&p);
}

/* A peer that counts its frames beyond all reason makes no more than one handshake a second. */
static void hurried_renewal(void **state)
{
	struct pair p;
	uint64_t until;

	pair_init(&p, 21, 1500, 1500);
	pair_connect(&p);
	until = p.world.now + 10 * MVMP_NS_PER_S;
	while (p.world.now < until) {
		mvmp_session_find(p.node->ep, p.node->session)->current->next[MVMP_CONTROL] |=
			1ull << 41;
		assert_int_equal(pair_send(p.node, 1, 10), 0);
		test_world_run_ms(&p.world, 10);
	}
	assert_in_range(mvmp_endpoint_counters(p.ada->ep)->rekeys, 8, 10);
	assert_int_equal(p.ada->messages, 1000);
	pair_clear(&p);
}

/* A peer that acknowledges everything but gives no credit does not make us keep its answers. */
static void no_credit(void **state)
{
	struct mvmp_ack ack = {.credit = 0};
	struct session *s;
	struct pair p;
	uint64_t began;

	pair_init(&p, 22, 1500, 1500);
	pair_connect(&p);
	s = mvmp_session_find(p.node->ep, p.node->session);
	assert_int_equal(mvmp_outbox_ack(&s->outbox, &ack, p.world.now), MVMP_ACCEPTED);
	began = p.world.now;
	assert_int_equal(pair_send(p.node, 1, 100), 0);
	assert_true(test_world_run(&p.world, began + 11 * MVMP_NS_PER_S, &p.node->downs, 1));
	assert_int_equal(p.world.now - began, MVMP_STALL_S * MVMP_NS_PER_S);
	assert_int_equal(p.ada->messages, 0);
	pair_clear(&p);
}

/* An idle session wakes its owner for little more than the PING each ten seconds. */
static void idle_wakeups(void **state)
{
	unsigned wakeups = 0;
	struct pair p;
	uint64_t until;

	pair_init(&p, 23, 1500, 1500);
	pair_connect(&p);
	test_world_run_ms(&p.world, 70 * 1000);
	until = p.world.now + 100 * MVMP_NS_PER_S;
	while (p.world.now < until) {
		uint64_t at = mvmp_endpoint_deadline(p.ada->ep);

		assert_true(at > p.world.now);
		test_world_run(&p.world, at, NULL, 0);
		wakeups++;
	}
	assert_in_range(wakeups, 5, 25);
	pair_clear(&p);
}

/* A certificate that runs out does not keep a session beyond the next check. */
static void expired_later(void **state)
{
	struct pair p;

	pair_init(&p, 12, 1500, 1500);
	pair_connect(&p);
	p.world.wall_s += 2 * 86400;
	mvmp_endpoint_recheck(p.node->ep, p.world.now);
	assert_int_equal(p.node->down_status, MVMP_NOT_TRUSTED);
	pair_clear(&p);
}

/* A full table refuses a newcomer and says why, but gives it the place of a session that fell
 * silent. */
static void full_table(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 3};
	struct test_node *bob;
	struct pair p;

	pair_init(&p, 13, 1500, 1500);
	test_node_kill(p.node);
	p.node->sessions_max = 1;
	test_node_start(p.node);
	bob = test_world_add(&p.world, &p.ada_identity, mac, 1500, false);
	pair_connect(&p);
	assert_int_not_equal(test_node_connect(bob, p.node), 0);
	assert_true(test_world_run(&p.world, p.world.now + 6 * MVMP_NS_PER_S, &bob->downs, 1));
	assert_int_equal(bob->down_status, MVMP_BUSY);
	assert_string_equal(
		bob->down_text, "refused by 02:00:00:00:00:01: no more sessions are possible now");
	assert_true(test_node_drops(p.node, MVMP_DROP_FULL) > 0);
	assert_int_equal(p.node->ups, 1);
	test_node_kill(p.ada);
	assert_int_not_equal(test_node_connect(bob, p.node), 0);
	assert_true(test_world_run(&p.world, p.world.now + 4 * MVMP_NS_PER_S, &p.node->ups, 2));
	assert_int_equal(p.node->downs, 1);
	pair_clear(&p);
}

/* A member that opens all sessions a responder has, and keeps them alive, keeps others out no more:
 * what it holds beyond half goes to them. */
static void greedy_member(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 3};
	struct test_member member = {.name = "bob", .roles = MVMP_ROLE_OPERATOR};
	struct mvmp_identity identity;
	struct test_node *bob;
	struct pair p;

	pair_init(&p, 24, 1500, 1500);
	test_node_kill(p.node);
	p.node->sessions_max = 4;
	test_node_start(p.node);
	test_authority_member(&p.authority, &identity, &member);
	bob = test_world_add(&p.world, &identity, mac, 1500, false);
	for (unsigned i = 0; i < 4; i++)
		pair_connect(&p);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_not_equal(test_node_connect(bob, p.node), 0);
		assert_true(
			test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->ups, 4 + i));
		test_world_run_ms(&p.world, 1);
		assert_int_equal(p.ada->downs, i);
	}
	assert_int_not_equal(test_node_connect(bob, p.node), 0);
	assert_true(test_world_run(&p.world, p.world.now + 6 * MVMP_NS_PER_S, &bob->downs, 1));
	assert_int_equal(bob->down_status, MVMP_BUSY);
	assert_int_equal(p.ada->downs, 2);
	pair_clear(&p);
	mvmp_identity_clear(&identity);
}

/* Nor does it push out a subscriber, who is silent because it is told samples, by opening more. */
static void greedy_spares_silent(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 3};
	struct test_member member = {.name = "bob", .roles = MVMP_ROLE_OBSERVER};
	struct mvmp_identity identity;
	struct test_node *bob;
	mvmp_session bobs;
	struct pair p;

	pair_init(&p, 25, 1500, 1500);
	test_node_kill(p.node);
	p.node->sessions_max = 4;
	test_node_start(p.node);
	test_authority_member(&p.authority, &identity, &member);
	bob = test_world_add(&p.world, &identity, mac, 1500, false);
	assert_int_not_equal(test_node_connect(bob, p.node), 0);
	assert_true(test_world_run(&p.world, p.world.now + MVMP_NS_PER_S, &p.node->ups, 1));
	bobs = p.node->session;
	for (unsigned i = 0; i < 3; i++)
		pair_connect(&p);
	/* Who hears of the node needs no PINGs: nothing comes of bob for 3 s. */
	for (unsigned i = 0; i < 30; i++) {
		test_world_run_ms(&p.world, 100);
		assert_int_equal(
			mvmp_endpoint_send_stats(p.node->ep, bobs, "s", 1, p.world.now), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		test_node_connect(p.ada, p.node);
	test_world_run_ms(&p.world, 1000);
	assert_non_null(mvmp_endpoint_cert(p.node->ep, bobs));
	pair_clear(&p);
	mvmp_identity_clear(&identity);
}

/* A link that goes away ends its sessions; one whose MTU shrinks below theirs as well. */
static void lost_link(void **state)
{
	struct pair p;

	pair_init(&p, 14, 1500, 1500);
	pair_connect(&p);
	p.node->link->mtu = 9000;
	mvmp_endpoint_set_link(p.node->ep, 0, p.node->link);
	assert_int_equal(p.node->downs, 0);
	p.node->link->mtu = 1400;
	mvmp_endpoint_set_link(p.node->ep, 0, p.node->link);
	assert_int_equal(p.node->downs, 1);
	assert_int_not_equal(test_node_connect(p.ada, p.node), 0);
	mvmp_endpoint_drop_link(p.ada->ep, 0, p.world.now);
	assert_int_equal(p.ada->downs, 2); /* the session, and the one that was connecting */
	assert_int_equal(test_node_connect(p.ada, p.node), 0);
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dead_responder),
		cmocka_unit_test(restarted_responder),
		cmocka_unit_test(restart_with_loss),
		cmocka_unit_test(restarted_initiator),
		cmocka_unit_test(closing),
		cmocka_unit_test(short_partition),
		cmocka_unit_test(nobody),
		cmocka_unit_test(idle_cost),
		cmocka_unit_test(renewed_keys),
		cmocka_unit_test(renewal_of_nothing),
		cmocka_unit_test(full_queue),
		cmocka_unit_test(stats_frames),
		cmocka_unit_test(long_frames),
		cmocka_unit_test(hung_up),
		cmocka_unit_test(revoked_later),
		cmocka_unit_test(revoked_half_open),
		cmocka_unit_test(removed_ca),
		cmocka_unit_test(hurried_renewal),
		cmocka_unit_test(no_credit),
		cmocka_unit_test(idle_wakeups),
		cmocka_unit_test(expired_later),
		cmocka_unit_test(full_table),
		cmocka_unit_test(greedy_member),
		cmocka_unit_test(greedy_spares_silent),
		cmocka_unit_test(lost_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
