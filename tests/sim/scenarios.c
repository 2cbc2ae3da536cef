/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole agents, aggregators and clients, the code that the programs run, on a switch in memory in
 * virtual time:
 *     scenarios [--scenario NAME] [--seed N | --seeds FROM-TO] [--replay] [--verbose] [--list]
 *     scenarios --cost [NODES...]
 *     scenarios --answers [NODES]
 *
 * Each scenario draws from its seed what befalls the network and the programs. At every step the
 * invariants of invariants.c and command.c are checked, in the end also that all is well again. A
 * seed that fails is printed with the command that shows it; the run of a seed is always the same.
 */

#include "answers.h"
#include "cost.h"
#include "memory.h"
#include "stage.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_MILLE_ALLOWED = 1 }; /* of the commands that should succeed */

struct options {
	const char *scenario;
	uint64_t from, to;
	bool verbose, replay;
};

/* Over all seeds of a scenario. */
struct total {
	struct sim_tally tally;
	uint64_t frames, virtual_s, kills, lost, sent;
	unsigned seeds;
	size_t peak[SIM_KINDS];
	unsigned under_way;
	uint64_t fragments, again, needless;
};

static void add(struct total *total, const struct sim_stage *stage, const struct sim_tally *tally)
{
	const unsigned *from = (const unsigned *)tally;
	unsigned *to = (unsigned *)&total->tally;

	for (size_t i = 0; i < sizeof *tally / sizeof *to; i++)
		to[i] += from[i];
	total->frames += stage->frames;
	total->virtual_s += stage->world.now / MVMP_NS_PER_S;
	total->kills += stage->kills;
	total->lost += stage->stats_lost;
	total->sent += stage->stats_sent;
	total->seeds++;
	total->fragments += stage->fragments;
	total->again += stage->again;
	total->needless += stage->needless;
	if (stage->under_way > total->under_way)
		total->under_way = stage->under_way;
	for (unsigned i = 0; i < SIM_KINDS; i++) {
		if (stage->peak[i] > total->peak[i])
			total->peak[i] = stage->peak[i];
	}
}

/* Runs one seed; its trace, or 0 when something was wrong. */
static uint64_t run_seed(
	const struct sim_scenario *scenario, uint64_t seed, bool verbose, struct total *total)
{
	static struct sim_stage stage;
	struct sim_tally tally;
	struct sim_plan plan;
	uint64_t trace;

	sim_plan_draw(&plan, scenario, seed);
	sim_stage_run(&stage, scenario, &plan, verbose);
	if (!stage.failed)
		sim_commands_judge(&stage, &tally);
	trace = stage.trace ? stage.trace : 1;
	if (stage.failed) {
		printf("%s, seed %llu, after %.3f s: %s\n", scenario->name,
			(unsigned long long)seed, (double)stage.world.now / 1e9, stage.failure);
		trace = 0;
	} else {
		add(total, &stage, &tally);
	}
	sim_stage_clear(&stage);
	return trace;
}

static bool replays(const struct sim_scenario *scenario, uint64_t seed, uint64_t trace)
{
	struct total ignored = {0};
	uint64_t again = run_seed(scenario, seed, false, &ignored);

	if (again != trace)
		printf("%s, seed %llu: the second run is another: trace %016llx, not %016llx\n",
			scenario->name, (unsigned long long)seed, (unsigned long long)again,
			(unsigned long long)trace);
	return again == trace;
}

static bool enough_succeeded(const struct sim_scenario *scenario, const struct total *total)
{
	unsigned failed = total->tally.counted - total->tally.good;
	unsigned allowed = 1 + total->tally.counted * PER_MILLE_ALLOWED / 1000;

	if (failed <= allowed)
		return true;
	printf("%s: %u of %u commands did not succeed, though nothing kept them from it\n",
		scenario->name, failed, total->tally.counted);
	return false;
}

static void report(const struct sim_scenario *scenario, const struct total *t, uint64_t trace)
{
	printf("%-10s %u seeds, %llu s, %llu frames, %llu restarts, trace %016llx\n",
		scenario->name, t->seeds, (unsigned long long)t->virtual_s,
		(unsigned long long)t->frames, (unsigned long long)t->kills,
		(unsigned long long)trace);
	printf("           %u commands: %u of %u that had time succeeded; %u outcome unknown, %u "
	       "interrupted, %u orphans, all told by their ids\n",
		t->tally.commands, t->tally.good, t->tally.counted, t->tally.unknown,
		t->tally.interrupted, t->tally.orphans);
	printf("           %llu fragments, %llu sent again, %llu of them needlessly\n",
		(unsigned long long)t->fragments, (unsigned long long)t->again,
		(unsigned long long)t->needless);
	printf("           %llu of %llu stats frames lost, all told; at most %u fragments under "
	       "way, %zu, %zu, %zu KiB of an agent, aggregator, client\n",
		(unsigned long long)t->lost, (unsigned long long)t->sent, t->under_way,
		t->peak[SIM_AGENT] / 1024, t->peak[SIM_AGGREGATOR] / 1024,
		t->peak[SIM_CLIENT] / 1024);
	fflush(stdout);
}

static bool run_scenario(
	const struct sim_scenario *scenario, const struct options *o, const char *program)
{
	struct total total = {0};
	uint64_t traces = 0;

	for (uint64_t seed = o->from; seed <= o->to; seed++) {
		uint64_t trace = run_seed(scenario, seed, o->verbose, &total);

		if (!trace || (o->replay && !replays(scenario, seed, trace))) {
			printf("again: %s --scenario %s --seed %llu --verbose\n", program,
				scenario->name, (unsigned long long)seed);
			return false;
		}
		traces ^= trace;
	}
	report(scenario, &total, traces);
	return enough_succeeded(scenario, &total);
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--scenario NAME] [--seed N | --seeds FROM-TO] [--replay] [--verbose] "
		"[--list]\n       %s --cost [NODES...]\n       %s --answers [NODES]\n",
		program, program, program);
	return 2;
}

static void list(void)
{
	for (unsigned i = 0; i < sim_scenario_count; i++)
		printf("%-10s %s\n", sim_scenarios[i].name, sim_scenarios[i].what);
}

static bool parse_seeds(struct options *o, const char *text)
{
	char *end;

	o->from = o->to = strtoull(text, &end, 0);
	if (*end == '-')
		o->to = strtoull(end + 1, &end, 0);
	return !*end && o->from && o->from <= o->to;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"scenario", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'n'}, {"seeds", required_argument, NULL, 'n'},
		{"replay", no_argument, NULL, 'r'}, {"verbose", no_argument, NULL, 'v'},
		{"list", no_argument, NULL, 'l'}, {"cost", no_argument, NULL, 'c'},
		{"answers", no_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	struct options o = {.from = 1, .to = 1};
	bool good = true, found = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l') {
			list();
			return 0;
		}
		if (c == 'c')
			return sim_cost_table(argc - optind, argv + optind);
		if (c == 'a')
			return sim_answers(argc - optind, argv + optind);
		o.verbose |= c == 'v';
		o.replay |= c == 'r';
		if (c == 's')
			o.scenario = optarg;
		if (c == '?' || (c == 'n' && !parse_seeds(&o, optarg)))
			return usage(argv[0]);
	}
	for (unsigned i = 0; i < sim_scenario_count; i++) {
		if (o.scenario && strcmp(o.scenario, sim_scenarios[i].name) != 0)
			continue;
		found = true;
		good &= run_scenario(&sim_scenarios[i], &o, argv[0]);
	}
	if (!found)
		return usage(argv[0]);
	return good ? 0 : 1;
}
