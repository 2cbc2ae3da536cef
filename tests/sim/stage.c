/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"
#include "invariants.h"
#include "memory.h"
#include "next.h"
#include "sim_aggregator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ASK_AT_ONCE = 16,
	ASK_EACH = 10,	  /* of the commands whose outcome is known, one in so many is asked for */
	ASK_MOST_S = 300, /* for all to be told */
};

/* ---- failure, trace ---- */

/* FNV-1a. */
static void trace_bytes(struct sim_stage *stage, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		stage->trace = (stage->trace ^ at[i]) * 1099511628211ull;
}

void sim_fail(struct sim_stage *stage, const char *format, ...)
{
	va_list args;

	if (stage->failed++)
		return;
	va_start(args, format);
	vsnprintf(stage->failure, sizeof stage->failure, format, args);
	va_end(args);
	sim_note(stage, "FAILED: %s", stage->failure);
}

void sim_note(struct sim_stage *stage, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	trace_bytes(stage, &stage->world.now, sizeof stage->world.now);
	trace_bytes(stage, line, strlen(line));
	if (stage->verbose)
		printf("%12.6f  %s\n", (double)stage->world.now / 1e9, line);
}

static void on_frame(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len)
{
	struct sim_stage *stage = ctx;
	uint64_t what[2] = {now, len << 1 | channel};

	stage->frames++;
	stage->cost.frames[channel]++;
	stage->cost.bytes[channel] += len + SIM_ETHERNET_HEAD;
	if (stage->measured)
		return;
	trace_bytes(stage, what, sizeof what);
	trace_bytes(stage, src, MVMP_MAC_LEN);
	trace_bytes(stage, dst, MVMP_MAC_LEN);
	trace_bytes(stage, frame, len < MVMP_HEADER_LEN ? len : MVMP_HEADER_LEN);
}

uint64_t sim_draw(struct sim_stage *stage, uint64_t below)
{
	return below ? test_random(&stage->random) % below : 0;
}

/* ---- outages ---- */

void sim_outage(struct sim_stage *stage, uint64_t from, uint64_t to)
{
	if (stage->outages == SIM_OUTAGES_MAX)
		abort();
	stage->outage[stage->outages++] = (struct sim_outage){from, to};
}

bool sim_was_well(const struct sim_stage *stage, uint64_t from, uint64_t to, unsigned ms)
{
	uint64_t least = ms * MVMP_NS_PER_MS;

	for (unsigned i = 0; i < stage->outages && from < to; i++) {
		const struct sim_outage *o = &stage->outage[i];

		if (o->to <= from)
			continue;
		if (o->from > from && (o->from < to ? o->from : to) - from >= least)
			return true;
		from = o->to;
	}
	return from < to && to - from >= least;
}

/* ---- the cast ---- */

void sim_stage_list(struct sim_stage *stage, struct sim_member *member)
{
	if (stage->members == stage->member_room) {
		stage->member_room = stage->member_room ? 2 * stage->member_room : 16;
		stage->member = realloc(stage->member, stage->member_room * sizeof *stage->member);
		if (!stage->member)
			abort();
	}
	stage->member[stage->members++] = member;
}

struct sim_member *sim_stage_pick(struct sim_stage *stage, enum sim_kind kind)
{
	const struct sim_plan *plan = &stage->plan;
	unsigned first[SIM_KINDS + 1] = {[SIM_AGENT] = plan->aggregators,
		[SIM_AGGREGATOR] = 0,
		[SIM_CLIENT] = plan->aggregators + plan->agents};
	unsigned count[SIM_KINDS] = {plan->agents, plan->aggregators, plan->clients};

	return stage->member[first[kind] + sim_draw(stage, count[kind])];
}

/* Mostly the usual ones, and both bounds. */
static uint16_t draw_mtu(struct sim_stage *stage)
{
	static const uint16_t usual[] = {576, 1280, 1500, 1500, 2304, 4000, 9000};
	uint16_t mtu = usual[sim_draw(stage, sizeof usual / sizeof usual[0])];
	const struct sim_plan *plan = &stage->plan;

	if (plan->mtu_max <= 1500 && plan->mtu_min < 1500)
		return (uint16_t)(sim_draw(stage, 2) ? plan->mtu_min : plan->mtu_max);
	return mtu < plan->mtu_min ? plan->mtu_min : mtu > plan->mtu_max ? plan->mtu_max : mtu;
}

static void add_member(struct sim_stage *stage, enum sim_kind kind, const char *word, unsigned n)
{
	const struct sim_plan *plan = &stage->plan;
	struct sim_member *member;
	char name[16];

	snprintf(name, sizeof name, "%s%u", word, n);
	member = sim_member_add(stage, kind, name, draw_mtu(stage));
	member->next_version = plan->next_version && sim_draw(stage, plan->next_version) == 0;
	member->node->receive = member->next_version ? sim_next_receive : NULL;
	member->node->receive_per_ms = plan->receive_per_ms;
	mvmp_memswitch_set_queue(member->node->link, plan->queue);
	if (plan->wrong_max_s)
		member->node->wall_step_ns = ((int64_t)sim_draw(stage, 2 * plan->wrong_max_s) -
						     (int64_t)plan->wrong_max_s) *
					     (int64_t)MVMP_NS_PER_S;
}

static void add_cast(struct sim_stage *stage)
{
	for (unsigned i = 0; i < stage->plan.aggregators; i++)
		add_member(stage, SIM_AGGREGATOR, "agg", i + 1);
	for (unsigned i = 0; i < stage->plan.agents; i++)
		add_member(stage, SIM_AGENT, "node", i + 1);
	for (unsigned i = 0; i < stage->plan.clients; i++)
		add_member(stage, SIM_CLIENT, "op", i + 1);
}

/* ---- turns ---- */

static bool is_member(const struct sim_stage *stage, const struct test_node *node)
{
	return node != stage->caller && node != stage->troublemaker;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * MVMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void before_turn(void *ctx, struct test_node *node)
{
	struct sim_stage *stage = ctx;

	if (is_member(stage, node))
		sim_memory_enter(((struct sim_member *)node->ctx)->number + 1);
	if (stage->measured)
		stage->cost.turn_ns = cpu_ns();
}

static void after_turn(void *ctx, struct test_node *node)
{
	struct sim_stage *stage = ctx;

	sim_memory_enter(0);
	if (is_member(stage, node) && stage->measured)
		stage->cost.cpu_ns[((struct sim_member *)node->ctx)->kind] +=
			cpu_ns() - stage->cost.turn_ns;
	else if (is_member(stage, node))
		sim_check_turn(node->ctx);
	if (stage->plan.kill_turn && stage->world.turns == stage->plan.kill_turn)
		sim_trouble_kill(stage);
}

static uint64_t caller_deadline(void *ctx)
{
	const struct sim_stage *stage = ctx;

	return stage->begun < stage->plan.commands ? stage->next_command : UINT64_MAX;
}

static void caller_advance(void *ctx)
{
	struct sim_stage *stage = ctx;

	sim_command_begin(stage);
	stage->next_command =
		stage->world.now + sim_draw(stage, 2 * stage->plan.gap_ms * MVMP_NS_PER_MS) + 1;
}

static const struct test_program caller = {caller_deadline, caller_advance};

void sim_stage_begin(struct sim_stage *stage, const struct sim_scenario *scenario,
	const struct sim_plan *plan, bool verbose)
{
	struct test_world *world = &stage->world;

	memset(stage, 0, sizeof *stage);
	stage->scenario = scenario;
	stage->plan = *plan;
	stage->verbose = verbose;
	stage->random = plan->seed ^ 0x57a6e;
	stage->trace = 14695981039346656037ull;
	stage->cluster_number = 1;
	stage->command = calloc(plan->commands + 1, sizeof *stage->command);
	stage->executed = calloc(plan->commands + 1, 1);
	if (!stage->command || !stage->executed)
		abort();
	test_authority_init(&stage->authority, plan->seed);
	test_world_init(world, plan->seed);
	world->clocks_move = true;
	world->before = before_turn;
	world->after = after_turn;
	world->ctx = stage;
	mvmp_memswitch_impair(world->sw, &plan->how);
	mvmp_memswitch_set_tap(world->sw, on_frame, stage);
	stage->caller = test_world_add_actor(world, &caller, stage);
	add_cast(stage);
	stage->next_command = world->now;
	sim_trouble_begin(stage);
}

/* ---- phases ---- */

/* Runs until `until`, or until *count is `wanted`, or until something is wrong. */
static void run(struct sim_stage *stage, uint64_t until, const unsigned *count, unsigned wanted)
{
	const uint64_t slice = 50 * MVMP_NS_PER_MS;

	while (!stage->failed && stage->world.now < until && !(count && *count >= wanted)) {
		uint64_t to = stage->world.now + slice;

		test_world_run(&stage->world, to < until ? to : until, &stage->failed, 1);
	}
}

void sim_stage_pass(struct sim_stage *stage, unsigned ms)
{
	run(stage, stage->world.now + ms * MVMP_NS_PER_MS, NULL, 0);
}

static void run_commands(struct sim_stage *stage)
{
	const struct sim_plan *plan = &stage->plan;
	uint64_t most_ms = 4ull * plan->commands * plan->gap_ms + plan->trouble_ms + 600000;
	uint64_t end = stage->world.now + most_ms * MVMP_NS_PER_MS;

	sim_stage_pass(stage, plan->trouble_ms);
	run(stage, end, &stage->begun, plan->commands);
	sim_trouble_end(stage);
	run(stage, stage->world.now + (plan->deadline_ms + 2000) * MVMP_NS_PER_MS, &stage->ended,
		plan->commands);
	if (!stage->failed && stage->ended < plan->commands)
		sim_fail(stage, "%u of %u commands have ended", stage->ended, plan->commands);
}

/* Those that are open, and some of the others after one more power cut: what was answered as done
 * is there. */
static void ask_all(struct sim_stage *stage)
{
	uint64_t end = stage->world.now + ASK_MOST_S * MVMP_NS_PER_S;

	for (unsigned i = 0; i < stage->begun && !stage->failed; i++) {
		struct sim_command *c = &stage->command[i];

		if (c->verb != MVMP_VERB_PIN || (!sim_command_is_open(c) && i % ASK_EACH))
			continue;
		run(stage, end, &stage->told,
			stage->asked < ASK_AT_ONCE ? 0 : stage->asked - ASK_AT_ONCE);
		sim_command_ask(c);
	}
	/* Where the status is of a later version, it is asked again. */
	while (!stage->failed && stage->told < stage->asked && stage->world.now < end)
		run(stage, end, &stage->told, stage->asked);
	if (!stage->failed && stage->told < stage->asked)
		sim_fail(stage, "%u of %u operation ids were told", stage->told, stage->asked);
}

static void restart_all(struct sim_stage *stage, enum sim_kind kind, enum sim_end how)
{
	for (unsigned i = 0; i < stage->members; i++) {
		struct sim_member *m = stage->member[i];

		if (m->kind != kind || !sim_is_up(m))
			continue;
		sim_member_end(m, how);
		sim_member_start(m);
	}
}

void sim_stage_run(struct sim_stage *stage, const struct sim_scenario *scenario,
	const struct sim_plan *plan, bool verbose)
{
	sim_stage_begin(stage, scenario, plan, verbose);
	run_commands(stage);
	if (!stage->failed && plan->pins_percent) {
		restart_all(stage, SIM_AGENT, SIM_POWER_CUT);
		ask_all(stage);
	}
	if (!stage->failed)
		sim_stage_pass(stage, plan->settle_ms);
	if (!stage->failed)
		sim_check_end(stage);
	/* What programs leave behind is checked when they end. */
	for (unsigned i = 0; i < stage->members && !stage->failed; i++)
		sim_member_end(stage->member[i], SIM_STOP);
}

void sim_stage_clear(struct sim_stage *stage)
{
	/* Members end before the links they sit on. */
	for (unsigned i = 0; i < stage->members; i++)
		sim_member_free(stage->member[i]);
	test_world_clear(&stage->world);
	sim_trouble_clear(stage);
	free(stage->member);
	free(stage->command);
	free(stage->executed);
}
