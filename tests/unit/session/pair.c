/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <stdlib.h>

const uint8_t node_mac[MVMP_MAC_LEN] = {0x02, 0, 0, 0, 0, 1};
const uint8_t ada_mac[MVMP_MAC_LEN] = {0x02, 0, 0, 0, 0, 2};

void pair_init(struct pair *pair, uint64_t seed, uint16_t node_mtu, uint16_t ada_mtu)
{
	struct test_member node = {.name = "node-1", .roles = MVMP_ROLE_NODE, .macs = 1};
	struct test_member ada = {.name = "ada", .roles = MVMP_ROLE_OPERATOR};

	memcpy(node.mac[0], node_mac, MVMP_MAC_LEN);
	test_authority_init(&pair->authority, 7);
	test_authority_member(&pair->authority, &pair->node_identity, &node);
	test_authority_member(&pair->authority, &pair->ada_identity, &ada);
	test_world_init(&pair->world, seed);
	pair->node = test_world_add(&pair->world, &pair->node_identity, node_mac, node_mtu, true);
	pair->ada = test_world_add(&pair->world, &pair->ada_identity, ada_mac, ada_mtu, false);
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
