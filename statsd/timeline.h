/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_TIMELINE_H
#define MVS_TIMELINE_H

/*
 * Time of samples in the store. Three clocks meet: the node's monotonic clock (in every sample),
 * ours, and our wall clock, which files are indexed by. Node wall clocks are never used.
 *
 * The store's time is our monotonic clock plus a base. The base follows the wall clock forward
 * at once (files then have a gap) and backward slowly (MVS_SLEW_PPM), because a file cannot go
 * back: after a step back updates go on, ahead of the wall clock by what `ahead` tells. Behind a
 * step of more than MVS_AHEAD_MAX_S the base follows at once as well, in a new era: files that
 * know later times are put aside and begun anew.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	MVS_SLEW_PPM = 5000, /* rates are wrong by at most this while slewing back */
	MVS_DRIFT_PPM = 100, /* how much two monotonic clocks may drift apart */
	MVS_LATE_MS = 2000,  /* no frame takes longer on its way */
	MVS_LATE_SAMPLES = 3,
	MVS_AHEAD_MAX_S = 600, /* more is not slewed: at MVS_SLEW_PPM it would take days */
};

struct mvs_timeline {
	bool set;
	int64_t base_ns;  /* store time - our monotonic time, at the update */
	uint64_t mono_ns; /* of the update */
	int64_t ahead_ns; /* of the wall clock then; 0 when in step. It shrinks as time passes */
	uint32_t era;	  /* how often time began anew behind a step back */
};

/* Call with both of our clocks before using the timeline; any spacing. */
void mvs_timeline_update(struct mvs_timeline *line, uint64_t mono_ns, uint64_t wall_ns);

/* Store time in milliseconds since 1970 of a moment of our monotonic clock. */
uint64_t mvs_timeline_ms(const struct mvs_timeline *line, int64_t mono_ns);

/* One node's monotonic clock seen from ours. Transport only delays, so the smallest difference
 * of arrival and sample time is nearest to the truth; it may rise by MVS_DRIFT_PPM. A node
 * that was suspended seems late from then on: after MVS_LATE_SAMPLES in a row it is believed. */
struct mvs_offset {
	bool set;
	unsigned late;
	int64_t offset_ns;
	uint64_t mono_ns;
};

void mvs_offset_update(struct mvs_offset *offset, uint64_t arrival_ns, uint64_t sample_ns);

/* The node rebooted: its clock began anew. */
void mvs_offset_reset(struct mvs_offset *offset);

/* A node's moment on our monotonic clock. May be negative: before our boot. */
int64_t mvs_offset_apply(const struct mvs_offset *offset, uint64_t sample_ns);

#endif
