/* SPDX-License-Identifier: Apache-2.0 */
#include "stats_fixture.h"
#include <stdio.h>
#include <string.h>

uint64_t fixture_random(struct fixture_random *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void fill_wild(struct mvmp_record *r, unsigned kind, struct fixture_random *rnd)
{
	static const char *const texts[] = {"", "web-07", "\xc3\xa4\xe2\x82\xac",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};

	for (unsigned m = 0; m < mvmp_entities[kind].metrics; m++) {
		switch (fixture_random(rnd) % 8) {
		case 0:
			break;
		case 1:
			r->unsupported |= 1ull << m;
			break;
		default:
			mvmp_set(r, m, fixture_random(rnd) >> fixture_random(rnd) % 64);
		}
	}
	for (unsigned t = 0; t < mvmp_entities[kind].texts; t++)
		mvmp_set_text(r, t, texts[fixture_random(rnd) % 4]);
	r->incarnation = (uint32_t)fixture_random(rnd);
	r->age_ns = fixture_random(rnd) >> 20;
	r->quality = fixture_random(rnd) & 1;
	r->reason = fixture_random(rnd) % 6;
}

static void fill_plain(struct mvmp_record *r, unsigned kind, struct fixture_random *rnd)
{
	for (unsigned m = 0; m < mvmp_entities[kind].metrics; m++)
		mvmp_set(r, m, fixture_random(rnd) >> (20 + m));
	for (unsigned t = 0; t < mvmp_entities[kind].texts; t++)
		mvmp_set_text(r, t, mvmp_entities[kind].text_name[t]);
	r->incarnation = 3;
}

static void add(struct mvmp_sample *to, unsigned kind, const uint8_t *domain, uint32_t index,
	bool wild, struct fixture_random *rnd)
{
	struct mvmp_record *r = mvmp_sample_add(to, kind);

	if (domain)
		memcpy(r->key.domain, domain, MVMP_ID_LEN);
	r->key.index = index;
	if (wild)
		fill_wild(r, kind, rnd);
	else
		fill_plain(r, kind, rnd);
}

void fixture_sample(struct mvmp_sample *to, unsigned domains, bool wild, uint64_t seed)
{
	struct fixture_random rnd = {seed};

	mvmp_sample_reset(to);
	to->number = seed;
	to->wall_ns = 1790000000000000000ull;
	to->mono_ns = 86400000000000ull;
	to->simulated = true;
	to->kinds = (1u << MVMP_ENTITY_COUNT) - 1;
	memset(to->instance, 0x11, MVMP_ID_LEN);
	memset(to->host_boot, 0x22, MVMP_ID_LEN);
	add(to, MVMP_NODE, NULL, 0, wild, &rnd);
	for (uint32_t i = 0; i < 8; i++)
		add(to, MVMP_PCPU, NULL, i, wild, &rnd);
	add(to, MVMP_NUMA, NULL, 0, wild, &rnd);
	for (unsigned d = 0; d < domains; d++) {
		uint64_t uuid[2] = {fixture_random(&rnd), fixture_random(&rnd)};

		add(to, MVMP_DOMAIN, (uint8_t *)uuid, 0, wild, &rnd);
		for (uint32_t i = 0; i < 2; i++) {
			add(to, MVMP_VCPU, (uint8_t *)uuid, i, wild, &rnd);
			add(to, MVMP_VIF, (uint8_t *)uuid, i, wild, &rnd);
			add(to, MVMP_VBD, (uint8_t *)uuid, i, wild, &rnd);
		}
	}
}

static bool record_equal(const struct mvmp_record *a, const struct mvmp_record *b)
{
	if (!mvmp_key_equal(&a->key, &b->key) || a->incarnation != b->incarnation ||
		a->age_ns != b->age_ns || a->quality != b->quality || a->reason != b->reason ||
		a->present != b->present || a->unsupported != b->unsupported)
		return false;
	for (unsigned m = 0; m < MVMP_METRICS_MAX; m++) {
		if (mvmp_has(a, m) && a->value[m] != b->value[m])
			return false;
	}
	return !memcmp(a->text, b->text, sizeof a->text);
}

static bool fields_equal(const struct mvmp_sample *a, const struct mvmp_sample *b)
{
	return a->number == b->number && a->wall_ns == b->wall_ns && a->mono_ns == b->mono_ns &&
	       !memcmp(a->instance, b->instance, MVMP_ID_LEN) &&
	       !memcmp(a->host_boot, b->host_boot, MVMP_ID_LEN) && a->simulated == b->simulated &&
	       a->kinds == b->kinds;
}

bool fixture_equal(const struct mvmp_sample *a, const struct mvmp_sample *b)
{
	if (!fields_equal(a, b)) {
		printf("the samples' own fields differ\n");
		return false;
	}
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		if (a->kind[kind].count != b->kind[kind].count) {
			printf("%s: %u and %u\n", mvmp_entities[kind].plural, a->kind[kind].count,
				b->kind[kind].count);
			return false;
		}
		for (uint32_t i = 0; i < a->kind[kind].count; i++) {
			if (record_equal(&a->kind[kind].at[i], &b->kind[kind].at[i]))
				continue;
			printf("%s %u differ\n", mvmp_entities[kind].name, i);
			return false;
		}
	}
	return true;
}
