/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "news.h"
#include "stage.h"
#include <stdlib.h>
#include <string.h>

/* What befalls the cast: programs end, the segment falls apart, clocks step, the CA speaks. */

enum { CLOCK_MOST_S = 700 * 86400 }; /* certificates are valid for longer */

struct sim_trouble {
	uint64_t kill_at, cut_at, heal_at, step_at, news_at;
	enum sim_cut cut; /* 0: the segment is whole */
	uint64_t side;	  /* who is on which side, by number modulo 64 */
};

/* ---- partitions ---- */

static unsigned number_of(const struct mvmp_link *link)
{
	return (unsigned)link->mac[3] << 16 | (unsigned)link->mac[4] << 8 | link->mac[5];
}

static bool hears(void *ctx, const struct mvmp_link *from, const struct mvmp_link *to)
{
	const struct sim_trouble *t = ((struct sim_stage *)ctx)->trouble;
	unsigned a = number_of(from), b = number_of(to);
	unsigned a_side = t->side >> a % 64 & 1, b_side = t->side >> b % 64 & 1;

	switch (t->cut) {
	case SIM_CUT_HALVES:
		return a_side == b_side;
	case SIM_CUT_ONE_WAY:
		return !(a_side && !b_side);
	case SIM_CUT_PAIRS:
		return (a * 7 + b * 7 + t->side) % 3 != 0;
	}
	return true;
}

static void heal(struct sim_stage *stage)
{
	stage->trouble->cut = (enum sim_cut)0;
	stage->trouble->heal_at = UINT64_MAX;
	sim_note(stage, "the segment is whole");
}

static void cut(struct sim_stage *stage)
{
	struct sim_trouble *t = stage->trouble;
	unsigned kind = 0;

	while (!(kind & stage->plan.cuts))
		kind = 1u << sim_draw(stage, 3);
	t->cut = (enum sim_cut)kind;
	t->side = test_random(&stage->random);
	t->heal_at = stage->world.now + (1 + sim_draw(stage, stage->plan.cut_ms)) * MVMP_NS_PER_MS;
	sim_outage(stage, stage->world.now, t->heal_at);
	sim_note(stage, "the segment is cut (%u)", kind);
}

/* ---- programs ---- */

static void kill(struct sim_stage *stage, struct sim_member *member)
{
	uint64_t down = (1 + sim_draw(stage, stage->plan.down_ms)) * MVMP_NS_PER_MS;

	if (!sim_is_up(member))
		return;
	stage->kills++;
	sim_member_end(member, (enum sim_end)sim_draw(stage, 3));
	member->start_at = stage->world.now + down;
	sim_outage(stage, stage->world.now, member->start_at);
	test_node_touch(member->node);
}

void sim_trouble_kill(struct sim_stage *stage)
{
	struct sim_member *member;

	do {
		member = stage->member[sim_draw(stage, stage->members)];
	} while (stage->plan.kill_kinds && !(stage->plan.kill_kinds >> member->kind & 1));
	kill(stage, member);
}

/* ---- clocks ---- */

static void step_clock(struct sim_stage *stage)
{
	struct sim_member *member = stage->member[sim_draw(stage, stage->members)];
	int64_t most = (int64_t)stage->plan.step_max_s;
	int64_t by = (int64_t)sim_draw(stage, 2 * (uint64_t)most) - most;
	int64_t at = member->node->wall_step_ns / (int64_t)MVMP_NS_PER_S + by;

	if (!stage->plan.expires && (at > CLOCK_MOST_S || at < -CLOCK_MOST_S))
		at = 0;
	member->node->wall_step_ns = at * (int64_t)MVMP_NS_PER_S;
	sim_note(stage, "the clock of %s is stepped by %lld s", member->name, (long long)by);
}

/* ---- time ---- */

static uint64_t later(struct sim_stage *stage, unsigned every_s)
{
	uint64_t mean = every_s * MVMP_NS_PER_S;

	if (!every_s)
		return UINT64_MAX;
	return stage->world.now + mean / 4 + sim_draw(stage, mean * 3 / 2);
}

static uint64_t deadline(void *ctx)
{
	const struct sim_trouble *t = ((struct sim_stage *)ctx)->trouble;
	const uint64_t at[] = {t->kill_at, t->cut ? t->heal_at : t->cut_at, t->step_at, t->news_at};
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++)
		first = at[i] < first ? at[i] : first;
	return first;
}

static void advance(void *ctx)
{
	struct sim_stage *stage = ctx;
	struct sim_trouble *t = stage->trouble;
	const struct sim_plan *plan = &stage->plan;
	uint64_t now = stage->world.now;

	if (t->cut && now >= t->heal_at) {
		heal(stage);
		t->cut_at = later(stage, plan->cut_every_s);
	} else if (!t->cut && now >= t->cut_at) {
		cut(stage);
	}
	if (now >= t->kill_at) {
		t->kill_at = later(stage, plan->kill_every_s);
		sim_trouble_kill(stage);
	}
	if (now >= t->step_at) {
		t->step_at = later(stage, plan->step_every_s);
		step_clock(stage);
	}
	if (now >= t->news_at) {
		t->news_at = later(stage, plan->news_every_s);
		sim_news_make(stage);
	}
}

static const struct test_program program = {deadline, advance};

void sim_trouble_begin(struct sim_stage *stage)
{
	struct sim_trouble *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	stage->trouble = t;
	t->heal_at = UINT64_MAX;
	if (stage->plan.expires)
		sim_outage(stage, stage->world.now, UINT64_MAX);
	t->kill_at = later(stage, stage->plan.kill_every_s);
	t->cut_at = later(stage, stage->plan.cut_every_s);
	t->step_at = later(stage, stage->plan.step_every_s);
	t->news_at = later(stage, stage->plan.news_every_s);
	stage->troublemaker = test_world_add_actor(&stage->world, &program, stage);
	mvmp_memswitch_set_filter(stage->world.sw, hears, stage);
}

void sim_trouble_end(struct sim_stage *stage)
{
	struct sim_trouble *t = stage->trouble;
	struct mvmp_impairment how = stage->plan.how;

	if (t->cut)
		heal(stage);
	t->kill_at = t->cut_at = t->step_at = t->news_at = UINT64_MAX;
	stage->plan.kill_turn = 0;
	stage->well = true;
	for (unsigned i = 0; i < stage->outages; i++) {
		if (stage->outage[i].to > stage->world.now)
			stage->outage[i].to = stage->world.now;
	}
	for (unsigned i = 0; i < stage->members; i++) {
		if (stage->plan.expires)
			stage->member[i]->node->wall_step_ns = 0;
		if (!sim_is_up(stage->member[i]))
			sim_member_start(stage->member[i]);
	}
	how.loss_ppm = how.duplicate_ppm = how.reorder_ppm = how.corrupt_ppm = 0;
	mvmp_memswitch_impair(stage->world.sw, &how);
	sim_note(stage, "all is well");
	test_node_touch(stage->troublemaker);
}

void sim_trouble_clear(struct sim_stage *stage)
{
	free(stage->trouble);
}
