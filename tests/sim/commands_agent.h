/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_AGENT_H
#define COMMANDS_AGENT_H

/* The real agent in virtual time, on a disk in memory, over a hypervisor that only counts. */

#include "agent.h"
#include "disk_memory.h"
#include "mvmp.pb-c.h"
#include "world.h"
#include <mvmp/server.h>

struct sim_backend;

struct sim_agent {
	struct test_world world;
	struct test_node *node;
	struct mva_disk *disk;
	struct mvmp_server *server; /* these three are NULL while the agent is dead */
	struct mva_agent *agent;
	struct sim_backend *backend;
	struct mva_batch *batch; /* being written until batch_at */
	uint64_t batch_at;
	unsigned activity; /* events so far */
	uint64_t random;
	uint8_t *executed; /* how often each vCPU was pinned; the hypervisor's memory */
	unsigned vcpus;
};

void sim_agent_init(struct sim_agent *sim, struct mvmp_identity *identity, const uint8_t *mac,
	unsigned vcpus, uint64_t seed);
void sim_agent_clear(struct sim_agent *sim);

/* Kill -9 of the agent; a save under way stops after any of its steps. With `power` the disk
 * loses what was not synced, but for up to `chance` bytes a file. */
void sim_agent_kill(struct sim_agent *sim, bool power, uint64_t chance);
void sim_agent_start(struct sim_agent *sim);

void sim_agent_advance(struct sim_agent *sim);
uint64_t sim_agent_deadline(const struct sim_agent *sim);
uint64_t sim_agent_wall_ns(void *ctx);

#endif
