/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

/*
 * Endpoints on one in-memory segment in virtual time. Every run with the same seed and calls is
 * the same. Events can be answered by a hook; the last ones are kept for assertions.
 */

#include "authority.h"
#include <mvmp/endpoint.h>
#include <mvmp/memswitch.h>

struct test_world;

/* What a program does beside its endpoint: timers of its own. */
struct test_program {
	uint64_t (*deadline)(void *ctx); /* UINT64_MAX: none */
	void (*advance)(void *ctx);
};

struct test_node {
	struct test_world *world;
	unsigned number;		/* in world->node */
	struct mvmp_identity *identity; /* borrowed */
	struct mvmp_link *link;		/* NULL: an actor without a network, see below */
	struct mvmp_endpoint *ep;	/* NULL: the program is dead */
	uint8_t host_boot[MVMP_ID_LEN];
	bool answer_probes;
	unsigned sessions_max, half_open_max;
	struct mvmp_ticket ticket; /* the last that was handed out to be kept */
	unsigned tickets;
	int send_error; /* what sending says instead, for a dead connection */
	/* Sends in the link's place when set; sees each frame that arrives before the endpoint, and
	 * drops it by false. */
	int (*send)(struct test_node *node, const struct mvmp_addr *to, enum mvmp_channel channel,
		uint8_t *frame, size_t len);
	bool (*receive)(struct test_node *node, const struct mvmp_addr *from,
		enum mvmp_channel channel, const uint8_t *frame, size_t len);
	void *send_ctx;
	unsigned receive_per_ms; /* frames it takes; 0: all that come */
	unsigned receive_left;
	uint64_t receive_turn; /* when it takes more */
	int64_t wall_step_ns;  /* how wrong its clock is */
	const struct test_program *program;
	void *program_ctx;
	/* Called for every event, before it is noted below. */
	void (*hook)(struct test_node *node, const struct mvmp_event *event);
	void *ctx;

	unsigned beacons, ups, downs, messages, stats, writables;
	mvmp_session session;  /* of the last SESSION_UP; 0 after its SESSION_DOWN */
	struct mvmp_peer peer; /* of the last BEACON or SESSION_UP */
	enum mvmp_status down_status;
	char down_text[192];
	size_t last_len; /* of the last message or stats frame */
	uint8_t last[64];

	uint64_t due, order; /* of its next turn */
	unsigned heap_at;
};

struct test_world {
	struct mvmp_memswitch *sw;
	uint64_t now, random;
	uint64_t wall_s;  /* TEST_WALL_S at first; does not move by itself, unless ... */
	bool clocks_move; /* wall clocks show wall_s plus world time */
	unsigned count, size;
	struct test_node **node, **heap; /* heap: by the time of the next turn */
	uint64_t order, turns;
	/* Called before and after each node's turn; may be NULL. */
	void (*before)(void *ctx, struct test_node *node);
	void (*after)(void *ctx, struct test_node *node);
	void *ctx;
};

void test_world_init(struct test_world *world, uint64_t seed);
void test_world_clear(struct test_world *world);

/* Adds a node at a MAC; it lives until test_world_clear(). */
struct test_node *test_world_add(struct test_world *world, struct mvmp_identity *identity,
	const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu, bool answer_probes);

/* Adds somebody who only has timers. */
struct test_node *test_world_add_actor(
	struct test_world *world, const struct test_program *program, void *ctx);

/* To be called when a node's timers changed outside its own turn, and inside test_world_run():
 * a node's program was started, or somebody made it ask something. */
void test_node_touch(struct test_node *node);

/* What the node's clock shows. */
uint64_t test_node_wall_ns(const struct test_node *node);

/* Ends the node's program without a word (kill -9), and starts it again. */
void test_node_kill(struct test_node *node);
void test_node_start(struct test_node *node);

/* Connects to another node's address; gives up after 5 s. */
mvmp_session test_node_connect(struct test_node *node, const struct test_node *to);

/* Runs until `until` (world time), or until *flag is at least `count` when flag is given.
 * Returns whether the flag was reached. */
bool test_world_run(struct test_world *world, uint64_t until, const unsigned *flag, unsigned count);

/* Runs for some milliseconds. */
void test_world_run_ms(struct test_world *world, uint64_t ms);

/* Drops of a node for one reason. */
uint64_t test_node_drops(const struct test_node *node, enum mvmp_verdict verdict);

#endif
