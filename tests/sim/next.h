/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_NEXT_H
#define SIM_NEXT_H

/*
 * A member of the next version: a real one, whose frames are opened on their way out, given what
 * a later version may add (SPECIFICATION.md, 14), and sealed again: record types, message fields,
 * status codes, refusal reasons, and beside them frames of unknown kinds.
 */

#include "member.h"

/* As mvmp_link_send() of the member's link. */
int sim_next_send(struct sim_member *member, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len);

/* Sees what arrives: an INIT is sometimes answered by a refusal whose reason is not known yet. */
bool sim_next_receive(struct test_node *node, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len);

/* Asks for a verb of the next version; the answer, which no client takes, must say that it is not
 * supported. */
void sim_next_ask(struct sim_member *member, mvmp_session session);
void sim_next_answered(struct sim_member *member, const uint8_t *bytes, size_t len);

#endif
