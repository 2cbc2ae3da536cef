/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_BASELINE_H
#define MVA_BASELINE_H

/*
 * `--perf-reset` where counters cannot be reset: what they stood at, by certificate, is taken
 * off what that certificate reads. Nobody else's reading changes. The longest unused baseline
 * makes room for a new one.
 */

#include "backend.h"

enum { MVA_BASELINES_MAX = 32 };

struct mva_baseline_counter {
	char *name;
	bool arrays;
	uint64_t total;
	uint64_t *value;
	unsigned values;
};

struct mva_baseline {
	uint64_t serial; /* 0: free */
	uint64_t used_ns, reset_ns;
	struct mva_baseline_counter *counter;
	unsigned counters, capacity;
};

struct mva_baselines {
	struct mva_baseline at[MVA_BASELINES_MAX];
};

/* A reset changes a copy of the caller's baseline, which takes its place when all went well: begin,
 * take from each view, then keep or drop. 0 or -ENOMEM. */
int mva_baseline_begin(
	struct mva_baselines *baselines, uint64_t serial, uint64_t now, struct mva_baseline *ret);
/* Takes the present values of one counter (name) or all but levels (NULL) as the caller's zero.
 * How many counters, or -ENOMEM. `arrays` says which view `perf` is of. */
int mva_baseline_take(
	struct mva_baseline *b, const struct mva_perf *perf, bool arrays, const char *name);
void mva_baseline_keep(struct mva_baselines *baselines, struct mva_baseline *b);
void mva_baseline_drop(struct mva_baseline *b);

/* The baseline of a certificate, NULL when it has none. */
struct mva_baseline *mva_baseline_find(
	struct mva_baselines *baselines, uint64_t serial, uint64_t now);

/* What is to be taken off a counter, NULL: nothing. */
const struct mva_baseline_counter *mva_baseline_counter(
	const struct mva_baseline *baseline, const char *name, bool arrays);

void mva_baselines_clear(struct mva_baselines *baselines);

#endif
