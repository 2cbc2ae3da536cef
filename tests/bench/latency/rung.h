/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RUNG_H
#define BENCH_RUNG_H

/*
 * One rung of the latency ladder: a way to send a request of RUNG_BYTES and wait for an answer
 * of the same size between two network namespaces joined by a veth pair (mva0, mvb0).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RUNG_BYTES = 200 };

/* A round trip that was measured. */
struct rung_times {
	uint64_t *ns; /* `count` round trips, unsorted */
	size_t count;
};

struct rung {
	const char *name;
	/* Answers until killed; runs in the far namespace. */
	void (*answer)(void);
	/* Fills times->ns with times->count round trips; 0, or -1 when this rung cannot run here
	 * (and says why on stderr). */
	int (*ask)(struct rung_times *times);
};

extern const struct rung rung_raw, rung_floor, rung_mvmp, rung_libvirt;

#define RUNG_NEAR "mva0"
#define RUNG_FAR  "mvb0"

uint64_t rung_now(void);

#endif
