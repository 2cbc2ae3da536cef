/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_STATS_H
#define MVMP_STATS_H

/*
 * The stats codec: samples cut into frames that each stand alone. A frame is a protobuf
 * message (mvmp.StatsFrame in mvmp.proto) with packed columns; this codec writes and reads
 * those bytes directly, without allocation. Answers to SAMPLE_READ are concatenated
 * length-prefixed frames of the same form.
 */

#include <mvmp/bytes.h>
#include <mvmp/sample.h>

/* Header of every frame. */
struct mvmp_stats_head {
	uint32_t subscription; /* 0 in answers */
	uint64_t sequence;     /* of frames of this subscription from 1, those of the ring by
				  themselves; a gap is a loss */
	uint32_t interval_ms;
	bool last;     /* the sample is complete with this frame */
	bool backfill; /* from the ring, asked for by a reader that was away */
};

/* What the records of one kind have in common; the codec's own. Bits are metrics, and from
 * MVMP_METRICS_MAX on texts. */
struct mvmp_stats_plan {
	uint64_t any, all;			   /* some, every record has it */
	uint64_t any_unsupported, all_unsupported; /* metrics only */
	uint64_t same;				   /* those that have it have one value */
	uint64_t is_signed;			   /* metrics only */
	uint8_t shift[MVMP_METRICS_MAX];	   /* zero bits at the end of every value */
	uint8_t keys;				   /* parts of keys that differ */
	bool made;
};

/* Walks a sample; zero it, then set the first three members. The sample stays as it is until
 * the walk is over. */
struct mvmp_stats_cursor {
	const struct mvmp_sample *sample; /* borrowed */
	uint32_t kinds;			  /* which kinds to pack */
	bool texts;			  /* carry the text properties too */
	unsigned kind;
	uint32_t next;
	bool done;
	uint64_t rest; /* columns still to come of record `next`, which was cut; 0: not cut */
	struct mvmp_stats_plan plan;
};

/* Packs as many records as fit into `room` bytes at `out` and sets head->last; the caller
 * counts head->sequence. A record that is longer than a frame is cut between its columns.
 * Returns the length, 0 when the sample was packed whole before, or -EMSGSIZE when not even
 * one column fits (room for 256 bytes is enough). An empty sample gives one frame with no
 * records. */
int mvmp_stats_pack(
	struct mvmp_stats_cursor *cursor, struct mvmp_stats_head *head, uint8_t *out, size_t room);

/* Adds a frame's records to `into` and sets its own fields. The caller peeks first and resets
 * `into` when the number or the instance changed. Trusts nothing: a frame of n bytes adds at
 * most n records, and texts lose control characters and broken UTF-8. 0, -EBADMSG (malformed),
 * -ENOMEM (or more than MVMP_RECORDS_MAX); on errors `into` is as before. Unknown columns, kinds
 * and fields are skipped. */
int mvmp_stats_unpack(
	const uint8_t *bytes, size_t len, struct mvmp_stats_head *head, struct mvmp_sample *into);

/* The head and the sample's own fields (number, times, boot ids) without the records. */
int mvmp_stats_peek(const uint8_t *bytes, size_t len, struct mvmp_stats_head *head,
	struct mvmp_sample *sample_fields);

#endif
