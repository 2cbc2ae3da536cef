/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_REPLAY_H
#define MVMP_SESSION_REPLAY_H

/* Which counters of one direction and channel were seen: a sliding bitmap (RFC 6479). */

#include <stdbool.h>
#include <stdint.h>

enum {
	MVMP_REPLAY_WORDS = 32, /* a power of two */
	/* Counters this far below the highest one seen are still told apart; one word of the
	 * bitmap is always being cleared. */
	MVMP_REPLAY_WINDOW = 64 * (MVMP_REPLAY_WORDS - 1),
};

struct mvmp_replay {
	uint64_t next; /* highest counter seen + 1 */
	uint64_t seen[MVMP_REPLAY_WORDS];
};

/* Marks `counter` as seen; false when it was seen before or is older than the window. Call it
 * only after the frame's tag was verified. */
bool mvmp_replay_take(struct mvmp_replay *replay, uint64_t counter);

#endif
