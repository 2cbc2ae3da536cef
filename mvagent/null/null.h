/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_NULL_H
#define MVA_NULL_H

/*
 * The null backend: two pCPUs, one domain "null-01" with one vCPU, and whatever failure a test
 * asks for. Options: "fail-sample", "fail-perf", "fail-pin", "drift" (a pin reads back as pCPU
 * 1), "hold-pin" (a pin ends only by null_backend_release()), "busy-pin".
 */

#include "../backend.h"

/* Knobs and counts for tests. */
struct null_script {
	bool fail_sample, fail_perf, fail_pin, drift, hold_pin, busy_pin;
	bool gone;	      /* the domain does not exist now */
	uint32_t incarnation; /* of the domain */
	unsigned samples, pins;
	unsigned vbd_every_ms; /* a disk that is measured so often; 0: there is none */
};

struct null_script *null_backend_script(struct mva_backend *backend);

/* Ends the pin that hold_pin keeps back, if there is one. */
void null_backend_release(struct mva_backend *backend);

#endif
