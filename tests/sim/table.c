/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

/* The scenarios: what each draws from its seed. */

static unsigned draw(uint64_t *random, unsigned least, unsigned most)
{
	return least + (unsigned)(test_random(random) % (most - least + 1));
}

static uint32_t percent(uint64_t *random, unsigned most)
{
	return draw(random, 0, most * 100) * 100;
}

static void draw_loss(struct sim_plan *p, uint64_t *random)
{
	p->how.loss_ppm = percent(random, 40);
	p->how.duplicate_ppm = percent(random, 20);
	p->how.reorder_ppm = percent(random, 30);
	p->how.jitter_ns = draw(random, 0, 500) * 1000;
	p->deadline_ms = 60000;
	p->grace_ms = 60000;
}

static void draw_corruption(struct sim_plan *p, uint64_t *random)
{
	p->how.corrupt_ppm = percent(random, 20);
	p->how.trailer_max = (uint8_t)draw(random, 0, 100);
	p->how.pad = draw(random, 0, 1);
}

static void draw_partition(struct sim_plan *p, uint64_t *random)
{
	p->agents = draw(random, 2, 4);
	p->clients = 2;
	p->aggregators = 2;
	p->cut_every_s = draw(random, 10, 30);
	p->cut_ms = draw(random, 100, 20000);
	p->cuts = draw(random, 1, 7);
	p->trouble_ms = 90000;
	p->commands = 60;
	p->gap_ms = 1000;
	p->deadline_ms = draw(random, 0, 2) ? 60000 : 2000;
}

static void draw_clocks(struct sim_plan *p, uint64_t *random)
{
	p->wrong_max_s = draw(random, 0, 1) ? 300 * 86400 : 10;
	p->step_every_s = draw(random, 2, 10);
	p->step_max_s = draw(random, 0, 1) ? 100 * 86400 : draw(random, 1, 1000);
	p->expires = draw(random, 0, 3) == 0;
	if (p->expires)
		p->step_max_s = p->wrong_max_s = 3000 * 86400;
	p->trouble_ms = 60000;
	p->commands = 50;
	p->gap_ms = 1000;
}

static void draw_restarts(struct sim_plan *p, uint64_t *random)
{
	p->kill_every_s = draw(random, 2, 8);
	p->down_ms = draw(random, 10, 1500);
	p->agents = draw(random, 1, 3);
	p->clients = 2;
	p->how.loss_ppm = percent(random, 5);
	p->commands = 100;
	p->trouble_ms = 60000;
	p->gap_ms = 500;
	p->deadline_ms = 30000;
	p->grace_ms = 12000;
}

/* The first contacts of everybody with everybody take some hundred turns: each seed ends somebody
 * at another one. */
static void draw_steps(struct sim_plan *p, uint64_t *random)
{
	p->kill_turn = 1 + (unsigned)((p->seed - 1) % 230);
	p->down_ms = draw(random, 1, 600);
	p->commands = 6;
	p->gap_ms = 3;
	p->pins_percent = 60;
	p->trouble_ms = 3000;
	p->settle_ms = 12000;
	p->interval_ms = 500;
}

/* Dozens of long messages at once, or of short ones on a long way. */
static void draw_burst(struct sim_plan *p, uint64_t *random)
{
	if (draw(random, 0, 1)) {
		p->bulk_max = 100;
		p->how.delay_ns = 50 * MVMP_NS_PER_MS;
	}
	p->light = true;
	p->pins_percent = 5;
	p->agents = 1;
	p->gap_ms = 1;
	p->how.jitter_ns = 0; /* in order, as on a wire: the window opens */
}

static void draw_sizes(struct sim_plan *p, uint64_t *random)
{
	p->mtu_min = 576;
	p->mtu_max = 9000;
	p->bulk_max = 60000;
	p->how.frame_max = (uint16_t)(draw(random, 0, 1) ? draw(random, 1500, 9000) : 0);
	p->how.pad = draw(random, 0, 1);
	p->how.trailer_max = (uint8_t)draw(random, 0, 60);
	p->how.loss_ppm = draw(random, 0, 1) ? percent(random, 5) : 0;
	p->how.delay_ns += draw(random, 0, 5) * MVMP_NS_PER_MS;
	p->samples = "domains=12,cpus=16,numa=2";
	if (draw(random, 0, 1))
		draw_burst(p, random);
}

static void draw_slow(struct sim_plan *p, uint64_t *random)
{
	p->receive_per_ms = draw(random, 1, 6);
	p->queue = draw(random, 8, 64);
	p->mtu_min = draw(random, 0, 1) ? 576 : 1500;
	p->bulk_max = 60000;
	if (draw(random, 0, 1))
		draw_burst(p, random);
	p->samples = "domains=12,cpus=16,numa=2";
	p->deadline_ms = 60000;
	p->grace_ms = 30000;
}

static void draw_versions(struct sim_plan *p, uint64_t *random)
{
	p->next_version = 2;
	p->agents = 3;
	p->clients = 2;
	p->how.loss_ppm = percent(random, 10);
	p->mtu_min = 576;
	p->mtu_max = 9000;
}

static void draw_cluster(struct sim_plan *p, uint64_t *random)
{
	p->news_every_s = draw(random, 3, 15);
	p->agents = 3;
	p->aggregators = 2;
	p->trouble_ms = 30000;
	p->how.loss_ppm = percent(random, 10);
	p->kill_every_s = draw(random, 0, 1) ? 10 : 0;
	p->down_ms = 1000;
	p->grace_ms = 12000;
}

static void draw_commands(struct sim_plan *p, uint64_t *random)
{
	p->how = (struct mvmp_impairment){.loss_ppm = 50000,
		.duplicate_ppm = 50000,
		.reorder_ppm = 50000,
		.delay_ns = 20000,
		.jitter_ns = 100000};
	p->agents = p->clients = 1;
	p->aggregators = 0;
	p->samples = NULL;
	p->commands = 2000;
	p->gap_ms = draw(random, 0, 2) ? 125 : 5;
	p->deadline_ms = draw(random, 0, 2) ? 5000 : 60; /* too short for many */
	p->grace_ms = 4000;
	p->pins_percent = 100;
	p->kill_every_s = p->gap_ms > 5 ? 12 : 2;
	p->kill_kinds = 1u << SIM_AGENT;
	p->down_ms = 1500;
}

static void draw_crowd(struct sim_plan *p, uint64_t *random)
{
	p->agents = draw(random, 100, 300);
	p->light = true;
	p->samples = "domains=1,cpus=2,numa=1";
	p->sessions[SIM_AGENT] = 4;
	p->sessions[SIM_AGGREGATOR] = 512;
	p->commands = 60;
	p->gap_ms = 20;
	p->trouble_ms = 5000;
	p->settle_ms = 15000;
	p->restart_clients = true;
}

static void draw_chaos(struct sim_plan *p, uint64_t *random)
{
	draw_loss(p, random);
	p->how.loss_ppm /= 2;
	draw_corruption(p, random);
	p->how.corrupt_ppm /= 4;
	p->agents = draw(random, 1, 4);
	p->clients = draw(random, 1, 3);
	p->aggregators = draw(random, 1, 2);
	p->mtu_min = 576;
	p->mtu_max = 9000;
	p->how.frame_max = (uint16_t)(draw(random, 0, 2) ? 0 : draw(random, 1500, 9000));
	p->receive_per_ms = draw(random, 0, 3) ? 0 : draw(random, 4, 20);
	p->queue = p->receive_per_ms ? 128 : 0;
	p->next_version = draw(random, 0, 3);
	p->kill_every_s = draw(random, 0, 1) ? draw(random, 3, 20) : 0;
	p->down_ms = draw(random, 1, 3000);
	p->cut_every_s = draw(random, 0, 1) ? draw(random, 5, 30) : 0;
	p->cut_ms = draw(random, 100, 8000);
	p->cuts = draw(random, 1, 7);
	p->step_every_s = draw(random, 0, 1) ? draw(random, 2, 20) : 0;
	p->step_max_s = draw(random, 0, 1) ? 86400 * 30 : 60;
	p->wrong_max_s = draw(random, 0, 1) ? 86400 * 300 : 0;
	p->news_every_s = draw(random, 0, 3) ? 0 : 10;
	p->restart_clients = draw(random, 0, 1);
	p->bulk_max = draw(random, 0, 1) ? 50000 : 500;
	p->commands = 60;
	p->gap_ms = 700;
	p->trouble_ms = 60000;
	p->deadline_ms = 60000;
	p->grace_ms = 25000;
}

const struct sim_scenario sim_scenarios[] = {
	{"loss", "loss up to 40 %, duplication, reordering", draw_loss},
	{"corruption", "any byte changed, frames cut short, padding and garbage behind them",
		draw_corruption},
	{"partition", "members do not hear each other: halves, one way, pairs", draw_partition},
	{"clocks", "wrong clocks at first, steps by seconds to months", draw_clocks},
	{"restarts", "programs end in all ways all the time", draw_restarts},
	{"steps", "a program ends at each step of the first contacts", draw_steps},
	{"sizes", "MTUs from 576 to 9000, switches that carry less than they should", draw_sizes},
	{"slow", "receivers slower than senders", draw_slow},
	{"versions", "members of the next version among those of this one", draw_versions},
	{"cluster", "cluster states go round", draw_cluster},
	{"commands", "thousands of changes to an agent that keeps dying", draw_commands},
	{"crowd", "hundreds of nodes answer one probe", draw_crowd},
	{"chaos", "everything at once", draw_chaos},
};
const unsigned sim_scenario_count = sizeof sim_scenarios / sizeof sim_scenarios[0];

void sim_plan_draw(struct sim_plan *plan, const struct sim_scenario *scenario, uint64_t seed)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15ull;

	*plan = (struct sim_plan){.seed = seed,
		.agents = 2,
		.aggregators = 1,
		.clients = 1,
		.sessions = {16, 16, 16},
		.trouble_ms = 20000,
		.settle_ms = 10000,
		.how = {.delay_ns = 20000, .jitter_ns = 50000},
		.mtu_min = 1500,
		.mtu_max = 1500,
		.commands = 60,
		.gap_ms = 300,
		.deadline_ms = 30000,
		.grace_ms = 10000,
		.pins_percent = 50,
		.bulk_max = 2000,
		.interval_ms = 1000,
		.samples = "domains=3,cpus=4,numa=1"};
	scenario->draw(plan, &random);
}
