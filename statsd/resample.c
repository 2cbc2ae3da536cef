/* SPDX-License-Identifier: Apache-2.0 */
#include "resample.h"
#include <string.h>

struct sample {
	uint64_t time_ms, present;
	const uint64_t *value;
};

static void keep(struct mvs_resampler *r, enum mvmp_entity kind, const struct sample *s)
{
	r->time_ms = s->time_ms;
	r->present = s->present;
	memcpy(r->value, s->value, mvmp_entities[kind].metrics * sizeof(uint64_t));
}

/* A counter at a moment between two samples. */
static uint64_t between(
	uint64_t a, uint64_t b, const struct sample *from, const struct sample *to, uint64_t at_ms)
{
	long double part =
		(long double)(at_ms - from->time_ms) / (long double)(to->time_ms - from->time_ms);

	return at_ms == to->time_ms ? b : a + (uint64_t)((long double)(b - a) * part);
}

/* All values at a second; counters that fell are known only at their samples. */
static uint64_t values_at(enum mvmp_entity kind, const struct sample *a, const struct sample *b,
	uint64_t second, uint64_t *value)
{
	const struct mvmp_entity_info *info = &mvmp_entities[kind];
	uint64_t at_ms = second * 1000, known = 0;
	/* A gauge is what the nearest sample said. */
	const struct sample *near = at_ms - a->time_ms < b->time_ms - at_ms ? a : b;

	for (unsigned i = 0; i < info->metrics; i++) {
		uint64_t bit = 1ull << i;
		bool counter = info->metric[i].type == MVMP_COUNTER;

		if (!counter || at_ms == near->time_ms) {
			value[i] = near->value[i];
			known |= near->present & bit;
		} else if (a->present & b->present & bit && b->value[i] >= a->value[i]) {
			value[i] = between(a->value[i], b->value[i], a, b, at_ms);
			known |= bit;
		}
	}
	return known;
}

static void give(struct mvs_resampler *r, enum mvmp_entity kind, const struct sample *a,
	const struct sample *b, uint64_t second, mvs_resampled *row, void *ctx)
{
	uint64_t value[MVMP_METRICS_MAX] = {0};
	uint64_t present = a ? values_at(kind, a, b, second, value) : 0;

	row(ctx, second, present, value);
	r->last_s = second;
	r->ends_unknown = !a;
}

/* The first rows of a life: one of unknowns unless the last row is, then the first whole second
 * that the life has. False when there is no room for both yet. */
static bool begin_life(struct mvs_resampler *r, enum mvmp_entity kind, const struct sample *a,
	const struct sample *b, mvs_resampled *row, void *ctx)
{
	uint64_t first = (a->time_ms + 999) / 1000, last = b->time_ms / 1000;

	if (first <= r->last_s)
		first = r->last_s + 1;
	if (!r->ends_unknown && first == r->last_s + 1)
		first++;
	if (first > last + 1)
		return false;
	if (!r->ends_unknown)
		give(r, kind, NULL, NULL, first - 1, row, ctx);
	if (first > last)
		return false;
	give(r, kind, a, b, first, row, ctx);
	return true;
}

void mvs_resample_break(struct mvs_resampler *r)
{
	r->time_ms = 0;
}

bool mvs_resample(struct mvs_resampler *r, enum mvmp_entity kind, uint64_t time_ms,
	uint64_t present, const uint64_t *value, mvs_resampled *row, void *ctx)
{
	struct sample a = {r->time_ms, r->present, r->value}, b = {time_ms, present, value};

	if (time_ms <= r->time_ms || time_ms / 1000 < r->last_s)
		return false;
	if (!r->time_ms) {
		r->begins = true;
		keep(r, kind, &b);
		return true;
	}
	if (r->begins) {
		r->begins = !begin_life(r, kind, &a, &b, row, ctx);
		if (!r->begins && time_ms / 1000 > r->last_s)
			give(r, kind, &a, &b, time_ms / 1000, row, ctx);
		keep(r, kind, &b);
		return true;
	}
	if (time_ms / 1000 > r->last_s) {
		give(r, kind, &a, &b, time_ms / 1000, row, ctx);
		keep(r, kind, &b);
	}
	return true;
}
