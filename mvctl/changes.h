/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CHANGES_H
#define MVCTL_CHANGES_H

#include "nodeset.h"
#include <stdio.h>

/* What a change to many nodes did, equal ones folded into one line:
 * "r1-n[01-08,10]  web-07 vCPU 0  4   9 nodes   was any 8, 0-3 1" */

struct mvctl_was {
	char *value;
	unsigned nodes;
};

struct mvctl_change {
	char *object, *now;
	struct mvctl_names nodes;
	struct mvctl_was *was;
	unsigned kinds;
};

/* A zeroed struct is empty. */
struct mvctl_changes {
	struct mvctl_change *change;
	unsigned count;
};

void mvctl_changes_add(struct mvctl_changes *changes, const char *node, const char *object,
	const char *was, const char *now);
void mvctl_changes_print(FILE *out, const struct mvctl_changes *changes);
void mvctl_changes_clear(struct mvctl_changes *changes);

#endif
