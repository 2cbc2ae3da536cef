/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINK_READ_H
#define MVA_LINK_READ_H

#include <mvmp/endpoint.h>

/* The LinkAnswer of a member: its links (`link_at`: NULL for none), its endpoint's counters and
 * drops. Encoded into a malloc'd *ret; the length or -ENOMEM. */
int mva_link_answer(const struct mvmp_endpoint *ep,
	const struct mvmp_link *(*link_at)(void *ctx, unsigned index), void *ctx, unsigned sessions,
	uint64_t uptime_ns, uint8_t **ret);

#endif
