/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_FOLLOW_H
#define MVCTL_FOLLOW_H

#include "net.h"
#include "view.h"

/* Subscribes to nodes and hands over each whole sample beside the one before. */

struct mvctl_follow_options {
	uint32_t kinds;
	unsigned interval_ms;
	unsigned long count; /* samples of each node; 0: until a signal comes */
	/* `source` is borrowed for the call. */
	void (*sample)(void *ctx, const struct mvctl_source *source);
	void *ctx;
};

struct mvctl_follow_totals {
	uint64_t samples, frames, lost, malformed;
};

/* Runs until every node gave `count` samples or a signal came; nodes that fall silent are
 * subscribed to again. 0 or an exit code (reported). */
int mvctl_follow(struct mvctl *ctl, const struct mvctl_nodes *nodes,
	const struct mvctl_follow_options *options, struct mvctl_follow_totals *totals);

#endif
