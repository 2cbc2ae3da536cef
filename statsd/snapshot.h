/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_SNAPSHOT_H
#define MVS_SNAPSHOT_H

/* A sample with an index by key, so that merging two of thousands of records stays linear. */

#include <mvmp/sample.h>

struct mvs_snapshot {
	struct mvmp_sample sample;
	/* Records that came with the sample; those after them were carried over. */
	uint32_t fresh[MVMP_ENTITY_COUNT];
	uint64_t arrival_ns; /* our clock, of its first frame */
	bool complete;
	uint32_t *slot; /* position + 1 in the kind's array; 0: empty */
	uint32_t slots; /* a power of two */
};

/* Forgets the records, keeps memory. */
void mvs_snapshot_reset(struct mvs_snapshot *snapshot);
void mvs_snapshot_free(struct mvs_snapshot *snapshot);

/* Makes the index; allocates only when there are more records than ever before. -ENOMEM. */
int mvs_snapshot_index(struct mvs_snapshot *snapshot);

/* NULL when absent. Needs the index. */
const struct mvmp_record *mvs_snapshot_find(
	const struct mvs_snapshot *snapshot, enum mvmp_entity kind, const struct mvmp_key *key);

/* Completes `to` from the sample before it: texts that did not come this time, and records that
 * could not come (a frame was lost, or their kind was not sampled), aged and marked last-good. A
 * record is carried once whatever its age, and again until it is `oldest_ns` old; at most `room`
 * records are carried. */
void mvs_snapshot_carry(struct mvs_snapshot *to, const struct mvs_snapshot *before,
	uint64_t oldest_ns, uint32_t room);

#endif
