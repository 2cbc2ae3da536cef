/* SPDX-License-Identifier: Apache-2.0 */
#include "rtt.h"

void mvmp_rtt_sample(struct mvmp_rtt *rtt, uint64_t ns)
{
	uint64_t off = rtt->smooth > ns ? rtt->smooth - ns : ns - rtt->smooth;

	if (!ns)
		ns = 1;
	if (!rtt->smooth) {
		rtt->smooth = ns;
		rtt->variation = ns / 2;
		return;
	}
	rtt->variation = (3 * rtt->variation + off) / 4;
	rtt->smooth = (7 * rtt->smooth + ns) / 8;
}

uint64_t mvmp_rtt_timeout(const struct mvmp_rtt *rtt, unsigned backoff)
{
	uint64_t ns = MVMP_RTO_FIRST_MS * MVMP_NS_PER_MS;

	if (rtt->smooth) {
		ns = rtt->smooth + 4 * rtt->variation + MVMP_ACK_DELAY_MS * MVMP_NS_PER_MS;
		if (ns < MVMP_RTO_FLOOR_MS * MVMP_NS_PER_MS)
			ns = MVMP_RTO_FLOOR_MS * MVMP_NS_PER_MS;
	}
	ns <<= backoff < 8 ? backoff : 8;
	if (ns > MVMP_RTO_CEILING_MS * MVMP_NS_PER_MS)
		ns = MVMP_RTO_CEILING_MS * MVMP_NS_PER_MS;
	return ns;
}

uint64_t mvmp_rtt_tail_probe(const struct mvmp_rtt *rtt)
{
	uint64_t floor = rtt->smooth + MVMP_TAIL_PROBE_MS * MVMP_NS_PER_MS;

	if (!rtt->smooth)
		return mvmp_rtt_timeout(rtt, 0);
	return 2 * rtt->smooth > floor ? 2 * rtt->smooth : floor;
}
