/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_AGED_H
#define MVA_AGED_H

/*
 * Some records are measured less often than samples are taken (block devices: one question to
 * libvirt every few seconds); their age says when. Two samples may then hold the same measurement,
 * of which no rate can be made. So the measurement before is remembered here.
 */

#include <mvmp/sample.h>

/* Of both records age_ns is the time when they were measured, by the node's monotonic clock. */
struct mva_aged_record {
	enum mvmp_entity kind;
	struct mvmp_record now, before;
	bool has_before, seen;
};

/* Zeroed: empty. */
struct mva_aged {
	struct mva_aged_record *at;
	uint32_t count, capacity;
};

void mva_aged_clear(struct mva_aged *aged);

/* Notes what a new sample brings, and forgets what it has no more. Ages are made exact: of one
 * measurement all samples tell the same time. Without memory rates of new devices are missing. */
void mva_aged_note(struct mva_aged *aged, struct mvmp_sample *sample);

/* True when a record of the sample is the newest measurement, which a later sample tells again,
 * and the one before it is known. */
bool mva_aged_repeated(const struct mva_aged *aged, const struct mvmp_sample *sample);
/* Puts the measurements before in the place of those. */
void mva_aged_step_back(const struct mva_aged *aged, struct mvmp_sample *sample);

#endif
