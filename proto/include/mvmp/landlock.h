/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_LANDLOCK_H
#define MVMP_LANDLOCK_H

#include <mvmp/status.h>

/*
 * Which files a process may open from now on, whatever directory it holds a descriptor of
 * (Documentation/userspace-api/landlock.rst). An empty root directory alone is no fence: ".."
 * leads out of every directory that was opened outside it.
 */

/* A rule set: below `state` (a descriptor, or -1) files may be made, read, written and removed;
 * <tree>/proc and <tree>/sys may be read, unless it is NULL. A descriptor for
 * mvmp_landlock_enter(), -1 when the kernel has no Landlock, or -MVMP_PERMISSION with the reason.
 */
int mvmp_landlock_prepare(int state, const char *tree, struct mvmp_error *err);

/* Binds this thread, and those it makes, for good, and closes the rules. Needs
 * PR_SET_NO_NEW_PRIVS. */
int mvmp_landlock_enter(int rules, struct mvmp_error *err);

#endif
