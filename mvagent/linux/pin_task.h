/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_PIN_TASK_H
#define MVA_LINUX_PIN_TASK_H

#include "pinning.h"

/* Pins (or, with `read_only`, only reads) the threads of a guest in a worker: by libvirt when
 * the guest is its own, else by sched_setaffinity. The process is checked to be the QEMU guest
 * that the request means. What the threads may use before and after is asked of the kernel. */
int mva_pin_task(const char *uri, const char *root, const struct mva_pin_request *request,
	bool read_only, struct mvmp_writer *w, struct mvmp_error *err);

#endif
