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
	uint64_t sequence;     /* of frames of this subscription; a gap is a loss */
	uint32_t interval_ms;
	bool last;     /* the sample is complete with this frame */
	bool backfill; /* from the ring, asked for by a reader that was away */
};

/* Walks a sample; zero it, then set the first three members. */
struct mvmp_stats_cursor {
	const struct mvmp_sample *sample; /* borrowed */
	uint32_t kinds;			  /* which kinds to pack */
	bool texts;			  /* carry the text properties too */
	unsigned kind;
	uint32_t next;
	bool done;
};

/* Packs as many records as fit into `room` bytes at `out`. Returns the length, 0 when the
 * sample was packed whole before, or -EMSGSIZE when not even one record fits. An empty sample
 * gives one frame with no records. */
int mvmp_stats_pack(
	struct mvmp_stats_cursor *cursor, struct mvmp_stats_head *head, uint8_t *out, size_t room);

/* Adds a frame's records to `into` (reset it when head.number changes: the caller compares
 * into->number before). Trusts nothing. 0, -EBADMSG (malformed), -ENOMEM. Unknown columns,
 * kinds and fields are skipped. */
int mvmp_stats_unpack(
	const uint8_t *bytes, size_t len, struct mvmp_stats_head *head, struct mvmp_sample *into);

/* The head and the sample's own fields (number, times, boot ids) without the records. */
int mvmp_stats_peek(const uint8_t *bytes, size_t len, struct mvmp_stats_head *head,
	struct mvmp_sample *sample_fields);

#endif
