/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_SERVED_H
#define MVMP_SESSION_SERVED_H

/*
 * Which addresses had a handshake lately: a Bloom filter for each cookie secret. An address stands
 * in it by its cookie, a MAC under a key that nobody else has, so nobody picks addresses that
 * collide with another's.
 */

#include <mvmp/frame.h>

enum {
	/* 600 handshakes a second for MVMP_COOKIE_TURN_S set 72,000 times 4 of 2^20 bits: then one
	 * address in 300 is wrongly thought served. */
	MVMP_SERVED_BITS = 1 << 20,
};

struct served {
	uint64_t *words[2]; /* of this secret's turn, and of the one before */
};

/* 0 or -ENOMEM. */
int mvmp_served_init(struct served *served);
void mvmp_served_clear(struct served *served);
void mvmp_served_add(struct served *served, const uint8_t cookie[static MVMP_MAC_FIELD_LEN]);
/* `turn` 0 is this secret's, 1 the one before; the cookie is of the same turn. */
bool mvmp_served_has(const struct served *served, unsigned turn,
	const uint8_t cookie[static MVMP_MAC_FIELD_LEN]);
/* The secret turned. */
void mvmp_served_turn(struct served *served);

#endif
