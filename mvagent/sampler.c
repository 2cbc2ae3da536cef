/* SPDX-License-Identifier: Apache-2.0 */
#include "sampler.h"
#include <errno.h>
#include <string.h>

void mva_sampler_clear(struct mva_sampler *s)
{
	for (unsigned i = 0; i < MVA_SHOTS; i++)
		mvmp_sample_free(&s->shot[i].sample);
	mva_aged_clear(&s->aged);
}

struct mva_shot *mva_shot_hold(struct mva_shot *shot)
{
	shot->refs++;
	return shot;
}

void mva_shot_release(struct mva_shot *shot)
{
	if (shot)
		shot->refs--;
}

struct mva_shot *mva_sampler_blank(struct mva_sampler *s)
{
	for (unsigned i = 0; i < MVA_SHOTS; i++) {
		struct mva_shot *shot = &s->shot[i];

		if (shot->refs)
			continue;
		if (s->latest == shot)
			s->latest = NULL;
		mvmp_sample_reset(&shot->sample);
		return mva_shot_hold(shot);
	}
	return NULL;
}

/* Whole samples become the newest of the two that are kept. */
static void keep(struct mva_sampler *s, struct mva_shot *shot)
{
	bool apart = s->last && shot->taken - s->last->taken >= MVA_RATE_MS * MVMP_NS_PER_MS;

	if (apart) {
		mva_shot_release(s->previous);
		s->previous = s->last;
	} else {
		mva_shot_release(s->last);
	}
	s->last = mva_shot_hold(shot);
}

static bool serves(const struct mva_sampler *s, const struct mva_shot *shot, uint32_t kinds,
	uint64_t age_ns, uint64_t now)
{
	return shot && now - shot->taken <= age_ns && !(kinds & ~shot->sample.kinds) &&
	       shot->sample.number >= s->valid_from;
}

struct mva_shot *mva_sampler_recent(
	struct mva_sampler *s, uint32_t kinds, uint64_t age_ns, uint64_t now)
{
	if (serves(s, s->latest, kinds, age_ns, now))
		return mva_shot_hold(s->latest);
	if (serves(s, s->last, kinds, age_ns, now))
		return mva_shot_hold(s->last);
	return mva_sampler_take(s, kinds, now);
}

void mva_sampler_invalidate(struct mva_sampler *s)
{
	s->valid_from = s->number + 1;
}

/* The sample before, if it makes an honest rate with `shot`. */
static struct mva_shot *previous_of(const struct mva_sampler *s, const struct mva_shot *shot)
{
	struct mva_shot *p = s->previous;

	if (!p || p == shot || shot->taken < p->taken + MVA_RATE_MS * MVMP_NS_PER_MS ||
		shot->taken - p->taken > MVA_PREVIOUS_AGE_MAX_S * MVMP_NS_PER_S)
		return NULL;
	return p;
}

struct mva_shot *mva_sampler_before(struct mva_sampler *s, const struct mva_shot *shot)
{
	struct mva_shot *p = previous_of(s, shot), *own;

	if (!p)
		return NULL;
	own = mva_aged_repeated(&s->aged, &p->sample) ? mva_sampler_blank(s) : NULL;
	if (!own)
		return mva_shot_hold(p);
	if (mvmp_sample_copy(&own->sample, &p->sample)) {
		mva_shot_release(own);
		return mva_shot_hold(p);
	}
	own->taken = p->taken;
	mva_aged_step_back(&s->aged, &own->sample);
	return own;
}

struct mva_shot *mva_sampler_take(struct mva_sampler *s, uint32_t kinds, uint64_t now)
{
	struct mva_shot *shot = s->latest;
	struct mvmp_sample *sample;

	if (serves(s, shot, kinds, 0, now))
		return mva_shot_hold(shot);
	shot = mva_sampler_blank(s);
	if (!shot)
		return NULL;
	sample = &shot->sample;
	sample->number = ++s->number;
	sample->mono_ns = now;
	sample->wall_ns = s->wall_ns(s->ctx);
	memcpy(sample->instance, s->instance, MVMP_ID_LEN);
	memcpy(sample->host_boot, s->host_boot, MVMP_ID_LEN);
	shot->taken = now;
	/* Half a sample would say that the rest has gone. */
	if (s->backend->ops->sample(s->backend, kinds, sample) || sample->starved) {
		s->failures++;
		mva_shot_release(shot);
		return NULL;
	}
	sample->simulated = s->backend->ops->simulated;
	mva_aged_note(&s->aged, sample);
	s->latest = shot;
	if (kinds == MVA_KINDS_ALL)
		keep(s, shot);
	return shot;
}

static bool wanted(const struct mvmp_record *r, const uint8_t (*domain)[MVMP_ID_LEN], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (memcmp(r->key.domain, domain[i], MVMP_ID_LEN) == 0)
			return true;
	}
	return false;
}

int mva_sample_filter(struct mvmp_sample *to, const struct mvmp_sample *from,
	const uint8_t (*domain)[MVMP_ID_LEN], unsigned domains)
{
	struct mvmp_records kept[MVMP_ENTITY_COUNT];

	mvmp_sample_reset(to);
	memcpy(kept, to->kind, sizeof kept);
	*to = *from; /* but the arrays are its own */
	memcpy(to->kind, kept, sizeof kept);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		const struct mvmp_records *records = &from->kind[kind];

		for (uint32_t i = 0; i < records->count; i++) {
			struct mvmp_record *r;

			if (kind >= MVMP_DOMAIN && !wanted(&records->at[i], domain, domains))
				continue;
			r = mvmp_sample_add(to, kind);
			if (!r)
				return -ENOMEM;
			*r = records->at[i];
		}
	}
	return 0;
}
