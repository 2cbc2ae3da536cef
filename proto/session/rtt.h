/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_RTT_H
#define MVMP_SESSION_RTT_H

#include <mvmp/limits.h>
#include <stdint.h>

/* Tail probe and floor are what a busy machine keeps a process waiting: with half of it 0.1 to 1.7
 * % of all fragments were repeated for nothing there (docs/performance.md). */
enum mvmp_rtt_limits {
	MVMP_RTO_FLOOR_MS = 20, /* RFC 6298 asks for 1 s; a layer-2 segment is faster */
	MVMP_RTO_FIRST_MS = 50, /* before anything was measured */
	MVMP_RTO_CEILING_MS = 500,
	MVMP_ACK_DELAY_MS = 2,	 /* a receiver answers later than this only when it is busy */
	MVMP_TAIL_PROBE_MS = 10, /* beyond one round trip */
};

/* Smoothed round trip and its variation in ns (RFC 6298, 2); 0: nothing measured yet. */
struct mvmp_rtt {
	uint64_t smooth, variation;
};

/* Takes one measurement. */
void mvmp_rtt_sample(struct mvmp_rtt *rtt, uint64_t ns);

/* Retransmission timeout after `backoff` doublings. */
uint64_t mvmp_rtt_timeout(const struct mvmp_rtt *rtt, unsigned backoff);

/* When the last frame of a burst is repeated although no gap was seen: before the timeout, but
 * not before a delayed acknowledgement could be here. */
uint64_t mvmp_rtt_tail_probe(const struct mvmp_rtt *rtt);

#endif
