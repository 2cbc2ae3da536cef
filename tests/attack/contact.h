/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_CONTACT_H
#define ATTACK_CONTACT_H

/*
 * A session made by hand, as initiator: what goes into its sealed frames is the attacker's
 * choice, and nothing is acknowledged, repeated or kept in order.
 */

#include "thief.h"
#include "wire.h"

struct contact {
	struct wire *wire;
	struct thief *thief;
	uint8_t src[MVMP_MAC_LEN], dst[MVMP_MAC_LEN];
	uint8_t instance[MVMP_ID_LEN]; /* of the victim, from its BEACON */
	struct thief_shake shake;
	uint32_t remote;
	struct mvmp_aead *send, *receive;
	uint64_t next[2]; /* counters by channel */
};

/* Asks the victim for its instance. False when it does not answer. */
bool contact_ask(struct contact *contact, uint64_t ms);

/* Shakes hands, twice where a cookie is asked for, and confirms by a PING. Returns 0, or the
 * refusal the victim told, or -1 when nothing came. contact_ask() comes first. */
int contact_open(struct contact *contact, uint64_t ms);

/* Seals and sends records, or anything else, under the session's keys. */
void contact_send(
	struct contact *contact, enum mvmp_channel channel, const void *plain, size_t len);

/* The next frame of the session, opened into `plain` (WIRE_FRAME_MAX bytes); 0: none came. */
size_t contact_receive(struct contact *contact, uint8_t *plain, uint64_t until);

/* Forgets without a word. */
void contact_drop(struct contact *contact);

#endif
