/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_PRIVILEGE_H
#define MVS_PRIVILEGE_H

#include <mvmp/status.h>
#include <stdbool.h>
#include <sys/types.h>

struct mvs_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool change; /* false: we are not root, or are to stay root */
};

/* Looks a user up; NULL: _mvmp, else nobody. MVMP_NOT_FOUND. */
int mvs_user_find(struct mvs_user *user, const char *name, struct mvmp_error *err);

/* Gives the user the store's own directory, STORE/v1, made where STORE is there, with what is in
 * it; nothing else below STORE. MVMP_PERMISSION. */
int mvs_user_own_store(const struct mvs_user *user, const char *store, struct mvmp_error *err);

/* Gives up what the program does not need once its links are open: becomes the user, without
 * groups and without capabilities but the one to open raw sockets, which an interface that comes
 * back needs; may gain no privileges by exec, leaves no core dumps with keys in them and lets
 * nobody trace it. MVMP_PERMISSION. */
int mvs_privileges_drop(const struct mvs_user *user, struct mvmp_error *err);

#endif
