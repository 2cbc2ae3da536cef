/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_MEMBER_H
#define ATTACK_MEMBER_H

/* A member that keeps to the protocol and turns bad above it: the library's own endpoint on the
 * attacker's interface. */

#include "command.h"
#include <mvmp/run.h>

struct member {
	struct ev_loop *loop;
	struct mvmp_identity identity;
	struct mvmp_run *run;
};

/* Exits with a sentence when it cannot begin. `event` may be NULL. */
void member_begin(struct member *member, const struct attack *attack, bool answers,
	void (*event)(void *ctx, const struct mvmp_event *event), void *ctx);
void member_end(struct member *member);

/* The member at the victim's MAC. */
struct mvmp_addr member_victim(const struct attack *attack);

#endif
