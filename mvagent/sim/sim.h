/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SIM_H
#define MVA_SIM_H

#include "machine.h"

/* Counters of the simulated hypervisor; buffers are reused between dumps. */
struct sim_perf {
	struct mva_perf_counter *counter;
	uint64_t *value;
	unsigned *cpu;
};

struct sim {
	struct mva_backend base;
	struct mva_backend_env env;
	struct sim_machine machine;
	struct sim_perf perf;
};

/* Appends the records of the kinds asked for. -ENOMEM when a record does not fit. */
int sim_sample_fill(const struct sim *sim, uint32_t kinds, struct mvmp_sample *out);

int sim_perf_init(struct sim_perf *perf, const struct sim_machine *m);
void sim_perf_clear(struct sim_perf *perf);

/* As mva_backend_ops.perf. */
int sim_perf_read(struct sim *sim, const char *domain, bool arrays, struct mva_perf *ret,
	struct mvmp_error *err);

/* Names of Xen 4.13's performance counters (xen/include/asm-x86/perfc_defn.h and
 * xen/include/xen/perfc_defn.h), and what makes each grow here. */
enum sim_perf_drive {
	SIM_PERF_BUSY,	  /* grows with time not idle */
	SIM_PERF_GUEST,	  /* grows with time that guests ran */
	SIM_PERF_ELAPSED, /* grows with time */
	SIM_PERF_LEVEL,	  /* a level, not a counter */
};

struct sim_perf_name {
	const char *name;
	unsigned size; /* of an array; 0: a plain counter */
	enum sim_perf_drive drive;
	uint32_t per_s; /* events in a second of its drive */
};

extern const struct sim_perf_name sim_perf_names[];
extern const unsigned sim_perf_name_count;

#endif
