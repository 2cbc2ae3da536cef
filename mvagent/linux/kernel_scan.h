/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_KERNEL_SCAN_H
#define MVA_LINUX_KERNEL_SCAN_H

#include "inventory.h"

/* Looks at every process below <root>/proc and writes the QEMU guests; runs as root in a worker,
 * since /proc/<pid>/fd and fdinfo are the owner's. A process that memory pressure or a stuck
 * disk holds may delay it: hence the worker. Known processes are looked at closely every half
 * minute, or now when `fresh`. Writes the end, too. */
void mva_kernel_scan(const char *root, bool fresh, struct mvmp_writer *w);

/* Fills *guest from the process `pid`; false when it is none of ours, or has just ended. */
bool mva_kernel_scan_pid(const char *root, uint32_t pid, struct mva_seen_guest *guest);

#endif
