/* SPDX-License-Identifier: Apache-2.0 */
#include "aged.h"
#include <mvmp/limits.h>
#include <stdlib.h>

/* A backend looks at its clock a little after the sample's time: the same measurement seems to be
 * made at slightly different times. No device is asked that often. */
static const uint64_t slack_ns = 50 * MVMP_NS_PER_MS;

void mva_aged_clear(struct mva_aged *aged)
{
	free(aged->at);
	*aged = (struct mva_aged){0};
}

static bool is_of(
	const struct mva_aged_record *a, enum mvmp_entity kind, const struct mvmp_key *key)
{
	return a->kind == kind && mvmp_key_equal(&a->now.key, key);
}

/* Devices come in the same order each time: *hint is where this one is looked for first. */
static struct mva_aged_record *find(const struct mva_aged *aged, enum mvmp_entity kind,
	const struct mvmp_key *key, uint32_t *hint)
{
	for (uint32_t n = 0; n < aged->count; n++) {
		uint32_t i = (*hint + n) % aged->count;

		if (!is_of(&aged->at[i], kind, key))
			continue;
		*hint = i + 1;
		return &aged->at[i];
	}
	return NULL;
}

static struct mva_aged_record *add(struct mva_aged *aged, enum mvmp_entity kind)
{
	if (aged->count == aged->capacity) {
		uint32_t capacity = aged->capacity ? aged->capacity * 2 : 16;
		struct mva_aged_record *at = realloc(aged->at, capacity * sizeof *at);

		if (!at)
			return NULL;
		aged->at = at;
		aged->capacity = capacity;
	}
	aged->at[aged->count] = (struct mva_aged_record){.kind = kind};
	return &aged->at[aged->count++];
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void take(struct mva_aged_record *a, struct mvmp_record *r, uint64_t mono_ns)
{
	uint64_t at = mono_ns - r->age_ns;
	bool same_life = a->now.incarnation == r->incarnation;

	a->seen = true;
	if (same_life && apart(at, a->now.age_ns) <= slack_ns && a->now.age_ns < mono_ns) {
		r->age_ns = mono_ns - a->now.age_ns;
		return;
	}
	a->before = a->now;
	a->has_before = same_life;
	a->now = *r;
	a->now.age_ns = at;
}

static void note_record(struct mva_aged *aged, enum mvmp_entity kind, struct mvmp_record *r,
	uint64_t mono_ns, uint32_t *hint)
{
	struct mva_aged_record *a = find(aged, kind, &r->key, hint);

	if (a) {
		take(a, r, mono_ns);
		return;
	}
	a = add(aged, kind);
	if (!a)
		return;
	a->now = *r;
	a->now.age_ns = mono_ns - r->age_ns;
	a->seen = true;
}

void mva_aged_note(struct mva_aged *aged, struct mvmp_sample *sample)
{
	uint32_t hint = 0, kept = 0;

	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		struct mvmp_records *records = &sample->kind[kind];

		for (uint32_t i = 0; i < records->count; i++) {
			struct mvmp_record *r = &records->at[i];

			if (r->age_ns && r->age_ns < sample->mono_ns)
				note_record(aged, kind, r, sample->mono_ns, &hint);
		}
	}
	for (uint32_t i = 0; i < aged->count; i++) {
		if (!aged->at[i].seen && sample->kinds >> aged->at[i].kind & 1)
			continue;
		aged->at[kept] = aged->at[i];
		aged->at[kept++].seen = false;
	}
	aged->count = kept;
}

static const struct mva_aged_record *repeated(const struct mva_aged *aged, enum mvmp_entity kind,
	const struct mvmp_record *r, uint64_t mono_ns, uint32_t *hint)
{
	const struct mva_aged_record *a = r->age_ns ? find(aged, kind, &r->key, hint) : NULL;

	return a && a->has_before && a->now.incarnation == r->incarnation &&
			       mono_ns - r->age_ns == a->now.age_ns
		       ? a
		       : NULL;
}

bool mva_aged_repeated(const struct mva_aged *aged, const struct mvmp_sample *sample)
{
	uint32_t hint = 0;

	for (unsigned kind = 0; aged->count && kind < MVMP_ENTITY_COUNT; kind++) {
		const struct mvmp_records *records = &sample->kind[kind];

		for (uint32_t i = 0; i < records->count; i++) {
			if (repeated(aged, kind, &records->at[i], sample->mono_ns, &hint))
				return true;
		}
	}
	return false;
}

void mva_aged_step_back(const struct mva_aged *aged, struct mvmp_sample *sample)
{
	uint32_t hint = 0;

	for (unsigned kind = 0; aged->count && kind < MVMP_ENTITY_COUNT; kind++) {
		struct mvmp_records *records = &sample->kind[kind];

		for (uint32_t i = 0; i < records->count; i++) {
			struct mvmp_record *r = &records->at[i];
			const struct mva_aged_record *a =
				repeated(aged, kind, r, sample->mono_ns, &hint);

			if (!a)
				continue;
			*r = a->before;
			r->age_ns = sample->mono_ns - a->before.age_ns;
		}
	}
}
