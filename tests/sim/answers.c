/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "world.h"
#include <malloc.h>
#include <mvmp/frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One PROBE to all, with the spread of `mvctl discover`, and a segment full of endpoints that
 * answer it, without programs around them: each is found within a second, and tells no more than it
 * was asked. Their announcements, when they start, are not let out: N of them for N nodes each
 * would be all of the run.
 */

enum {
	NODES_USUAL = 1000,
	NODES_MAX = 60000,
	SPREAD_MS = 200, /* of mvctl/discover.c */
	START_MS = 5000, /* all have announced themselves */
	FOUND_MS = 1000,
	LISTEN_MS = 5000,
	SESSIONS = 1,
	MAPPED_FROM = 128 << 10, /* bytes: tables of their own, mostly untouched */
	DAY_S = 86400,
};

struct crowd {
	struct test_world world;
	struct test_authority authority;
	struct mvmp_identity *identity;
	unsigned nodes, sent, heard, found, again;
	unsigned char *seen; /* by number */
	uint64_t asked_at, last_at;
};

static void make_mac(uint8_t mac[static MVMP_MAC_LEN], unsigned n)
{
	const uint8_t bytes[MVMP_MAC_LEN] = {
		2, 0x4d, 0x56, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	memcpy(mac, bytes, sizeof bytes);
}

static int answer(struct test_node *node, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct crowd *crowd = node->ctx;

	if (to->mac[0] & 1)
		return 0;
	crowd->sent++;
	return mvmp_link_send(node->link, to->mac, channel, frame, len);
}

static void hear(struct test_node *node, const struct mvmp_event *event)
{
	struct crowd *crowd = node->ctx;
	const uint8_t *mac;
	unsigned n;

	if (event->type != MVMP_EVENT_BEACON)
		return;
	mac = event->peer->addr.mac;
	n = (unsigned)mac[3] << 16 | (unsigned)mac[4] << 8 | mac[5];
	crowd->heard++;
	if (n < 1 || n > crowd->nodes)
		return;
	if (crowd->seen[n - 1]++)
		crowd->again++;
	else
		crowd->found++;
	crowd->last_at = crowd->world.now;
}

static struct test_node *add(struct crowd *crowd, unsigned n, uint16_t roles)
{
	struct test_member how = {.roles = roles,
		.macs = 1,
		.not_before = TEST_WALL_S - DAY_S,
		.not_after = TEST_WALL_S + DAY_S};
	struct test_node *node;
	char name[16];

	snprintf(name, sizeof name, "node%u", n);
	how.name = name;
	make_mac(how.mac[0], n);
	test_authority_member(&crowd->authority, &crowd->identity[n], &how);
	node = test_world_add(
		&crowd->world, &crowd->identity[n], how.mac[0], 1500, roles == MVMP_ROLE_NODE);
	test_node_kill(node);
	node->sessions_max = SESSIONS;
	node->half_open_max = SESSIONS;
	node->ctx = crowd;
	test_node_start(node);
	return node;
}

static struct test_node *begin(struct crowd *crowd, unsigned nodes)
{
	struct test_node *asker;

	*crowd = (struct crowd){.nodes = nodes};
	crowd->identity = calloc(nodes + 1, sizeof *crowd->identity);
	crowd->seen = calloc(nodes, 1);
	if (!crowd->identity || !crowd->seen)
		abort();
	test_world_init(&crowd->world, 1);
	test_authority_init(&crowd->authority, 1);
	asker = add(crowd, 0, MVMP_ROLE_OPERATOR);
	asker->hook = hear;
	for (unsigned n = 1; n <= nodes; n++)
		add(crowd, n, MVMP_ROLE_NODE)->send = answer;
	return asker;
}

static void end(struct crowd *crowd)
{
	test_world_clear(&crowd->world);
	for (unsigned n = 0; n <= crowd->nodes; n++)
		mvmp_identity_clear(&crowd->identity[n]);
	free(crowd->identity);
	free(crowd->seen);
}

static bool ask(struct crowd *crowd, struct test_node *asker)
{
	test_world_run_ms(&crowd->world, START_MS);
	crowd->asked_at = crowd->world.now;
	if (mvmp_endpoint_probe(asker->ep, 0, NULL, SPREAD_MS, crowd->world.now))
		return false;
	test_world_run_ms(&crowd->world, LISTEN_MS);
	return crowd->found == crowd->nodes && crowd->heard == crowd->nodes &&
	       crowd->sent == crowd->nodes &&
	       crowd->last_at - crowd->asked_at < FOUND_MS * MVMP_NS_PER_MS;
}

int sim_answers(int counts, char **count)
{
	unsigned long nodes = counts ? strtoul(count[0], NULL, 10) : NODES_USUAL;
	static struct crowd crowd;
	struct test_node *asker;
	bool good;

	if (!nodes || nodes > NODES_MAX) {
		fprintf(stderr, "--answers: %s is no number of nodes from 1 to %d\n", count[0],
			NODES_MAX);
		return 2;
	}
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	asker = begin(&crowd, (unsigned)nodes);
	good = ask(&crowd, asker);
	printf("%lu nodes, one PROBE with a spread of %d ms: %u found, the last after %.1f ms, by "
	       "%u BEACONs, %u sent, %u of a node found before\n",
		nodes, SPREAD_MS, crowd.found, (double)(crowd.last_at - crowd.asked_at) / 1e6,
		crowd.heard, crowd.sent, crowd.again);
	end(&crowd);
	return good ? 0 : 1;
}
