/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_LIVE_H
#define MVS_LIVE_H

/*
 * The live table of one node: its last two samples, made from frames. Frames of a sample may
 * come in any order; what is lost is counted and missing for one interval only.
 */

#include "snapshot.h"
#include <mvmp/stats.h>

enum {
	MVS_RECORDS_PER_NODE = 16384, /* more are left out, and told */
	MVS_SAMPLE_WAIT_MS = 500,     /* how long a sample waits for frames that are missing */
	MVS_CARRY_INTERVALS = 5,      /* a record that never comes again is kept this long */
};

/* Frames are numbered from 1 on. */
struct mvs_numbers {
	bool counting;
	uint64_t highest;
};

struct mvs_live {
	struct mvs_snapshot snapshot[3];
	struct mvs_snapshot *now, *before, *next; /* latest, the one before, being built */
	/* frames of `next` */
	bool building, numbered;
	uint8_t instance[MVMP_ID_LEN];
	uint64_t number, first_sequence, last_sequence;
	uint32_t frames;
	bool seen_last;
	struct mvs_numbers sample_numbers, ring_numbers; /* of the subscription */
	uint64_t received, lost;
	bool over_limit;
	uint32_t interval_ms; /* in force; the owner sets it */
};

void mvs_live_init(struct mvs_live *live);
void mvs_live_free(struct mvs_live *live);

/* Whether the records of a sample being built leave room for more, which a node may send without
 * end. */
bool mvs_live_has_room(const struct mvmp_sample *sample);

/* Another session: its subscription numbers its frames anew. */
void mvs_live_restart(struct mvs_live *live);

/* Counts a frame from the ring. */
void mvs_live_ring_frame(struct mvs_live *live, uint64_t sequence);

/*
 * Takes one frame. Returns how many samples were finished by it (0, 1, or 2 when a frame both
 * ends the wait for an older sample and is complete itself: only the latter stays in `now`).
 * -EBADMSG, -ENOMEM. `numbered`: a subscription's frame, whose sequence counts losses.
 */
int mvs_live_frame(struct mvs_live *live, const uint8_t *bytes, size_t len, bool numbered,
	uint64_t now_ns, void (*finished)(void *ctx, struct mvs_live *live), void *ctx);

/* Ends waiting for frames of a sample that began MVS_SAMPLE_WAIT_MS ago. */
void mvs_live_advance(struct mvs_live *live, uint64_t now_ns,
	void (*finished)(void *ctx, struct mvs_live *live), void *ctx);
uint64_t mvs_live_deadline(const struct mvs_live *live);

/* True when `now` and `before` hold samples. */
bool mvs_live_has(const struct mvs_live *live);
bool mvs_live_has_two(const struct mvs_live *live);

#endif
