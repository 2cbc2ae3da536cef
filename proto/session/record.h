/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_RECORD_H
#define MVMP_SESSION_RECORD_H

/*
 * Records: what a DATA frame of the control channel carries, one after the other until its end.
 * Each is type (8 bits), reserved (8), length of the body (16), body. A receiver skips types it
 * does not know.
 */

#include <mvmp/bytes.h>
#include <mvmp/limits.h>

enum mvmp_record_type {
	MVMP_RECORD_PING = 1,	  /* token (64) -> PONG with the same */
	MVMP_RECORD_PONG = 2,	  /* token (64) */
	MVMP_RECORD_ACK = 3,	  /* see struct mvmp_ack */
	MVMP_RECORD_FRAGMENT = 4, /* see struct mvmp_fragment, then the bytes */
	MVMP_RECORD_CLOSE = 5,	  /* reason (8): enum mvmp_status */
	MVMP_RECORD_PAD = 6,	  /* anything; makes a frame as long as the path may carry */
	MVMP_RECORD_TICKET = 7,	  /* id (64), secret (128): see ticket.h */
};

enum mvmp_record_sizes {
	MVMP_RECORD_HEAD = 4,
	MVMP_FRAGMENT_HEAD = 16, /* of the body */
	MVMP_FRAGMENT_OVERHEAD = MVMP_RECORD_HEAD + MVMP_FRAGMENT_HEAD,
	MVMP_ACK_HEAD = 10,		       /* of the body */
	MVMP_WINDOW = 128,		       /* fragments that may be on their way */
	MVMP_ACK_BITMAP_MAX = MVMP_WINDOW / 8, /* bytes */
	MVMP_ACK_OVERHEAD_MAX = MVMP_RECORD_HEAD + MVMP_ACK_HEAD + MVMP_ACK_BITMAP_MAX,
};

struct mvmp_frame_record {
	uint8_t type;
	struct mvmp_reader body;
};

/* A piece of a message. Sequence numbers count fragments of one direction of a session from 0
 * and wrap, message numbers likewise. */
struct mvmp_fragment {
	uint32_t sequence, message;
	uint32_t total, offset; /* bytes of the message */
	const uint8_t *bytes;	/* borrowed */
	uint16_t len;
};

struct mvmp_ack {
	uint32_t next;	     /* lowest sequence number not received */
	uint16_t delay_us;   /* time the newest fragment waited for this acknowledgement */
	uint16_t credit;     /* fragments from `next` on that the receiver takes */
	uint16_t duplicates; /* fragments received again so far, modulo 65536 */
	const uint8_t *bits; /* bit i of byte 0, lowest first: next + 1 + i was received */
	uint8_t bits_len;
};

/* The next record; false at the end, and (r->bad) when one runs past it. */
bool mvmp_record_next(struct mvmp_reader *r, struct mvmp_frame_record *record);

/* Read a record's body; false when it is malformed. */
bool mvmp_record_fragment(struct mvmp_reader body, struct mvmp_fragment *fragment);
bool mvmp_record_ack(struct mvmp_reader body, struct mvmp_ack *ack);

/* Append a record; the writer goes bad when it does not fit. */
void mvmp_put_token(struct mvmp_writer *w, enum mvmp_record_type type, uint64_t token);
/* Fills what is left of the writer, at least a record head. */
void mvmp_put_padding(struct mvmp_writer *w);
void mvmp_put_close(struct mvmp_writer *w, uint8_t reason);
void mvmp_put_ticket(struct mvmp_writer *w, const uint8_t id[static MVMP_TICKET_ID_LEN],
	const uint8_t secret[static MVMP_TICKET_SECRET_LEN]);
void mvmp_put_fragment(struct mvmp_writer *w, const struct mvmp_fragment *fragment);
void mvmp_put_ack(struct mvmp_writer *w, const struct mvmp_ack *ack);

#endif
