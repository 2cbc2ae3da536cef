/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_SELECT_H
#define MVCTL_SELECT_H

#include "net.h"

/* Why a selection came to nothing. All report and return the exit code. */

/* "no node answers on eth1"; `what` is "no node" or "no aggregator called x". */
int mvctl_nobody(struct mvctl *ctl, const char *what);

/* An aggregator that was heard may remember who is silent now: says so. 0 when none does. */
int mvctl_remembered(struct mvctl *ctl, const char *term);

/* With the names that resemble it; who an aggregator remembers is silent, not unknown. */
int mvctl_no_such_node(struct mvctl *ctl, const struct mvctl_nodes *all, const char *term);

int mvctl_nothing_matches(struct mvctl *ctl, const struct mvctl_nodes *all);

/* Names of nodes as a folded set. */
void mvctl_fold_names(char *to, size_t size, const struct mvctl_nodes *nodes);

/* Whether the terms of -n mean a node of that name and id (not MAC); true where there are none. */
bool mvctl_is_named(const struct mvctl_names *terms, const char *name, const char *id);

#endif
