/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SESSION_PAIR_H
#define TESTS_SESSION_PAIR_H

/* The smallest cluster: a node and an operator on one segment. */

#include "../cmocka_all.h"
#include <world.h>

struct pair {
	struct test_authority authority;
	struct test_world world;
	struct mvmp_identity node_identity, ada_identity;
	struct test_node *node, *ada;
};

extern const uint8_t node_mac[MVMP_MAC_LEN], ada_mac[MVMP_MAC_LEN];

void pair_init(struct pair *pair, uint64_t seed, uint16_t node_mtu, uint16_t ada_mtu);
/* The same with other certificates. Both MTUs are 1500. */
void pair_init_as(struct pair *pair, uint64_t seed, const struct test_member *node,
	const struct test_member *ada);

/* What pair_init() takes: role node with its MAC, and role operator without one. */
struct test_member pair_node(void);
struct test_member pair_ada(void);
void pair_clear(struct pair *pair);

/* Connects the operator to the node and runs until both are up; fails the test otherwise. */
void pair_connect(struct pair *pair);

/* The same, but expects it to fail; returns with node and ada as they are then. */
void pair_connect_fails(struct pair *pair);

/* Sends `len` bytes of a pattern that depends on `number`. */
int pair_send(struct test_node *from, uint32_t number, size_t len);

#endif
