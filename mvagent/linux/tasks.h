/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_TASKS_H
#define MVA_LINUX_TASKS_H

/*
 * What can hang (libvirt, memory maps of stuck processes) runs here, in worker processes of the
 * helper that may be killed at any time. One worker process keeps one libvirt connection.
 *
 * Requests (little-endian, bytes.h):
 *   MVA_TASK_INVENTORY   u8: enum mva_inventory_part, u8: 1 to use nothing remembered.
 *                        Answer: inventory.h
 *   MVA_TASK_BLOCK       16 bytes UUID. Answer: blockstats.h
 *   MVA_TASK_BALLOON     16 bytes UUID. Answer: blockstats.h (no disks)
 *   MVA_TASK_PIN         pinning.h. Answer: pinning.h
 *   MVA_TASK_READ_PIN    pinning.h. Answer: pinning.h
 */

#include "../privops.h"

/* Remembers for this process and its children: the libvirt URI ("" for no libvirt) and the root
 * put before /proc ("" on a real node). Called once, before workers start. */
void mva_linux_task_init(const char *uri, const char *root);

/* Runs one task; blocks as long as the system does. Length of the answer, or -status. */
int mva_linux_task_run(enum mva_task task, const void *request, size_t len, uint8_t *answer,
	size_t size, struct mvmp_error *err);

#endif
