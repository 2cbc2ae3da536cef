/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

/* The commands of a run: begun by clients, ended once each, resolved by their operation ids. */

#include <mvmp/client.h>

struct sim_stage;
struct sim_member;

struct sim_command {
	struct sim_stage *stage;
	unsigned number;
	struct sim_member *client, *target;
	enum mvmp_verb verb;
	uint64_t begun, deadline, call;
	uint8_t operation[MVMP_ID_LEN];
	uint32_t payload; /* bytes of a ping */
	unsigned ends;	  /* of the target's program before */
	bool absent;	  /* it asks for what is not there */
	bool started, ended;
	bool orphan; /* its client was ended before it was answered */
	enum mvmp_status status;
	unsigned asked;
	bool resolved;		/* asked for by its id, and told */
	enum mvmp_status later; /* what was told */
};

/* Begins the next command of the plan. */
void sim_command_begin(struct sim_stage *stage);

/* The client of these commands is gone. */
void sim_commands_orphan(struct sim_stage *stage, const struct sim_member *client);

/* Its outcome is open: its operation id must tell. */
bool sim_command_is_open(const struct sim_command *command);

/* Asks for the outcome of a mutating command by its id. */
void sim_command_ask(struct sim_command *command);

/* Checks what commands were told against what was done; counts. */
struct sim_tally {
	unsigned commands, counted, good, answered, unknown, interrupted, other, orphans;
	unsigned unresolved;
};
void sim_commands_judge(struct sim_stage *stage, struct sim_tally *tally);

#endif
