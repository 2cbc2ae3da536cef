/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_LINK_ANSWER_H
#define MVMP_LINK_ANSWER_H

/* What every member answers to LINK_READ. */

#include <mvmp/endpoint.h>

struct mvmp_link_report {
	const struct mvmp_endpoint *endpoint; /* its counters and drops */
	/* The open link at 0 to MVMP_LINKS_MAX - 1 or NULL. Without the function: no links. */
	const struct mvmp_link *(*link_at)(void *ctx, unsigned index);
	void *ctx;
	uint64_t uptime_ns;
	uint64_t stats_received, stats_lost; /* frames of samples that came, that did not */
	unsigned sessions;		     /* that are up */
};

/* Encodes a LinkAnswer into a malloc'd *ret. Its length or -ENOMEM. */
int mvmp_link_answer(const struct mvmp_link_report *report, uint8_t **ret);

#endif
