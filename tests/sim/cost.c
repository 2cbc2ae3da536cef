/* SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"
#include "memory.h"
#include "node.h" /* of statsd */
#include "sim_aggregator.h"
#include "stage.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * One aggregator and many whole agents, each with ten guests on a simulated machine, on a segment
 * that loses nothing. Counted from when all programs start until the last node is up, and then
 * over five minutes without any command (one where there are more than 1000 nodes). Held is what
 * malloc was asked for, pages of tables that are never touched included.
 */

enum {
	NODES_MAX = 50000,
	INTERVAL_MS = 10000,
	CALM_S = 300, /* measured; with very many nodes */
	CALM_MANY_S = 60,
	MANY = 1000,
	START_MAX_S = 600,
	STEP_MS = 20,
	MAPPED_FROM = 128 << 10, /* bytes */
};

struct cost_row {
	unsigned nodes;
	unsigned calm_s;
	uint64_t up_ms;
	struct sim_cost start, calm;
	size_t aggregator, agent; /* bytes held */
};

static void draw_nothing(struct sim_plan *plan, uint64_t *random)
{
}

static const struct sim_scenario scenario = {"cost", "", draw_nothing};

static void plan_nodes(struct sim_plan *plan, unsigned nodes)
{
	sim_plan_draw(plan, &scenario, 1);
	plan->agents = nodes;
	plan->clients = 0;
	plan->commands = 0;
	plan->interval_ms = INTERVAL_MS;
	plan->sessions[SIM_AGENT] = 4;
	plan->sessions[SIM_AGGREGATOR] = nodes + 16;
	plan->samples = "domains=10,cpus=16,numa=2";
	plan->how = (struct mvmp_impairment){.delay_ns = 20000};
}

static unsigned nodes_up(const struct sim_stage *stage)
{
	const struct sim_aggregator *a = stage->member[0]->program;
	const struct mvs_node *node;
	unsigned up = 0;

	for (node = LIST_FIRST(&a->core->nodes); node; node = LIST_NEXT(node, link))
		up += mvs_node_state(node, stage->world.now) == MVS_STATE_UP;
	return up;
}

static int measure(struct cost_row *row, unsigned nodes)
{
	static struct sim_stage stage;
	struct sim_plan plan;
	uint64_t began;

	*row = (struct cost_row){.nodes = nodes, .calm_s = nodes > MANY ? CALM_MANY_S : CALM_S};
	plan_nodes(&plan, nodes);
	sim_stage_begin(&stage, &scenario, &plan, false);
	stage.measured = true;
	began = stage.world.now;
	while (nodes_up(&stage) < nodes && row->up_ms < START_MAX_S * 1000) {
		sim_stage_pass(&stage, STEP_MS);
		row->up_ms = (stage.world.now - began) / MVMP_NS_PER_MS;
	}
	row->start = stage.cost;
	stage.cost = (struct sim_cost){0};
	sim_stage_pass(&stage, row->calm_s * 1000);
	row->calm = stage.cost;
	row->aggregator = sim_memory_held(1);
	row->agent = sim_memory_held(2);
	nodes -= nodes_up(&stage);
	sim_stage_clear(&stage);
	return nodes ? -1 : 0;
}

static double each(const struct cost_row *row, uint64_t sum)
{
	return (double)sum / row->nodes;
}

static void print_row(const struct cost_row *r)
{
	const double hours = r->calm_s / 3600., samples = r->calm_s * 1000. / INTERVAL_MS;

	printf("%6u %6.2f %6.1f %6.0f %7.0f | %6.0f %7.1f | %6.2f %7.0f | %6.1f %7.1f | %7.1f "
	       "%7.1f\n",
		r->nodes, (double)r->up_ms / 1e3, each(r, r->start.frames[0] + r->start.frames[1]),
		each(r, r->start.bytes[0] + r->start.bytes[1]),
		each(r, r->start.cpu_ns[SIM_AGGREGATOR]) / 1e3,
		each(r, r->calm.frames[MVMP_CONTROL]) / hours,
		each(r, r->calm.bytes[MVMP_CONTROL]) / hours / 1e3,
		each(r, r->calm.frames[MVMP_STATS]) / samples,
		each(r, r->calm.bytes[MVMP_STATS]) / samples,
		each(r, r->calm.cpu_ns[SIM_AGGREGATOR]) / samples / 1e3,
		each(r, r->calm.cpu_ns[SIM_AGENT]) / samples / 1e3, each(r, r->aggregator) / 1024,
		(double)r->agent / 1024);
	fflush(stdout);
}

int sim_cost_table(int counts, char **count)
{
	static char *usual[] = {(char *)"10", (char *)"100", (char *)"1000"};
	struct cost_row row;

	/* Agents' tables are mostly untouched, and cost nothing as mappings of their own. */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	if (!counts) {
		counts = 3;
		count = usual;
	}
	printf("for each node                          |  control an hour | stats a sample   |  "
	       "us CPU a sample |    KiB held by\n"
	       " NODES   UP_S FRAMES  BYTES  CPU_us |   FRAMES   kB | FRAMES   BYTES |  AGGR.   "
	       "AGENT "
	       "| AGGR.   AGENT\n");
	for (int i = 0; i < counts; i++) {
		unsigned long nodes = strtoul(count[i], NULL, 10);

		if (!nodes || nodes > NODES_MAX) {
			fprintf(stderr, "--cost: %s is no number of nodes from 1 to %d\n", count[i],
				NODES_MAX);
			return 2;
		}
		if (measure(&row, (unsigned)nodes)) {
			printf("not all of %lu nodes were up in the end\n", nodes);
			return 1;
		}
		print_row(&row);
	}
	return 0;
}
