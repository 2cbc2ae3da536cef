/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_DISK_MEMORY_H
#define MVA_DISK_MEMORY_H

/* A disk in memory for tests and simulation: it can fail at any operation, and lose what was
 * not synced as a power cut would. */

#include "disk.h"
#include <stdbool.h>

struct mva_disk *mva_disk_memory(void);

/* The operation after `count` more ones fails with -error, and all later ones when `stay`.
 * A failing append may leave half of its bytes. count < 0: nothing fails. */
void mva_disk_memory_fail(struct mva_disk *base, int count, int error, bool stay);

/* Forgets bytes and names that were not synced; of the bytes the first `torn` per file stay, as
 * a disk may keep some. Whatever was synced stays. */
void mva_disk_memory_power_cut(struct mva_disk *base, size_t torn);

#endif
