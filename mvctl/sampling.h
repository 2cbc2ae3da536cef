/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_SAMPLING_H
#define MVCTL_SAMPLING_H

#include "net.h"
#include "view.h"
#include <mvmp.pb-c.h>

/* Asks nodes for their newest sample and the one before. Sources and replies are arrays of
 * nodes->count zeroed structs; a source is filled where its reply has status MVMP_OK. `domain`
 * (name, UUID, domid) may be NULL. Returns as mvctl_ask_all(). */
int mvctl_read_samples(struct mvctl *ctl, const struct mvctl_nodes *nodes, uint32_t kinds,
	const char *domain, struct mvctl_source *sources, struct mvctl_reply *replies);

/* Asks an aggregator for what it last heard of nodes, aged since. As above, one source and reply a
 * name. */
int mvctl_read_current(struct mvctl *ctl, const struct mvctl_node *aggregator,
	const struct mvctl_names *names, uint32_t kinds, const char *domain,
	struct mvctl_source *sources, struct mvctl_reply *replies);

/* Reads the frames of an answer. False when they are malformed. */
bool mvctl_source_decode(struct mvctl_source *source, const struct mvctl_reply *reply);

#endif
