/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SAMPLER_H
#define MVA_SAMPLER_H

/*
 * Samples, shared by all who want one at the same time. The last two whole samples are kept for
 * readers, who need two for rates.
 */

#include "backend.h"

enum {
	MVA_KINDS_ALL = (1 << MVMP_ENTITY_COUNT) - 1,
	MVA_SHOTS = 10,
	MVA_RATE_MS = 200, /* the least time between two samples that make a rate */
};

/* A sample and how many hold it. */
struct mva_shot {
	struct mvmp_sample sample;
	uint64_t taken; /* the agent's time */
	unsigned refs;
};

struct mva_sampler {
	struct mva_backend *backend;
	uint64_t (*wall_ns)(void *ctx);
	void *ctx;
	uint8_t host_boot[MVMP_ID_LEN], instance[MVMP_ID_LEN];
	uint64_t number, failures;
	struct mva_shot shot[MVA_SHOTS];
	struct mva_shot *last, *previous; /* whole samples; held */
	struct mva_shot *latest;	  /* taken last, whole or not; not held */
};

void mva_sampler_clear(struct mva_sampler *sampler);

/* A sample of at least these kinds, taken now or in this very moment before. The caller holds
 * it. NULL when none could be taken. */
struct mva_shot *mva_sampler_take(struct mva_sampler *sampler, uint32_t kinds, uint64_t now);

/* An empty one to fill; the caller holds it. NULL when all are held. */
struct mva_shot *mva_sampler_blank(struct mva_sampler *sampler);

struct mva_shot *mva_shot_hold(struct mva_shot *shot);
void mva_shot_release(struct mva_shot *shot); /* NULL is allowed */

/* The records of `from` that belong to one of the domains, and all node records. 0, -ENOMEM. */
int mva_sample_filter(struct mvmp_sample *to, const struct mvmp_sample *from,
	const uint8_t (*domain)[MVMP_ID_LEN], unsigned domains);

#endif
