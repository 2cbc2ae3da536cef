/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SANDBOX_H
#define MVA_SANDBOX_H

/* What the process that faces the network gives up before it reads the first frame. */

#include <mvmp/status.h>
#include <stdbool.h>
#include <sys/types.h>

struct mva_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool change; /* false: we are not root, or are to stay root */
};

/* Looks a user up; NULL: _mvmp, else nobody. MVMP_NOT_FOUND. */
int mva_user_find(struct mva_user *user, const char *name, struct mvmp_error *err);

/*
 * Becomes the user without groups and capabilities, in an empty root directory (`root`, a
 * descriptor, or -1), undumpable, without new privileges, killed when its parent dies; and
 * forbids the calls that a protocol never needs (execve, ptrace, mount, sockets but Unix and
 * netlink ones, ...), which then fail with EPERM. MVMP_PERMISSION when a step fails.
 */
int mva_sandbox_enter(const struct mva_user *user, int root, struct mvmp_error *err);

#endif
