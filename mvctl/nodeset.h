/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_NODESET_H
#define MVCTL_NODESET_H

/*
 * Sets of names as administrators write them: "r1-n[01-16],r2-*,^r1-n07". Ranges are expanded
 * and folded; globs are matched against names that are known.
 */

#include <mvmp/status.h>
#include <stdbool.h>

enum { MVCTL_NAMES_MAX = 65536 };

/* A list of names, each owned. */
struct mvctl_names {
	char **name;
	unsigned count;
};

void mvctl_names_add(struct mvctl_names *names, const char *name);
void mvctl_names_clear(struct mvctl_names *names);

/* Natural order, doubles removed. */
void mvctl_names_sort(struct mvctl_names *names);

/* Splits at commas outside brackets and expands ranges; "^" stays in front of a name. Errors:
 * MVMP_INVALID names the bad part. */
int mvctl_nodeset_expand(struct mvctl_names *ret, const char *text, struct mvmp_error *err);

/* True when the name holds * or ? */
bool mvctl_nodeset_is_glob(const char *name);

/* "r1-n[01-08,10-16],sim-01" in natural order; the caller frees it. */
char *mvctl_nodeset_fold(const struct mvctl_names *names);

#endif
