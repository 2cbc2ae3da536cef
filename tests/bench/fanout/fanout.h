/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_FANOUT_H
#define BENCH_FANOUT_H

/* A way to ask many nodes behind a veth pair, and what answers there. */

#include <stdint.h>

#define FANOUT_NEAR "mfa0"
#define FANOUT_FAR  "mfb0"

enum { FANOUT_NODES_MAX = 10000 };

struct fanout_way {
	const char *name;
	unsigned rounds;
	/* Answers for `nodes` MACs until killed; writes a byte to `ready` when it can. */
	void (*answer)(unsigned nodes, int ready);
	/* Asks each node once; *ns: until the last answer. Returns how many did not answer. */
	unsigned (*ask)(unsigned nodes, uint64_t *ns);
	/* Frees what ask() kept between rounds. */
	void (*end)(void);
};

extern const struct fanout_way fanout_floor, fanout_warm, fanout_cold;

uint64_t fanout_now(void); /* ns */

#endif
