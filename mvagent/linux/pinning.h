/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_PINNING_H
#define MVA_LINUX_PINNING_H

/*
 * Request of MVA_TASK_PIN and MVA_TASK_READ_PIN, and their answer.
 *
 * Request bytes: 16 bytes UUID, u32 pid, u64 start, u8 managed, u8 emulator, u32 vcpu, cpuset.
 * Answer bytes: cpuset before, cpuset after (both read from the threads by the kernel's word).
 */

#include "inventory.h"

struct mva_pin_request {
	uint8_t uuid[MVMP_ID_LEN];
	uint32_t pid;
	uint64_t start;
	bool managed; /* by libvirt; else the threads are pinned directly */
	bool emulator;
	uint32_t vcpu;
	struct mva_cpuset cpus;
};

void mva_pin_request_put(struct mvmp_writer *w, const struct mva_pin_request *request);
void mva_pin_request_get(struct mvmp_reader *r, struct mva_pin_request *ret);

#endif
