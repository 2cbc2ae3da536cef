/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

/* The cast of one run, its commands, and what befalls it. */

#include "command.h"
#include "plan.h"

enum { SIM_OUTAGES_MAX = 4096 };

/* When somebody could not be reached by somebody. */
struct sim_outage {
	uint64_t from, to;
};

/* What the cast cost so far. */
struct sim_cost {
	uint64_t frames[2], bytes[2]; /* by mvmp_channel, Ethernet's head included */
	uint64_t cpu_ns[SIM_KINDS];   /* only where it is measured */
	uint64_t turn_ns;
};

enum { SIM_ETHERNET_HEAD = 14 };

struct sim_stage {
	struct test_world world;
	struct test_authority authority;
	struct sim_plan plan;
	const struct sim_scenario *scenario;
	bool verbose;
	bool measured; /* CPU time is counted instead of checking */
	struct sim_cost cost;
	uint64_t random; /* of the trouble; the world has its own */

	struct sim_member **member;
	unsigned members, member_room;
	uint64_t cluster_number; /* of the newest cluster state made */

	struct sim_command *command;
	unsigned begun, ended, asked, told;
	uint8_t *executed;	  /* how often each command was: the hypervisors' memory */
	struct test_node *caller; /* the actor that begins commands */
	uint64_t next_command;

	struct test_node *troublemaker;
	struct sim_trouble *trouble;
	struct sim_outage outage[SIM_OUTAGES_MAX];
	unsigned outages;
	bool well; /* trouble is over */

	uint64_t trace, frames, kills, stats_told_lost, stats_lost, stats_sent;
	size_t peak[SIM_KINDS];		     /* bytes held by one program at most */
	uint64_t fragments, again, needless; /* of the reliable channel: sent, repeated */
	unsigned under_way;		     /* fragments of a session at most */
	uint64_t second;		     /* the one whose turns are counted */
	uint64_t second_turns;
	unsigned failed; /* the sum of what was wrong; 1 ends the run */
	char failure[512];
};

/* Sets up and runs; the result stands in stage->failed and the counters. */
void sim_stage_run(struct sim_stage *stage, const struct sim_scenario *scenario,
	const struct sim_plan *plan, bool verbose);
/* The same in parts: sets up; lets time pass. */
void sim_stage_begin(struct sim_stage *stage, const struct sim_scenario *scenario,
	const struct sim_plan *plan, bool verbose);
void sim_stage_pass(struct sim_stage *stage, unsigned ms);
void sim_stage_clear(struct sim_stage *stage);

void sim_stage_list(struct sim_stage *stage, struct sim_member *member);
struct sim_member *sim_stage_pick(struct sim_stage *stage, enum sim_kind kind);

/* Something that must never be; the first one is kept, and the run ends. */
void sim_fail(struct sim_stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A line of a verbose run; part of the trace in any case. */
void sim_note(struct sim_stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Notes that members could not reach each other from `from` to `to`. */
void sim_outage(struct sim_stage *stage, uint64_t from, uint64_t to);
/* True when there were `ms` on end without an outage between the two times. */
bool sim_was_well(const struct sim_stage *stage, uint64_t from, uint64_t to, unsigned ms);

uint64_t sim_draw(struct sim_stage *stage, uint64_t below);

/* trouble.c */
void sim_trouble_begin(struct sim_stage *stage);
void sim_trouble_end(struct sim_stage *stage);
void sim_trouble_clear(struct sim_stage *stage);
/* Ends somebody's program, to be started again a little later. */
void sim_trouble_kill(struct sim_stage *stage);

#endif
