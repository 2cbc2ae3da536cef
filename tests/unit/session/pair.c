/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <stdlib.h>

const uint8_t node_mac[MVMP_MAC_LEN] = {0x02, 0, 0, 0, 0, 1};
const uint8_t ada_mac[MVMP_MAC_LEN] = {0x02, 0, 0, 0, 0, 2};

struct test_member pair_node(void)
{
	struct test_member node = {.name = "node-1", .roles = MVMP_ROLE_NODE, .macs = 1};

	memcpy(node.mac[0], node_mac, MVMP_MAC_LEN);
	return node;
}

struct test_member pair_ada(void)
{
	return (struct test_member){.name = "ada", .roles = MVMP_ROLE_OPERATOR};
}

static void init(struct pair *pair, uint64_t seed, const struct test_member *node,
	const struct test_member *ada, const uint16_t mtu[static 2])
{
	test_authority_init(&pair->authority, 7);
	test_authority_member(&pair->authority, &pair->node_identity, node);
	test_authority_member(&pair->authority, &pair->ada_identity, ada);
	test_world_init(&pair->world, seed);
	pair->node = test_world_add(&pair->world, &pair->node_identity, node_mac, mtu[0], true);
	pair->ada = test_world_add(&pair->world, &pair->ada_identity, ada_mac, mtu[1], false);
}

void pair_init(struct pair *pair, uint64_t seed, uint16_t node_mtu, uint16_t ada_mtu)
{
	struct test_member node = pair_node(), ada = pair_ada();

	init(pair, seed, &node, &ada, (uint16_t[]){node_mtu, ada_mtu});
}

void pair_init_as(struct pair *pair, uint64_t seed, const struct test_member *node,
	const struct test_member *ada)
{
	init(pair, seed, node, ada, (uint16_t[]){1500, 1500});
}

void pair_clear(struct pair *pair)
{
	test_world_clear(&pair->world);
	mvmp_identity_clear(&pair->node_identity);
	mvmp_identity_clear(&pair->ada_identity);
}

void pair_connect(struct pair *pair)
{
	struct test_world *world = &pair->world;
	uint64_t until = world->now + 5 * MVMP_NS_PER_S;
	unsigned ups = pair->node->ups + 1;

	assert_int_not_equal(test_node_connect(pair->ada, pair->node), 0);
	if (!test_world_run(world, until, &pair->ada->ups, pair->ada->ups + 1))
		fail_msg("not up: %s", pair->ada->down_text);
	assert_true(test_world_run(world, until, &pair->node->ups, ups));
}

void pair_connect_fails(struct pair *pair)
{
	uint64_t until = pair->world.now + 6 * MVMP_NS_PER_S;

	assert_int_not_equal(test_node_connect(pair->ada, pair->node), 0);
	assert_true(test_world_run(&pair->world, until, &pair->ada->downs, pair->ada->downs + 1));
	assert_int_equal(pair->ada->ups, 0);
	assert_int_equal(pair->node->ups, 0);
}

int pair_send(struct test_node *from, uint32_t number, size_t len)
{
	uint8_t *bytes = malloc(len);
	int rc;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(number + i * 7);
	rc = mvmp_endpoint_send(from->ep, from->session, bytes, len, from->world->now);
	free(bytes);
	return rc;
}
