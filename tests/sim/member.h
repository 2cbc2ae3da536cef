/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_MEMBER_H
#define SIM_MEMBER_H

/*
 * One member of the simulated cluster: an agent, an aggregator or a client (what an operator's
 * program is), each made of the programs' own code. A member outlives its program: certificate,
 * clock and disk stay when it is killed.
 */

#include "world.h"
#include <mvmp/client.h>

struct sim_stage;
struct sim_member;

enum sim_kind { SIM_AGENT, SIM_AGGREGATOR, SIM_CLIENT, SIM_KINDS };

/* How a program ends. */
enum sim_end {
	SIM_STOP,      /* asked to: it says goodbye */
	SIM_KILL,      /* kill -9 */
	SIM_POWER_CUT, /* what was not synced is lost as well, and the host boots */
};

struct sim_member_ops {
	void (*start)(struct sim_member *member);
	void (*stop)(struct sim_member *member, enum sim_end how);
	void (*event)(struct sim_member *member, const struct mvmp_event *event);
	uint64_t (*deadline)(struct sim_member *member);
	void (*advance)(struct sim_member *member);
	void (*free)(struct sim_member *member);
};

struct sim_member {
	struct sim_stage *stage;
	const struct sim_member_ops *ops;
	enum sim_kind kind;
	unsigned number; /* in stage->member; its memory's owner is number + 1 */
	char name[16];
	bool next_version;
	struct mvmp_identity identity;
	struct test_node *node;			   /* node->ep is NULL while the program is dead */
	void *program;				   /* of its kind */
	struct mvmp_client *client;		   /* of its program; NULL: it has none */
	uint64_t recheck_at, inquire_at, share_at; /* news.c */
	unsigned ends;				   /* of its program so far */
	uint64_t start_at;			   /* while it is dead; UINT64_MAX: not by itself */
	/* what the checks remember, see invariants.c */
	uint64_t spin_at;
	unsigned spins, turns;
	uint64_t last_mono_ns, last_store_ms;
	uint32_t last_era;
};

static inline bool sim_is_up(const struct sim_member *member)
{
	return member->node->ep != NULL;
}

/* Makes a member and starts its program. */
struct sim_member *sim_member_add(
	struct sim_stage *stage, enum sim_kind kind, const char *name, uint16_t mtu);
void sim_member_free(struct sim_member *member);

void sim_member_end(struct sim_member *member, enum sim_end how);
void sim_member_start(struct sim_member *member);

/* For mvmp_client_set_clock(). */
uint64_t sim_member_wall_s(void *ctx);
uint64_t sim_member_wall_ns(void *ctx);

extern const struct sim_member_ops sim_agent_ops, sim_aggregator_ops, sim_client_ops;

#endif
