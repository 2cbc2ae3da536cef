/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <errno.h>
#include <internal.h>

static struct responder *responder(struct pair *p)
{
	return &p->node->ep->responder;
}

/* A flood that never ends: nobody without a ticket gets a handshake. */
static void strain(struct pair *p)
{
	responder(p)->admit.all.full_at = UINT64_MAX / 2;
}

static void relieve(struct pair *p)
{
	responder(p)->admit.all.full_at = 0;
}

static uint64_t by_ticket(const struct pair *p)
{
	return mvmp_endpoint_counters(p->node->ep)->handshakes_by_ticket;
}

/* The operator's program ends and starts again, with the ticket that it kept. */
static void restart_ada(struct pair *p, const struct mvmp_ticket *ticket)
{
	test_node_kill(p->ada);
	test_node_start(p->ada);
	if (ticket)
		mvmp_endpoint_add_ticket(p->ada->ep, ticket);
}

/* Whether a connect comes up within a second. */
static bool comes_up(struct pair *p)
{
	unsigned ups = p->node->ups + 1;

	assert_int_not_equal(test_node_connect(p->ada, p->node), 0);
	return test_world_run(&p->world, p->world.now + MVMP_NS_PER_S, &p->node->ups, ups);
}

/* Who had a session is given a ticket, once, and the same one by every later session. */
static void given(void **state)
{
	struct mvmp_ticket first;
	struct pair p;

	pair_init(&p, 1, 1500, 1500);
	pair_connect(&p);
	test_world_run_ms(&p.world, 10);
	assert_int_equal(p.ada->tickets, 1);
	assert_memory_equal(p.ada->ticket.responder, p.ada->peer.fingerprint, 16);
	first = p.ada->ticket;
	restart_ada(&p, NULL);
	pair_connect(&p);
	test_world_run_ms(&p.world, 10);
	assert_int_equal(p.ada->tickets, 2);
	assert_memory_equal(&first, &p.ada->ticket, sizeof(first));
	restart_ada(&p, &first);
	pair_connect(&p);
	test_world_run_ms(&p.world, 10);
	assert_int_equal(p.ada->tickets, 2);
	assert_int_equal(p.node->tickets, 0);
	pair_clear(&p);
}

static void hang_up(struct test_node *node, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_SESSION_UP)
		node->send_error = -EIO;
}

/* A lost frame does not lose the ticket. */
static void given_again(void **state)
{
	struct pair p;

	pair_init(&p, 2, 1500, 1500);
	p.node->hook = hang_up;
	pair_connect(&p);
	test_world_run_ms(&p.world, 1);
	p.node->send_error = 0;
	assert_int_equal(p.ada->tickets, 0);
	assert_int_equal(pair_send(p.ada, 1, 10), 0);
	test_world_run_ms(&p.world, 500);
	assert_int_equal(p.ada->tickets, 1);
	pair_clear(&p);
}

static void connected_once(struct pair *p, uint64_t seed, struct mvmp_ticket *ticket)
{
	pair_init(p, seed, 1500, 1500);
	pair_connect(p);
	test_world_run_ms(&p->world, 10);
	assert_int_equal(p->ada->tickets, 1);
	*ticket = p->ada->ticket;
}

/* In a flood the ticket is what lets in; it needs no lottery. */
static void lets_in(void **state)
{
	struct mvmp_ticket ticket;
	struct pair p;

	connected_once(&p, 3, &ticket);
	restart_ada(&p, &ticket);
	strain(&p);
	assert_true(comes_up(&p));
	assert_int_equal(by_ticket(&p), 1);
	restart_ada(&p, NULL);
	assert_false(comes_up(&p));
	assert_int_equal(by_ticket(&p), 1);
	pair_clear(&p);
}

/* A wrong ticket is no ticket: any byte of it changed, or another responder's. Without load nobody
 * asks for it. */
static void wrong(void **state)
{
	struct mvmp_ticket ticket, spoilt;
	struct pair p;

	connected_once(&p, 4, &ticket);
	for (unsigned i = 0; i < 3; i++) {
		spoilt = ticket;
		spoilt.id[0] ^= i == 0;
		spoilt.secret[15] ^= i == 1;
		if (i == 2)
			memset(&spoilt.id, 7, sizeof(spoilt.id) + sizeof(spoilt.secret));
		strain(&p);
		restart_ada(&p, &spoilt);
		assert_false(comes_up(&p));
		assert_int_equal(by_ticket(&p), 0);
		relieve(&p);
		restart_ada(&p, &spoilt);
		assert_true(comes_up(&p));
	}
	pair_clear(&p);
}

/* Tickets outlive a restart of the responder, and end with its key. */
static void end_of_key(void **state)
{
	struct test_member node = pair_node();
	struct mvmp_identity renewed;
	struct mvmp_ticket ticket;
	struct pair p;

	connected_once(&p, 5, &ticket);
	test_node_kill(p.node);
	test_node_start(p.node);
	strain(&p);
	restart_ada(&p, &ticket);
	assert_true(comes_up(&p));
	test_authority_member(&p.authority, &renewed, &node);
	test_node_kill(p.node);
	p.node->identity = &renewed;
	test_node_start(p.node);
	mvmp_cert_fingerprint(
		renewed.crypto, ticket.responder, renewed.cert_bytes, renewed.cert_len);
	strain(&p);
	restart_ada(&p, &ticket);
	assert_false(comes_up(&p));
	assert_int_equal(by_ticket(&p), 0);
	pair_clear(&p);
	mvmp_identity_clear(&renewed);
}

/* ---- INITs on the wire ---- */

struct capture {
	unsigned count;
	uint8_t init[128][MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD];
};

static void tap(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len)
{
	struct capture *c = ctx;

	if ((frame[0] & 15) == MVMP_INIT && c->count < 128)
		memcpy(c->init[c->count++], frame, sizeof(c->init[0]));
}

static enum mvmp_verdict replay(struct pair *p, const uint8_t *init, const uint8_t *mac)
{
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, mac, MVMP_MAC_LEN);
	return mvmp_endpoint_receive(p->node->ep, &from, MVMP_CONTROL, init,
		MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD, p->world.now);
}

/* A recorded INIT with a right ticket is of no use: from another MAC its cookie is wrong, from the
 * same one it was seen, and at another run of the responder its ticket is wrong. None of it uses up
 * anything of the ticket's. */
static void replayed(void **state)
{
	static const uint8_t other[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 9};
	static struct capture c;
	struct mvmp_ticket ticket;
	struct ticket_rates before;
	const uint8_t *last;
	struct pair p;

	connected_once(&p, 6, &ticket);
	restart_ada(&p, &ticket);
	strain(&p);
	mvmp_memswitch_set_tap(p.world.sw, tap, &c);
	assert_true(comes_up(&p));
	last = c.init[c.count - 1];
	before = responder(&p)->admit.by_ticket[ticket.id[0]];
	assert_int_equal(replay(&p, last, other), MVMP_DROP_COOKIE);
	assert_int_equal(replay(&p, last, ada_mac), MVMP_DROP_REPLAY);
	assert_int_equal(replay(&p, c.init[0], ada_mac), MVMP_DROP_COOKIE);
	assert_memory_equal(&before, &responder(&p)->admit.by_ticket[ticket.id[0]], sizeof(before));
	test_node_kill(p.node);
	test_node_start(p.node);
	strain(&p);
	for (unsigned i = 0; i < c.count; i++)
		assert_int_equal(replay(&p, c.init[i], ada_mac), MVMP_DROP_COOKIE);
	assert_int_equal(responder(&p)->ticket_cookies.full_at, 0);
	assert_int_equal(by_ticket(&p), 0);
	pair_clear(&p);
}

/* Sends a new INIT with the ticket, and never confirms. */
static void leave_half_open(struct pair *p, const struct mvmp_ticket *ticket)
{
	uint64_t before = mvmp_endpoint_counters(p->node->ep)->drops.count[MVMP_DROP_COOKIE];

	restart_ada(p, ticket);
	assert_int_not_equal(test_node_connect(p->ada, p->node), 0);
	while (mvmp_endpoint_counters(p->node->ep)->drops.count[MVMP_DROP_COOKIE] == before)
		test_world_run(&p->world, p->world.now + 5000, NULL, 0);
	/* The COOKIE and the second INIT travel, the REPLY does not arrive any more. */
	test_world_run(&p->world, p->world.now + 45000, NULL, 0);
	test_node_kill(p->ada);
}

static unsigned ticket_places(struct pair *p)
{
	const struct responder *r = responder(p);
	unsigned taken = 0;

	for (unsigned i = r->count; i < mvmp_responder_places(r); i++)
		taken += r->half_open[i].pair != NULL;
	return taken;
}

/* One ticket, perhaps a stolen one, gets a few places and a rate, and takes nothing from others
 * with a ticket of their own. */
static void shares(void **state)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 5};
	struct test_member bob = {.name = "bob", .roles = MVMP_ROLE_ADMIN};
	struct mvmp_identity identity;
	struct mvmp_ticket ticket, bobs;
	struct pair p;
	struct test_node *b;

	connected_once(&p, 7, &ticket);
	test_authority_member(&p.authority, &identity, &bob);
	b = test_world_add(&p.world, &identity, mac, 1500, false);
	assert_int_not_equal(test_node_connect(b, p.node), 0);
	test_world_run_ms(&p.world, 100);
	assert_int_equal(b->tickets, 1);
	bobs = b->ticket;
	assert_int_not_equal(bobs.id[0], ticket.id[0]);
	strain(&p);
	for (unsigned i = 0; i < 10; i++)
		leave_half_open(&p, &ticket);
	assert_int_equal(by_ticket(&p), 10);
	assert_int_equal(ticket_places(&p), MVMP_HALF_OPEN_EACH);
	for (unsigned i = 0; i < 60; i++)
		leave_half_open(&p, &ticket);
	assert_in_range(by_ticket(&p), 32, 45);
	assert_true(test_node_drops(p.node, MVMP_DROP_RATE) >= 20);
	test_node_kill(b);
	test_node_start(b);
	mvmp_endpoint_add_ticket(b->ep, &bobs);
	assert_int_not_equal(test_node_connect(b, p.node), 0);
	assert_true(test_world_run(
		&p.world, p.world.now + 10 * MVMP_NS_PER_MS, &p.node->ups, p.node->ups + 1));
	pair_clear(&p);
	mvmp_identity_clear(&identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given),
		cmocka_unit_test(given_again),
		cmocka_unit_test(lets_in),
		cmocka_unit_test(wrong),
		cmocka_unit_test(end_of_key),
		cmocka_unit_test(replayed),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
