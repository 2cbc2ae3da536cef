/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_RING_H
#define MVA_RING_H

/* Recent samples, packed, so that an aggregator that was away can ask for what it missed.
 * Bounded in number and bytes; slots keep their memory, so that a steady ring allocates
 * nothing. */

#include <mvmp/sample.h>

struct mva_ring;

enum { MVA_RING_BYTES = 4 << 20, MVA_RING_SECONDS = 600 };

/* `samples` at most, in at most `bytes`. NULL without memory. */
struct mva_ring *mva_ring_new(unsigned samples, size_t bytes);
void mva_ring_free(struct mva_ring *ring);

/* Keeps a copy, in place of the oldest when full. 0, -ENOMEM, -EMSGSIZE (larger than the ring). */
int mva_ring_add(struct mva_ring *ring, const struct mvmp_sample *sample);

/* Monotonic time of the oldest sample; 0: none. */
uint64_t mva_ring_oldest(const struct mva_ring *ring);

/* Unpacks the oldest sample with `number` above `after` and wall time in [from, to] into `out`.
 * 1, 0 when there is none, or -errno. */
int mva_ring_next(const struct mva_ring *ring, uint64_t after, uint64_t from_wall_ns,
	uint64_t to_wall_ns, struct mvmp_sample *out);

#endif
