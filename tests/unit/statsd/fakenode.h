/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATSD_FAKENODE_H
#define STATSD_FAKENODE_H

/*
 * A node as far as an aggregator sees it: answers SAMPLE_READ, SUBSCRIBE and RING_READ. It sends
 * a sample at every second of its own monotonic clock, and its guest receives 1,000 bytes a
 * second by that clock, so every right rate is 1,000 bytes a second.
 */

#include <mvmp/server.h>
#include <mvmp/stats.h>
#include <world.h>

struct fake_node {
	struct test_node *member;
	struct mvmp_server *server;
	uint8_t instance[MVMP_ID_LEN];
	uint8_t domain[MVMP_ID_LEN];
	const char *domain_name;
	uint32_t incarnation;
	uint64_t mono_base;	 /* world time at which its clock was 0 */
	uint64_t wall_ns;	 /* its wall clock when its monotonic clock was 0 */
	uint64_t ring_from;	 /* number of the oldest sample of the ring */
	mvmp_session session;	 /* subscribed; 0: nobody */
	uint64_t sequence, sent; /* sent: number of the newest sample sent */
	bool silent;		 /* sends no samples */
	uint64_t age_ns;	 /* of its domain's figures */
	bool unmeasured;	 /* its VIF has no figures yet */
	unsigned reads, subscribes, rings;
};

void fake_node_start(struct fake_node *node, struct test_node *member);
void fake_node_kill(struct fake_node *node);
void fake_node_again(struct fake_node *node); /* after a kill: another instance, no ring */

/* Sends the sample of a second of its clock as one of its ring, unasked. */
void fake_node_send_ring(struct fake_node *node, uint64_t number);

/* Sends what is due. */
void fake_node_run(struct fake_node *node);

#endif
