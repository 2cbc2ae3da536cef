/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_OUTBOX_H
#define MVMP_SESSION_OUTBOX_H

/*
 * Sending half of the reliable channel: cuts messages into fragments, keeps them until they are
 * acknowledged, and repeats what got lost: by gaps (a fragment sent three or more later, or a
 * round trip later, was acknowledged), by a tail probe, by timeout (RFC 6298). The congestion
 * window is counted in fragments (slow start and congestion avoidance of RFC 5681).
 */

#include "record.h"
#include "rtt.h"
#include <mvmp/endpoint.h>
#include <mvmp/pool.h>

enum mvmp_outbox_limits {
	MVMP_QUEUE_MESSAGES = 256,  /* queued or unacknowledged */
	MVMP_QUEUE_BYTES = 4 << 20, /* of messages; one of any size always fits */
	MVMP_QUEUE_ALL = 32 << 20,  /* the same of all sessions of an endpoint */
	MVMP_CONGESTION_FIRST = 32, /* fragments */
	MVMP_CONGESTION_MIN = 8,
	MVMP_REORDER_FRAGMENTS = 3, /* sent this much later and acknowledged: a gap */
	MVMP_FRAGMENT_TRIES = 24,   /* then the session fails */
	MVMP_STALL_S = 10,	    /* the same when a receiver gives no credit for this long */
	MVMP_FRAGMENT_MIN = 64,	    /* bytes; no smaller piece is cut to fill a frame */
};

struct mvmp_outgoing {
	uint8_t *bytes;
	uint32_t len, unacked; /* bytes */
};

struct mvmp_sent {
	uint64_t at, order; /* of the last transmission */
	uint32_t message, offset;
	uint16_t len;
	uint8_t state, tries;
};

struct mvmp_outbox {
	struct mvmp_endpoint_counters *counters; /* the endpoint's */
	struct mvmp_pool *pool;			 /* shared */
	struct mvmp_rtt *rtt;			 /* the session's */
	struct mvmp_outgoing *message;		 /* ring, by number modulo message_room */
	struct mvmp_sent *sent;			 /* ring, by sequence number modulo sent_room */
	uint32_t message_room, sent_room;	 /* powers of two; 0: nothing was sent yet */
	uint32_t first, cut, end; /* oldest message, the one being cut, next number */
	uint32_t cut_at;	  /* bytes of it already cut */
	uint32_t base, top;	  /* oldest unacknowledged sequence number, next one */
	uint32_t limit;		  /* the receiver takes sequence numbers below */
	uint32_t flying, lost;	  /* fragments */
	uint32_t congestion, threshold, grown;
	uint64_t order, recover; /* transmissions; the loss event's last one */
	uint64_t timer;		 /* UINT64_MAX: nothing unacknowledged */
	size_t bytes;
	uint16_t duplicates;
	uint8_t backoff, probes;
	bool starved; /* a push was refused */
};

/* Everything handed in is borrowed; `counters` gets fragments and their repetitions. */
void mvmp_outbox_init(struct mvmp_outbox *out, struct mvmp_pool *pool, struct mvmp_rtt *rtt,
	struct mvmp_endpoint_counters *counters);
void mvmp_outbox_clear(struct mvmp_outbox *out);

/* Queues a copy of a message of 1 to MVMP_MESSAGE_MAX bytes. 0, -EAGAIN, -ENOMEM. */
int mvmp_outbox_push(struct mvmp_outbox *out, const void *bytes, size_t len);

/* Something may be sent now. */
bool mvmp_outbox_ready(const struct mvmp_outbox *out);

/* Appends fragments as far as windows and room allow; returns how many. */
unsigned mvmp_outbox_fill(struct mvmp_outbox *out, struct mvmp_writer *w, uint64_t now);

/* Takes an acknowledgement. MVMP_DROP_RECORD when it speaks of what was never sent. */
enum mvmp_verdict mvmp_outbox_ack(
	struct mvmp_outbox *out, const struct mvmp_ack *ack, uint64_t now);

/* To be called when all that may be sent was sent: a peer that gives no credit must not make us
 * keep the queue for ever. */
void mvmp_outbox_note_stall(struct mvmp_outbox *out, uint64_t now);

/* Runs the retransmission timer; false when a fragment used up its tries, or in a stall. */
bool mvmp_outbox_expire(struct mvmp_outbox *out, uint64_t now);

/* Messages are queued or unacknowledged. */
bool mvmp_outbox_busy(const struct mvmp_outbox *out);

/* True once after a refused push when there is room again. */
bool mvmp_outbox_relieved(struct mvmp_outbox *out);

#endif
