/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_DISK_H
#define TESTS_FAULT_DISK_H

#include "../../mvagent/disk.h"

/* A disk whose operations may fail (FAULT_DISK) in front of another, which it closes with itself;
 * what the other one allocates does not fail. There is one at a time. */
struct mva_disk *fault_disk(struct mva_disk *below);

#endif
