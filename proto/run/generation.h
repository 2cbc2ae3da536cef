/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_GENERATION_H
#define MVMP_GENERATION_H

/*
 * Tells when this virtual machine was set back to a former state (a restored snapshot, a clone).
 * Keys and counters in its memory have then been used before: nothing more may be sealed with them.
 * Linux 6.10 and later tell it as a uevent of the VM generation id device, which QEMU, Hyper-V and
 * others offer (drivers/virt/vmgenid.c); elsewhere nothing ever comes.
 */

#include <stdbool.h>
#include <stddef.h>

/* A descriptor to wait on for reading, that the caller closes; -errno. */
int generation_watch(void);

/* Reads what came; whether the machine was set back. */
bool generation_changed(int fd);

/* Whether one uevent (words that each end with a NUL) says so. */
bool generation_event_is_new(const char *event, size_t len);

#endif
