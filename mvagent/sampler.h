/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SAMPLER_H
#define MVA_SAMPLER_H

/*
 * Samples, shared by all who want one at the same time. The last two whole samples are kept for
 * readers, who need two for rates.
 */

#include "aged.h"
#include "backend.h"
#include <mvmp/limits.h>

enum {
	MVA_KINDS_ALL = (1 << MVMP_ENTITY_COUNT) - 1,
	MVA_SHOTS = 10,
	MVA_RATE_MS = 200,	       /* the least time between two samples that make a rate */
	MVA_PREVIOUS_AGE_MAX_S = 3600, /* a rate over more says nothing of now */
	MVA_READ_AGE_MIN_MS = 100,     /* nobody makes the node sample more often by reading */
	/* Subscriptions that are due within this time share a sample: a quarter of the shortest
	 * interval, so that none gets the same one twice. */
	MVA_SHARE_MS = MVMP_STATS_INTERVAL_MIN_MS / 4,
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
	uint64_t valid_from;		  /* older numbers tell what has been changed since */
	struct mva_aged aged;
};

void mva_sampler_clear(struct mva_sampler *sampler);

/* A sample of at least these kinds, taken now or in this very moment before. The caller holds
 * it. NULL when none could be taken. */
struct mva_shot *mva_sampler_take(struct mva_sampler *sampler, uint32_t kinds, uint64_t now);

/* The same, or one that is not older than this. */
struct mva_shot *mva_sampler_recent(
	struct mva_sampler *sampler, uint32_t kinds, uint64_t age_ns, uint64_t now);

/* Something was changed: the next reader gets a sample that shows it. */
void mva_sampler_invalidate(struct mva_sampler *sampler);

/* The sample before `shot`, with the measurement before where `shot` tells the same one again. The
 * caller holds it. NULL when there is none that makes a rate. */
struct mva_shot *mva_sampler_before(struct mva_sampler *sampler, const struct mva_shot *shot);

/* An empty one to fill; the caller holds it. NULL when all are held. */
struct mva_shot *mva_sampler_blank(struct mva_sampler *sampler);

struct mva_shot *mva_shot_hold(struct mva_shot *shot);
void mva_shot_release(struct mva_shot *shot); /* NULL is allowed */

/* The records of `from` that belong to one of the domains, and all node records. 0, -ENOMEM. */
int mva_sample_filter(struct mvmp_sample *to, const struct mvmp_sample *from,
	const uint8_t (*domain)[MVMP_ID_LEN], unsigned domains);

#endif
