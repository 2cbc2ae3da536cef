/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_RESAMPLE_H
#define MVS_RESAMPLE_H

/*
 * Samples fall anywhere, rows on whole seconds: librrd counts unknown time in whole seconds, so
 * that rows at fractions give wrong rates beside every gap. A counter's value at a second is
 * interpolated between the samples around it, which leaves its rate exact. Where one life of the
 * counters ends and another begins, a row of unknowns separates them.
 */

#include <mvmp/metric.h>
#include <stdbool.h>

struct mvs_resampler {
	uint64_t last_s;   /* of the newest row; 0: none */
	bool begins;	   /* the sample kept is the first of its life */
	bool ends_unknown; /* the newest row is one of unknowns, or there is none */
	uint64_t time_ms;  /* of the sample kept; 0: none */
	uint64_t present;
	uint64_t *value; /* owner's memory: as many as the kind has metrics */
};

typedef void mvs_resampled(void *ctx, uint64_t second, uint64_t present, const uint64_t *value);

/* Takes a sample newer than the one kept (else false: late) and gives out the rows that it
 * completes, oldest first: at most three. Samples without a whole second between them are taken
 * and leave no row. */
bool mvs_resample(struct mvs_resampler *r, enum mvmp_entity kind, uint64_t time_ms,
	uint64_t present, const uint64_t *value, mvs_resampled *row, void *ctx);

/* The next sample begins a life: nothing is interpolated from what was before. */
void mvs_resample_break(struct mvs_resampler *r);

#endif
