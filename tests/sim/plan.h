/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

/* What one run is made of: all of it drawn from scenario and seed before it begins. */

#include "member.h"

/* Who hears whom no more. */
enum sim_cut {
	SIM_CUT_HALVES = 1,  /* two groups, both ways */
	SIM_CUT_ONE_WAY = 2, /* one group is not heard by the other */
	SIM_CUT_PAIRS = 4,   /* some members do not hear some others */
};

struct sim_plan {
	uint64_t seed;
	unsigned agents, aggregators, clients;
	unsigned sessions[SIM_KINDS]; /* size of the endpoints' tables */
	unsigned trouble_ms;	      /* then everything is well again */
	unsigned settle_ms;	      /* and all must be found in order after this */
	struct mvmp_impairment how;
	bool light; /* clients only ping: many nodes */
	uint16_t mtu_min, mtu_max;
	unsigned receive_per_ms, queue; /* of slow receivers; 0: as fast as frames come */
	unsigned next_version;		/* one member in so many; 0: none */
	unsigned kill_every_s, down_ms; /* mean, longest; 0: nobody is killed */
	uint32_t kill_kinds;		/* bits of enum sim_kind; 0: all */
	unsigned kill_turn;		/* somebody is killed at this turn of the run; 0: nobody */
	unsigned cut_every_s, cut_ms;	/* mean, longest */
	unsigned cuts;			/* enum sim_cut, any of these */
	unsigned step_every_s;		/* mean time between steps of somebody's clock */
	unsigned step_max_s, wrong_max_s; /* largest step; how wrong clocks are at first */
	bool expires;			  /* clocks go where certificates are not valid */
	unsigned news_every_s;		  /* mean time between newer cluster states */
	unsigned commands, gap_ms, deadline_ms;
	unsigned grace_ms; /* a command that has so long without an outage must succeed */
	unsigned pins_percent, bulk_max; /* of the commands; longest payload of the others */
	bool restart_clients;		 /* a client is started for each command, as mvctl is */
	unsigned interval_ms;		 /* of subscriptions */
	const char *samples; /* options of the agents' simulated machine; NULL: no samples */
};

struct sim_scenario {
	const char *name, *what;
	void (*draw)(struct sim_plan *plan, uint64_t *random);
};

extern const struct sim_scenario sim_scenarios[];
extern const unsigned sim_scenario_count;

/* Draws what a seed of a scenario is. */
void sim_plan_draw(struct sim_plan *plan, const struct sim_scenario *scenario, uint64_t seed);

#endif
