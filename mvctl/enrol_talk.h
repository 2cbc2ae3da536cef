/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_ENROL_TALK_H
#define MVCTL_ENROL_TALK_H

/* The conversation of `mvctl enrol` with a node, on one interface. Needs no identity. */

#include "mvctl.h"
#include <mvmp/enrol.h>
#include <mvmp/link.h>

struct mvctl_talk {
	struct mvctl *ctl;
	struct mvmp_link *link;
	struct mvmp_enrol_operator *op;
	struct mvmp_enrol_request request; /* what the node asks for, */
	struct mvmp_addr node;		   /* and where it is */
	bool asked, over;
	struct mvmp_error outcome;
};

/* Opens the interface of -i, or the configured one. 0 or -status. */
int mvctl_talk_open(struct mvctl_talk *talk, struct mvctl *ctl, struct mvmp_error *err);

/* Asks under this code: the node at a MAC, or whoever has it (NULL). Fills request and node. */
int mvctl_talk_ask(struct mvctl_talk *talk, const uint8_t secret[static MVMP_ENROL_SECRET_LEN],
	const uint8_t *mac, struct mvmp_error *err);

/* Delivers, after a look whether the node will take it. */
int mvctl_talk_give(struct mvctl_talk *talk, const struct mvmp_enrol_delivery *delivery,
	struct mvmp_error *err);

/* Wipes and closes. */
void mvctl_talk_close(struct mvctl_talk *talk);

#endif
