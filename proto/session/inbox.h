/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_INBOX_H
#define MVMP_SESSION_INBOX_H

/*
 * Receiving half of the reliable channel: takes fragments in any order, says which it has, and
 * hands out whole messages in the order they were sent. Memory of messages that are not whole
 * yet is bounded for each session and for the endpoint; the message whose turn it is always
 * finds room, so a full inbox never blocks for good.
 */

#include "record.h"
#include <mvmp/verdict.h>

enum mvmp_inbox_limits {
	MVMP_MESSAGES_AHEAD = 32,	 /* messages that may be on their way at once */
	MVMP_ASSEMBLY_SESSION = 1 << 20, /* bytes of unfinished messages beside the one in turn */
	MVMP_ASSEMBLY_ALL = 32 << 20,	 /* the same of all sessions of an endpoint */
	MVMP_ACK_EVERY = 4,		 /* fragments */
};

/* A message being put together; bytes NULL: nothing of it came yet. */
struct mvmp_incoming {
	uint8_t *bytes;
	uint32_t total, got;
};

/* Zeroed memory with `held_all` set is an empty inbox. */
struct mvmp_inbox {
	uint32_t next;			 /* lowest sequence number not received */
	uint32_t message;		 /* number of the message whose turn it is */
	uint32_t longest;		 /* message it takes; 0: MVMP_MESSAGE_MAX */
	uint64_t seen[MVMP_WINDOW / 64]; /* of next to next + MVMP_WINDOW - 1, by number modulo */
	struct mvmp_incoming slot[MVMP_MESSAGES_AHEAD];
	size_t held;
	size_t *held_all;   /* shared by the sessions of an endpoint */
	uint64_t newest_at; /* when the newest fragment came */
	uint64_t ack_at;    /* 0: nothing to acknowledge */
	uint16_t duplicates;
	uint8_t unacknowledged;
};

/* Takes a fragment. When it is a whole message in turn, *direct is set and the message is
 * fragment->bytes. Then call mvmp_inbox_pop() until it has no more. */
enum mvmp_verdict mvmp_inbox_take(
	struct mvmp_inbox *inbox, const struct mvmp_fragment *fragment, uint64_t now, bool *direct);

/* The next whole message in turn; *ret is freed by the caller. Its length, or 0. */
size_t mvmp_inbox_pop(struct mvmp_inbox *inbox, uint8_t **ret);

/* When an acknowledgement must go out at the latest; UINT64_MAX: none is due. */
uint64_t mvmp_inbox_deadline(const struct mvmp_inbox *inbox);

/* Appends the acknowledgement if one is due at any time and there is room. */
void mvmp_inbox_put_ack(struct mvmp_inbox *inbox, struct mvmp_writer *w, uint64_t now);

void mvmp_inbox_clear(struct mvmp_inbox *inbox);

#endif
