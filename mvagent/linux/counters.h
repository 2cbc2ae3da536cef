/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_COUNTERS_H
#define MVA_LINUX_COUNTERS_H

/*
 * Performance counters of the node and of its guests; each one's source is in docs/counters.md.
 * A dump is made anew at every call, in memory that grows to what the node needs and stays.
 */

#include "guests.h"

enum {
	MVA_COUNTERS_MAX = 192,
	MVA_INDEXES_MAX = 256, /* of one array counter */
	MVA_EVENTS = 13,
	MVA_LABEL_LEN = 24,
};

/* A perf event on every pCPU. */
struct mva_event {
	bool tried;
	int error; /* of the open; 0: the descriptors count */
	char reason[120];
	int *fd; /* by position in stat.cpu */
	unsigned cpus;
};

struct mva_counters {
	int interrupts, softirqs, kvm;
	char kvm_reason[120];
	struct mva_event event[MVA_EVENTS];

	/* the dump being made */
	unsigned used, cpus, columns;
	struct mva_perf_counter counter[MVA_COUNTERS_MAX];
	unsigned *cpu;
	uint64_t *value; /* MVA_COUNTERS_MAX rows of `columns` */
	/* names of the indexes of interrupts, softirqs */
	const char *label_at[2][MVA_INDEXES_MAX];
	char label_text[2][MVA_INDEXES_MAX][MVA_LABEL_LEN];
};

/* counters.c */
void mva_counters_open(struct mva_linux *lx);
void mva_counters_close(struct mva_linux *lx);
int mva_linux_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err);
/* A counter at the end of the dump, and its zeroed values; NULL when the dump is full. */
struct mva_perf_counter *mva_counter_add(
	struct mva_counters *counters, const char *name, const char *source);
uint64_t *mva_counter_values(struct mva_counters *counters, struct mva_perf_counter *counter);
/* total = sum of its values */
void mva_counter_sum(struct mva_perf_counter *counter);

/* interrupts.c: /proc/interrupts and /proc/softirqs */
void mva_interrupts_add(struct mva_linux *lx, bool arrays);
/* events.c: perf_event_open */
void mva_events_open(struct mva_linux *lx); /* the kernel's own */
void mva_events_add(struct mva_linux *lx);
void mva_events_close(struct mva_linux *lx);
/* kernel_totals.c: what /proc has without a per-CPU column */
void mva_totals_add(struct mva_linux *lx);
/* kvm_stats.c: /sys/kernel/debug/kvm, or of one guest's directories (pid > 0) */
void mva_kvm_add(struct mva_linux *lx, uint32_t pid);

#endif
