/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_AGENT_H
#define SIM_AGENT_H

/* The real agent in virtual time: on a disk in memory, over the simulated machine of mvagent/sim
 * for samples and a hypervisor that only counts for pins. */

#include "agent.h"
#include "disk_memory.h"
#include "member.h"
#include <mvmp/server.h>

struct sim_backend;

struct sim_agent {
	struct sim_member *member;
	struct mva_disk *disk;
	struct mvmp_server *server; /* these are NULL while the agent is dead */
	struct mva_agent *agent;
	struct sim_backend *backend;
	struct mva_batch *batch; /* being written until batch_at */
	uint64_t batch_at, random;
	unsigned sessions;
};

/* backend.c */
extern const struct mva_backend_ops sim_backend_ops;
uint64_t sim_backend_deadline(const struct sim_backend *backend);
/* Tells the agent of pins that took effect. */
void sim_backend_advance(struct sim_backend *backend);

#endif
