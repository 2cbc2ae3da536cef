/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mva_baseline_drop(struct mva_baseline *b)
{
	for (unsigned i = 0; i < b->counters; i++) {
		free(b->counter[i].name);
		free(b->counter[i].value);
	}
	free(b->counter);
	*b = (struct mva_baseline){0};
}

void mva_baselines_clear(struct mva_baselines *baselines)
{
	for (unsigned i = 0; i < MVA_BASELINES_MAX; i++)
		mva_baseline_drop(&baselines->at[i]);
}

struct mva_baseline *mva_baseline_find(
	struct mva_baselines *baselines, uint64_t serial, uint64_t now)
{
	for (unsigned i = 0; i < MVA_BASELINES_MAX; i++) {
		struct mva_baseline *b = &baselines->at[i];

		if (b->serial != serial || !b->used_ns)
			continue;
		b->used_ns = now;
		return b;
	}
	return NULL;
}

static struct mva_baseline *least_used(struct mva_baselines *baselines)
{
	struct mva_baseline *least = &baselines->at[0];

	for (unsigned i = 1; i < MVA_BASELINES_MAX; i++) {
		if (baselines->at[i].used_ns < least->used_ns)
			least = &baselines->at[i];
	}
	return least;
}

const struct mva_baseline_counter *mva_baseline_counter(
	const struct mva_baseline *b, const char *name, bool arrays)
{
	for (unsigned i = 0; b && i < b->counters; i++) {
		if (b->counter[i].arrays == arrays && strcmp(b->counter[i].name, name) == 0)
			return &b->counter[i];
	}
	return NULL;
}

static struct mva_baseline_counter *add(struct mva_baseline *b, const char *name, bool arrays)
{
	struct mva_baseline_counter *c =
		(struct mva_baseline_counter *)mva_baseline_counter(b, name, arrays);

	if (c)
		return c;
	if (b->counters == b->capacity) {
		unsigned capacity = b->capacity ? b->capacity * 2 : 64;

		c = realloc(b->counter, capacity * sizeof *c);
		if (!c)
			return NULL;
		b->counter = c;
		b->capacity = capacity;
	}
	c = &b->counter[b->counters];
	*c = (struct mva_baseline_counter){.name = strdup(name), .arrays = arrays};
	b->counters += c->name != NULL;
	return c->name ? c : NULL;
}

static int take(struct mva_baseline *b, const struct mva_perf_counter *from, bool arrays)
{
	struct mva_baseline_counter *c = add(b, from->name, arrays);

	if (!c)
		return -ENOMEM;
	if (!c->value || c->values != from->values) {
		free(c->value);
		c->values = 0;
		c->value = calloc(from->values + 1, sizeof *c->value);
		if (!c->value)
			return -ENOMEM;
		c->values = from->values;
	}
	c->total = from->total;
	if (from->values)
		memcpy(c->value, from->value, from->values * sizeof *c->value);
	return 0;
}

int mva_baseline_take(
	struct mva_baseline *b, const struct mva_perf *perf, bool arrays, const char *name)
{
	int taken = 0;

	for (unsigned i = 0; i < perf->counters; i++) {
		const struct mva_perf_counter *c = &perf->counter[i];

		if (c->level || c->unsupported || (name && strcmp(name, c->name) != 0))
			continue;
		if (take(b, c, arrays))
			return -ENOMEM;
		taken++;
	}
	b->reset_ns = perf->now_ns;
	return taken;
}

int mva_baseline_begin(
	struct mva_baselines *baselines, uint64_t serial, uint64_t now, struct mva_baseline *ret)
{
	const struct mva_baseline *old = mva_baseline_find(baselines, serial, now);

	*ret = (struct mva_baseline){.serial = serial, .used_ns = now ? now : 1};
	for (unsigned i = 0; old && i < old->counters; i++) {
		const struct mva_baseline_counter *c = &old->counter[i];
		struct mva_perf_counter from = {
			.name = c->name, .total = c->total, .value = c->value, .values = c->values};

		if (take(ret, &from, c->arrays)) {
			mva_baseline_drop(ret);
			return -ENOMEM;
		}
	}
	return 0;
}

void mva_baseline_keep(struct mva_baselines *baselines, struct mva_baseline *b)
{
	struct mva_baseline *place = mva_baseline_find(baselines, b->serial, b->used_ns);

	if (!place)
		place = least_used(baselines); /* one that is free was never used */
	mva_baseline_drop(place);
	*place = *b;
}
