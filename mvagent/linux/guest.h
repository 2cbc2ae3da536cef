/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_GUEST_H
#define MVA_LINUX_GUEST_H

/* One guest as the sampler holds it, with the descriptors that a sample reads. Times are the
 * backend's monotonic clock. */

#include "blockstats.h"
#include "inventory.h"
#include "linux.h"
#include <string.h>
#include <time.h>

struct mva_vcpu {
	uint32_t number, tid;
	bool timed; /* its thread is its own: times are the vCPU's */
	int schedstat, stat;
	uint64_t placed_at, pcpu; /* its count of switches when its pCPU was read */
	bool placed;
	struct mva_cpuset cpus;
	char affinity[MVMP_TEXT_LEN]; /* "any", "0-3" */
};

/* Counters of a VIF as the guest sees them, by enum mvmp_vif_metric. */
struct mva_vif {
	struct mva_vif_info info;
	char name[16], mac[18]; /* "vif0"; "" when nobody told */
	uint32_t ifindex;	/* 0: the node has no such device (now) */
	bool counted;		/* in the last dump */
	uint64_t value[MVMP_VIF_METRIC_COUNT];
};

struct mva_vbd {
	struct mva_vbd_info info;
	bool answered;
	bool new; /* not yet sampled */
	uint64_t at_ns;
	struct mva_block block;
};

/* A question to libvirt about one guest: BLOCK and balloon figures. */
struct mva_question {
	uint64_t task; /* outstanding, or 0 */
	uint64_t due_ns, spacing_ns;
	bool stuck; /* the last one was not answered in time: libvirt may still wait */
};

struct mva_guest {
	struct mva_linux *lx;
	uint8_t uuid[MVMP_ID_LEN];
	char name[MVMP_TEXT_LEN];
	uint8_t accel;
	bool seen; /* by the answer being read */

	/* the process; pid 0: libvirt tells of it, the kernel did not show it (yet) */
	uint32_t pid;
	uint64_t start;
	int dir, stat;
	clockid_t clock;
	bool clock_agrees; /* with /proc/<pid>/stat: then it is the finer one */
	bool stopped;	   /* by a signal: QEMU answers nobody */
	uint64_t interruption_ns;
	struct mva_cpuset emulator;
	unsigned vcpus;
	struct mva_vcpu *vcpu;
	char pin[MVMP_TEXT_LEN];

	/* libvirt's word */
	bool managed;
	uint32_t domid, vcpus_told;
	uint32_t pid_told; /* 0: not told */
	uint8_t state;
	uint64_t mem_max, mem_current;
	struct mva_balloon balloon;
	uint64_t balloon_ns;

	unsigned vifs, vbds;
	struct mva_vif *vif;
	struct mva_vbd *vbd;
	unsigned disks_answered; /* when plugging was noted last: 1 + how many; 0: never */
	struct mva_question question;
};

struct mva_guest *mva_guest_new(struct mva_linux *lx, const uint8_t uuid[static MVMP_ID_LEN]);
void mva_guest_free(struct mva_guest *guest);
/* Takes the kernel's or libvirt's word; opens what is new. False: the process has ended. */
bool mva_guest_take_kernel(struct mva_guest *guest, const struct mva_seen_guest *seen);
void mva_guest_take_libvirt(struct mva_guest *guest, const struct mva_libvirt_domain *told);
void mva_guest_lose_process(struct mva_guest *guest);
/* Texts of where it may run, from its threads' sets. */
void mva_guest_describe_pin(struct mva_guest *guest);
uint32_t mva_guest_incarnation(const struct mva_guest *guest);

/* Looks whether the process still is, and whether a signal has stopped it; false: it ended. */
bool mva_guest_look(struct mva_guest *guest);
/* Why libvirt's part of a guest is old, or MVMP_REASON_NONE. */
uint8_t mva_guest_reason(const struct mva_guest *guest);

#endif
