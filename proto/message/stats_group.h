/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_STATS_GROUP_H
#define MVMP_STATS_GROUP_H

#include "stats_wire.h"

struct wire_tag {
	unsigned field, wire;
};

/* Field number 0 for what is no field; the reader is bad then. */
struct wire_tag wire_get_tag(struct mvmp_reader *r);

/* The bytes of a length-delimited field, as a reader of their own (empty when `r` is bad). */
struct mvmp_reader wire_get_bytes(struct mvmp_reader *r);

/* Passes a field that is not known. */
void wire_skip(struct mvmp_reader *r, unsigned wire);

/* Where a frame's records go, and how to take them back. */
struct stats_taking {
	struct mvmp_sample *into;
	bool later;		   /* a group came before: no record can be continued */
	int continued;		   /* kind whose last record was continued, or -1 */
	struct mvmp_record before; /* what that record held */
};

/* Adds the records of one mvmp.Group to the sample. 0, -EBADMSG, -ENOMEM: records may have
 * been added or continued then, the caller takes them back. A kind not known is passed. */
int stats_group_take(struct mvmp_reader bytes, struct stats_taking *taking);

#endif
