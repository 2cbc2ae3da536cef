/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_STATS_PLAN_H
#define MVMP_STATS_PLAN_H

#include "stats_wire.h"

/* Bits of mvmp_stats_plan.keys: parts of enum key_part that differ, and whether domains have
 * several records. */
enum { KEYS_RUNS = 1 << KEY_PARTS };

/* Consecutive records of one kind on their way into a frame. */
struct stats_group {
	unsigned kind;
	const struct mvmp_record *at;
	uint32_t count;
	uint64_t columns; /* those to be written */
	unsigned length;  /* bytes kept for the length of a submessage */
};

/* One walk over all records of a kind: what needs no value for each record. */
void stats_plan_make(struct mvmp_stats_plan *plan, unsigned kind,
	const struct mvmp_records *records, bool texts);

/* Sets group->count to how many of the `available` records from group->at surely fit into
 * `room` bytes with the group's columns; perhaps 0. */
void stats_group_fit(struct stats_group *group, const struct mvmp_stats_plan *plan,
	uint32_t available, size_t room);

/* The number as it stands on the wire. */
static inline uint64_t stats_encoded(
	const struct mvmp_stats_plan *plan, unsigned metric, uint64_t value)
{
	if (plan->is_signed >> metric & 1)
		return mvmp_zigzag((int64_t)value);
	return value >> plan->shift[metric];
}

static inline uint64_t stats_key_part(const struct mvmp_record *r, enum key_part part)
{
	switch (part) {
	case KEY_INDEX:
		return r->key.index;
	case KEY_INCARNATION:
		return r->incarnation;
	case KEY_AGE:
		return r->age_ns;
	default:
		return (uint64_t)(r->quality | r->reason << 4);
	}
}

/* Bytes to keep for the length of a submessage of a frame of at most `room` bytes. */
static inline unsigned stats_length_room(size_t room)
{
	return room < 128 ? 1 : room < 16384 ? 2 : room < 2097152 ? 3 : 4;
}

#endif
