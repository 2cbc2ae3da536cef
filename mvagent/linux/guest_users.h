/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_GUEST_USERS_H
#define MVA_LINUX_GUEST_USERS_H

/*
 * Whose processes may be guests: the agent's own user (root), libvirt's (libvirt-qemu, qemu) and
 * those of --guest-user. Anybody can start a program called qemu-system-x86_64 with the name and
 * UUID of somebody else's guest. Kept for this process and its children.
 */

#include <mvmp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MVA_GUEST_USERS_MAX = 16, MVA_GUEST_USERS_TEXT = 16 * 11 };

/* By name. MVMP_NOT_FOUND: no such user; MVMP_INVALID: too many. */
int mva_guest_users_add(const char *name, struct mvmp_error *err);
/* Those of libvirt that this system has. */
void mva_guest_users_add_libvirt(void);
bool mva_guest_users_has(uid_t uid);

/* "64055,1001", for a process that is started anew; and back. */
char *mva_guest_users_text(char to[static MVA_GUEST_USERS_TEXT]);
void mva_guest_users_parse(const char *text);

#endif
