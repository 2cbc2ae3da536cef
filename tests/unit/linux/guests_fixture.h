/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_LINUX_GUESTS_FIXTURE_H
#define TEST_LINUX_GUESTS_FIXTURE_H

/* QEMU processes in a tree, and a libvirt that says what the test tells it to say. */

#include "../../../mvagent/linux/blockstats.h"
#include "../../../mvagent/linux/inventory.h"
#include "host.h"

#define TICK 10000000ull

enum { LIBVIRT_MAX = 12 };

struct libvirt {
	bool away;
	unsigned domains;
	struct mva_libvirt_domain domain[LIBVIRT_MAX];
	struct mva_block block;
	struct mva_balloon balloon;
	bool hangs[LIBVIRT_MAX]; /* BLOCK of this domain is answered by NO_ANSWER */
	unsigned asked[LIBVIRT_MAX];
	struct mva_cpuset pin_before, pin_after;
	unsigned pins;
	unsigned fresh; /* lists asked that were to use nothing remembered */
};

struct guests {
	struct host host;
	struct libvirt libvirt;
};

/* As a process of its own: state letter, times in ticks. */
struct process {
	uint32_t pid;
	const char *name;
	const char *arguments; /* '|' between them */
	const char *thread;    /* name of the vCPU threads: "CPU %u/KVM" */
	unsigned vcpus;
	char state;
	unsigned utime, stime, guest, start;
};

void guests_prepare(struct guests *guests);
void guests_open(struct guests *guests);
void guests_close(struct guests *guests);

/* Its user, as /proc/<pid>/status has it; without, the agent's own is taken for it. */
void process_user(const struct guests *guests, const struct process *process, unsigned uid);
void process_write(const struct guests *guests, const struct process *process);
/* The thread of vCPU n has the tid pid + 1 + n. */
void process_schedstat(const struct guests *guests, const struct process *process, unsigned vcpu,
	const char *text);
/* Its files give nothing any more, as after the end of a process. */
void process_end(const struct guests *guests, const struct process *process);

/* Domain number n of libvirt: "vm-<n>", one VIF, one VBD. */
struct mva_libvirt_domain *libvirt_add(struct guests *guests, const uint8_t first_byte);

/* Answers all tasks, then samples all kinds `ms` later. */
void guests_sample(struct guests *guests, unsigned ms);

/* The record of the domain whose UUID begins with this byte. */
const struct mvmp_record *guests_record(
	const struct guests *guests, enum mvmp_entity kind, uint8_t first_byte, uint32_t index);

#endif
