/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SIM_MACHINE_H
#define MVA_SIM_MACHINE_H

/*
 * The simulated machine: pCPUs, NUMA nodes and domains whose vCPUs want time, get it where
 * their pins allow, and wait when a pCPU is wanted by more than one. Everything else (packets,
 * disk requests, interrupts) follows from the time that was run, so that all figures agree
 * with each other. The same seed gives the same history, however often one looks.
 */

#include "cpuset.h"

struct sim_options {
	uint32_t domains, cpus, numa, vcpus, vifs, vbds;
	uint64_t seed;
};

/* Shares are parts per million of one pCPU, constant for one quantum. */
struct sim_vcpu {
	struct mva_cpuset pin;
	unsigned pcpu;
	uint32_t want_ppm, run_ppm;
	uint64_t ran_ns, wanted_ns; /* at the quantum's start */
};

struct sim_pcpu {
	uint32_t load_ppm; /* wanted of it, may exceed one */
	uint32_t guest_ppm, busy_ppm;
	uint64_t guest_ns, busy_ns; /* at the quantum's start */
};

struct sim_domain {
	char name[24];
	uint8_t uuid[MVMP_ID_LEN];
	uint32_t id;
	bool paused;
	uint64_t mem_max;
	struct mva_cpuset emulator;
	struct sim_vcpu *vcpu; /* options.vcpus of them */
};

struct sim_machine {
	struct sim_options options;
	struct mva_cpuset online;
	struct sim_pcpu *pcpu;
	struct sim_domain *domain;
	struct sim_vcpu *vcpus; /* of all domains, in order */
	uint64_t boot_ns;	/* by the owner's clock */
	uint64_t start_ns;	/* of the quantum, since boot */
	uint64_t end_ns;	/* of the quantum */
	uint64_t now_ns;	/* since boot */
};

enum { SIM_QUANTUM_MS = 250 };

/* Reads "domains=50,cpus=64,..."; MVMP_INVALID names what is wrong. */
int sim_options_parse(struct sim_options *options, const char *text, struct mvmp_error *err);

int sim_machine_init(struct sim_machine *m, const struct sim_options *options, uint64_t boot_ns);
void sim_machine_clear(struct sim_machine *m);

/* Lets time pass until `mono_ns` of the owner's clock. */
void sim_machine_advance(struct sim_machine *m, uint64_t mono_ns);

/* Moves a vCPU (or the emulator) into its new pin at once. */
void sim_machine_pin(struct sim_machine *m, struct sim_domain *d, unsigned vcpu, bool emulator,
	const struct mva_cpuset *set);

/* Domain by UUID, name or domid; NULL when there is none. */
struct sim_domain *sim_machine_find(const struct sim_machine *m, const char *text);

/* Figures now. */
uint64_t sim_vcpu_ran(const struct sim_machine *m, const struct sim_vcpu *v);
uint64_t sim_vcpu_wanted(const struct sim_machine *m, const struct sim_vcpu *v);
uint64_t sim_pcpu_busy(const struct sim_machine *m, unsigned cpu);
uint64_t sim_pcpu_guest(const struct sim_machine *m, unsigned cpu);
unsigned sim_pcpu_numa(const struct sim_machine *m, unsigned cpu);

/* A well-mixed number of a seed and two others (splitmix64's finaliser). */
uint64_t sim_mix(uint64_t seed, uint64_t a, uint64_t b);

#endif
