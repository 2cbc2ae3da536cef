/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A warm command without kernel, libpcap and libev: what our code and its libraries do for it at
 * each end. Made to run under callgrind, which counts instructions of near_turn() or far_turn()
 * only; the counts do not depend on the machine's other work.
 *
 *   valgrind --tool=callgrind --toggle-collect=near_turn bench-instructions [REQUESTS]
 */
#include "../../support/world.h"
#include <mvmp.pb-c.h>
#include <mvmp/client.h>
#include <mvmp/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As rung_mvmp.c has it: frames of about 200 bytes. */
enum { PAYLOAD = 120 };

struct wire {
	uint8_t frame[MVMP_FRAME_MAX];
	size_t len;
	unsigned frames;
	uint64_t bytes;
};

static struct test_world world;
static struct test_node *near, *far;
static struct wire to_near, to_far;
static struct mvmp_client *client;
static struct mvmp_server *server;
static uint8_t body[PAYLOAD + 8];
static size_t body_len;
static unsigned answers, failures;

static int keep(struct test_node *node, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct wire *wire = node->send_ctx;

	memcpy(wire->frame, frame, len);
	wire->len = len;
	wire->frames++;
	wire->bytes += len;
	return 0;
}

static void near_event(struct test_node *node, const struct mvmp_event *event)
{
	mvmp_client_event(client, event, node->world->now);
}

static void far_event(struct test_node *node, const struct mvmp_event *event)
{
	mvmp_server_event(server, event, node->world->now);
}

static void echo(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	mvmp_server_answer(server, request->call, NULL, request->body, request->body_len, now);
}

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	answers++;
	failures += answer->error.status != MVMP_OK;
}

static void call(void)
{
	struct mvmp_target target = {.text = "far", .role = MVMP_ROLE_NODE};

	mvmp_client_call(client, &target, MVMP_VERB_PING, body, body_len, NULL,
		world.now + 5 * MVMP_NS_PER_S, on_answer, NULL, world.now, NULL);
}

static void take(struct test_node *node, const struct test_node *from, struct wire *wire)
{
	struct mvmp_addr addr = {.link = 0};
	size_t len = wire->len;

	memcpy(addr.mac, from->link->mac, MVMP_MAC_LEN);
	wire->len = 0;
	if (len)
		mvmp_endpoint_receive(node->ep, &addr, MVMP_CONTROL, wire->frame, len, world.now);
}

/* The asking end: takes the answer to the request before, asks the next. */
__attribute__((noinline)) void near_turn(void);
__attribute__((noinline)) void near_turn(void)
{
	take(near, far, &to_near);
	call();
}

__attribute__((noinline)) void far_turn(void);
__attribute__((noinline)) void far_turn(void)
{
	take(far, near, &to_far);
}

static uint64_t client_deadline(void *ctx)
{
	return mvmp_client_deadline(client);
}

static void client_advance(void *ctx)
{
	mvmp_client_advance(client, world.now);
}

static const struct test_program client_program = {client_deadline, client_advance};

static struct test_node *member(struct mvmp_identity *identity, struct test_authority *authority,
	const char *name, uint16_t role, uint8_t last)
{
	struct test_member as = {
		.name = name, .roles = role, .macs = 1, .mac = {{0x02, 0, 0, 0, 0, last}}};

	test_authority_member(authority, identity, &as);
	return test_world_add(&world, identity, as.mac[0], 1500, role == MVMP_ROLE_NODE);
}

static void make_body(void)
{
	uint8_t payload[PAYLOAD] = {0};
	Mvmp__Ping ping = MVMP__PING__INIT;

	ping.payload.data = payload;
	ping.payload.len = sizeof payload;
	body_len = mvmp__ping__pack(&ping, body);
}

/* Finds the node, shakes hands and warms up over the in-memory segment. */
static int prepare(struct mvmp_identity identity[static 2])
{
	struct test_authority authority;

	test_world_init(&world, 1);
	test_authority_init(&authority, 1);
	near = member(&identity[0], &authority, "near", MVMP_ROLE_OPERATOR, 1);
	far = member(&identity[1], &authority, "far", MVMP_ROLE_NODE, 2);
	if (mvmp_client_new(near->ep, &client) ||
		mvmp_server_new(far->ep, MVMP_ROLE_NODE, echo, NULL, 0, &server))
		return -1;
	mvmp_client_set_links(client, 1);
	near->program = &client_program;
	near->hook = near_event;
	far->hook = far_event;
	make_body();
	call();
	test_world_run_ms(&world, 3000);
	return answers == 1 && !failures ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned long requests = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct mvmp_identity identity[2] = {0};
	bool whole;

	if (prepare(identity)) {
		fprintf(stderr, "instructions: the first command failed\n");
		return 1;
	}
	near->send = far->send = keep;
	near->send_ctx = &to_far;
	far->send_ctx = &to_near;
	answers = 0;
	for (unsigned long i = 0; i <= requests; i++) {
		near_turn();
		world.now += 20000;
		far_turn();
		world.now += 20000;
	}
	printf("%u answers, %u failures; frames there %u, back %u; bytes %.0f and %.0f each\n",
		answers, failures, to_far.frames, to_near.frames,
		(double)to_far.bytes / to_far.frames, (double)to_near.bytes / to_near.frames);
	whole = answers == requests && !failures; /* one more is open, and ends as a failure */
	mvmp_client_free(client);
	mvmp_server_free(server);
	test_world_clear(&world);
	mvmp_identity_clear(&identity[0]);
	mvmp_identity_clear(&identity[1]);
	return whole ? 0 : 1;
}
