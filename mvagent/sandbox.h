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
	bool shared; /* nobody, for want of a user of our own */
};

/* Looks a user up; NULL: _mvmp, else nobody. MVMP_NOT_FOUND. */
int mva_user_find(struct mva_user *user, const char *name, struct mvmp_error *err);

/* Directories of the sandbox. */
struct mva_fence {
	int root;	  /* empty, to become the root directory; -1: none */
	int state;	  /* all that may be written below; -1: nothing */
	const char *tree; /* before the /proc and /sys that may be read */
};

/*
 * Becomes the user without groups and capabilities, in an empty root directory, undumpable,
 * without new privileges, killed when its parent dies; lets it open no file but those of the
 * fence (mvmp/landlock.h), whatever directories it holds; and forbids the calls that a protocol
 * never needs (execve, ptrace, mount, connect, sockets but netlink ones, ...), which then fail with
 * EPERM. 0, 1 when all is so but the fence (a kernel without Landlock), or -MVMP_PERMISSION when
 * a step fails.
 */
int mva_sandbox_enter(
	const struct mva_user *user, const struct mva_fence *fence, struct mvmp_error *err);

#endif
