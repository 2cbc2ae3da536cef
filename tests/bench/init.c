/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <thief.h>
#include <time.h>

/* CPU time that one INIT costs a responder, by where it ends. */

enum { MADE = 1024, ROUNDS = 8 };

struct bench {
	struct test_thief self;
	struct mvmp_endpoint *node, *thief;
	uint64_t now, random;
	uint8_t init[MADE][TEST_INIT_LEN];
};

static int swallow(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	return 0;
}

static uint64_t wall_s(void *ctx)
{
	return TEST_WALL_S;
}

static void ignore(void *ctx, const struct mvmp_event *event)
{
}

static struct mvmp_endpoint *make(struct bench *b, struct mvmp_identity *identity, bool answers)
{
	struct mvmp_endpoint_config config = {.identity = identity,
		.env = {b, swallow, mvmp_random_os, wall_s, ignore},
		.answer_probes = answers};
	struct mvmp_link link = {.mtu = 1500, .has_macs = true, .mac = {2, 0, 0, 0, 0, 1}};
	struct mvmp_endpoint *ep;

	if (mvmp_endpoint_new(&config, b->now, &ep, NULL) || mvmp_endpoint_set_link(ep, 0, &link))
		abort();
	return ep;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * MVMP_NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct mvmp_addr source(unsigned i)
{
	return (struct mvmp_addr){.mac = {6, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
}

/* A case sets the limits before each INIT, and says how it must end. */
struct stage {
	const char *name;
	void (*limits)(struct responder *r);
	bool proven, ticket, wrong;
	enum mvmp_verdict end;
};

static void calm(struct responder *r)
{
	r->admit.all.full_at = r->admit.reads.full_at = 0;
}

static void load(struct responder *r)
{
	r->admit.all.full_at = UINT64_MAX / 2;
	r->admit.reads.full_at = 0;
	r->cookies.full_at = 0;
}

static void full_load(struct responder *r)
{
	r->admit.all.full_at = r->admit.reads.full_at = UINT64_MAX / 2;
	r->cookies.full_at = UINT64_MAX / 2;
}

static const struct stage stages[] = {
	{"stranger", full_load, .wrong = true, .end = MVMP_DROP_STRANGER},
	{"no cookie, no COOKIE left", full_load, .end = MVMP_DROP_COOKIE},
	{"wrong ticket, no COOKIE left", full_load, .ticket = true, .end = MVMP_DROP_COOKIE},
	{"no cookie, COOKIE sent", load, .end = MVMP_DROP_COOKIE},
	{"cookie, no reading left", full_load, .proven = true, .end = MVMP_DROP_RATE},
	{"and a wrong ticket", full_load, .proven = true, .ticket = true, .end = MVMP_DROP_RATE},
	{"cookie, read, no handshake left", load, .proven = true, .end = MVMP_DROP_RATE},
	{"handshake answered", calm, .end = MVMP_ACCEPTED},
};

static void prepare(struct bench *b, const struct stage *stage)
{
	for (unsigned i = 0; i < MADE; i++) {
		struct mvmp_addr from = source(i);
		uint8_t *payload = b->init[i] + MVMP_HEADER_LEN;

		test_thief_init(b->init[i], b->thief, b->node, i + 1, &b->random);
		if (stage->wrong)
			payload[INIT_MEMBER_AT] ^= 1;
		if (stage->proven)
			test_thief_prove(b->init[i], b->node, &from);
		if (stage->ticket)
			memset(payload + INIT_TICKET_AT, 5, 16);
	}
}

static void measure(struct bench *b, const struct stage *stage)
{
	uint64_t spent = 0;
	unsigned rounds = stage->end == MVMP_ACCEPTED ? 1 : ROUNDS;

	prepare(b, stage);
	for (unsigned i = 0; i < rounds * MADE; i++) {
		struct mvmp_addr from = source(i % MADE);
		uint64_t began;
		enum mvmp_verdict end;

		/* Places for unconfirmed handshakes are free again, or cookies live on. */
		b->now += stage->end == MVMP_ACCEPTED ? (MVMP_HALF_OPEN_S + 1) * MVMP_NS_PER_S
						      : MVMP_NS_PER_MS;
		stage->limits(&b->node->responder);
		mvmp_endpoint_advance(b->node, b->now);
		began = cpu_ns();
		end = mvmp_endpoint_receive(
			b->node, &from, MVMP_CONTROL, b->init[i % MADE], TEST_INIT_LEN, b->now);
		spent += cpu_ns() - began;
		if (end != stage->end) {
			fprintf(stderr, "%s: %s\n", stage->name, mvmp_verdict_name(end));
			exit(1);
		}
	}
	printf("%-34s %9.0f\n", stage->name, (double)spent / (rounds * MADE));
}

int main(void)
{
	static struct bench b = {.now = MVMP_NS_PER_S, .random = 1};
	struct test_member node = {.name = "node",
				   .roles = MVMP_ROLE_NODE,
				   .macs = 1,
				   .mac = {{2, 0, 0, 0, 0, 1}}},
			   ada = {.name = "ada", .roles = MVMP_ROLE_ADMIN};
	struct mvmp_identity node_identity, ada_identity;
	struct test_authority authority;

	test_authority_init(&authority, 1);
	test_authority_member(&authority, &node_identity, &node);
	test_authority_member(&authority, &ada_identity, &ada);
	test_thief_begin(&b.self, &ada_identity);
	b.node = make(&b, &node_identity, true);
	b.thief = make(&b, &b.self.identity, false);
	printf("%-34s %9s\n", "AN INIT THAT ENDS AT", "CPU ns");
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		measure(&b, &stages[i]);
	mvmp_endpoint_free(b.node);
	mvmp_endpoint_free(b.thief);
	mvmp_identity_clear(&node_identity);
	mvmp_identity_clear(&ada_identity);
	return 0;
}
