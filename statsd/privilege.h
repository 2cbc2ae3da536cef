/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_PRIVILEGE_H
#define MVS_PRIVILEGE_H

#include <mvmp/status.h>

/* Gives up what the program does not need once its links are open: becomes `user` (NULL: stays
 * who it is), may gain no privileges by exec, leaves no core dumps with keys in them and lets
 * nobody trace it. MVMP_NOT_FOUND (no such user), MVMP_PERMISSION. */
int mvs_privileges_drop(const char *user, struct mvmp_error *err);

#endif
