/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mvs_snapshot_reset(struct mvs_snapshot *snapshot)
{
	mvmp_sample_reset(&snapshot->sample);
	memset(snapshot->fresh, 0, sizeof snapshot->fresh);
	snapshot->complete = false;
	if (snapshot->slot)
		memset(snapshot->slot, 0, snapshot->slots * sizeof *snapshot->slot);
}

void mvs_snapshot_free(struct mvs_snapshot *snapshot)
{
	mvmp_sample_free(&snapshot->sample);
	free(snapshot->slot);
	memset(snapshot, 0, sizeof *snapshot);
}

static uint32_t hash_of(enum mvmp_entity kind, const struct mvmp_key *key)
{
	uint64_t high, low, h;

	memcpy(&high, key->domain, sizeof high);
	memcpy(&low, key->domain + 8, sizeof low);
	h = (high ^ (low << 1 | low >> 63)) + (uint64_t)key->index * 0x9e3779b97f4a7c15ull + kind;
	h *= 0xff51afd7ed558ccdull;
	return (uint32_t)(h >> 32);
}

static const struct mvmp_record *record_at(
	const struct mvs_snapshot *snapshot, enum mvmp_entity kind, uint32_t slot)
{
	const struct mvmp_records *records = &snapshot->sample.kind[kind];

	return slot && slot <= records->count ? &records->at[slot - 1] : NULL;
}

/* Slots of all kinds share the table: a slot tells a position, the probe compares the key in
 * the wanted kind's array, so a foreign slot does not match or matches rightly. */
static void index_record(struct mvs_snapshot *snapshot, enum mvmp_entity kind, uint32_t position)
{
	const struct mvmp_key *key = &snapshot->sample.kind[kind].at[position].key;
	uint32_t at = hash_of(kind, key) & (snapshot->slots - 1);

	while (snapshot->slot[at])
		at = (at + 1) & (snapshot->slots - 1);
	snapshot->slot[at] = position + 1;
}

static uint32_t count_records(const struct mvs_snapshot *snapshot)
{
	uint32_t n = 0;

	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		n += snapshot->sample.kind[kind].count;
	return n;
}

int mvs_snapshot_index(struct mvs_snapshot *snapshot)
{
	uint32_t wanted = 64;

	while (wanted < 2 * count_records(snapshot))
		wanted *= 2;
	if (wanted > snapshot->slots) {
		uint32_t *slot = realloc(snapshot->slot, wanted * sizeof *slot);

		if (!slot)
			return -ENOMEM;
		snapshot->slot = slot;
		snapshot->slots = wanted;
	}
	memset(snapshot->slot, 0, snapshot->slots * sizeof *snapshot->slot);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		for (uint32_t i = 0; i < snapshot->sample.kind[kind].count; i++)
			index_record(snapshot, kind, i);
	}
	return 0;
}

const struct mvmp_record *mvs_snapshot_find(
	const struct mvs_snapshot *snapshot, enum mvmp_entity kind, const struct mvmp_key *key)
{
	uint32_t at;

	if (!snapshot->slots)
		return NULL;
	for (at = hash_of(kind, key) & (snapshot->slots - 1); snapshot->slot[at];
		at = (at + 1) & (snapshot->slots - 1)) {
		const struct mvmp_record *r = record_at(snapshot, kind, snapshot->slot[at]);

		if (r && mvmp_key_equal(&r->key, key))
			return r;
	}
	return NULL;
}

static void carry_texts(struct mvmp_record *to, const struct mvmp_record *from, unsigned texts)
{
	for (unsigned i = 0; i < texts; i++) {
		if (!to->text[i][0])
			memcpy(to->text[i], from->text[i], sizeof to->text[i]);
	}
}

struct carrier {
	struct mvs_snapshot *to;
	const struct mvs_snapshot *before;
	uint64_t age_ns, oldest_ns;
	uint32_t room;
};

static void carry_record(struct carrier *carrier, enum mvmp_entity kind, uint32_t position)
{
	const struct mvmp_record *from = &carrier->before->sample.kind[kind].at[position];
	bool was_fresh = position < carrier->before->fresh[kind];
	struct mvmp_record *record;

	if (!was_fresh && from->age_ns + carrier->age_ns > carrier->oldest_ns)
		return;
	record = carrier->room ? mvmp_sample_add(&carrier->to->sample, kind) : NULL;
	if (!record)
		return;
	carrier->room--;
	*record = *from;
	record->age_ns += carrier->age_ns;
	record->quality = MVMP_LAST_GOOD;
}

static void carry_kind(struct carrier *carrier, enum mvmp_entity kind)
{
	const struct mvmp_records *old = &carrier->before->sample.kind[kind];
	struct mvs_snapshot *to = carrier->to;
	bool may_miss = !to->complete || !(to->sample.kinds >> kind & 1);

	for (uint32_t i = 0; i < old->count; i++) {
		/* Found records are this sample's own: the pointer may be written through. */
		struct mvmp_record *found =
			(struct mvmp_record *)mvs_snapshot_find(to, kind, &old->at[i].key);

		if (found)
			carry_texts(found, &old->at[i], mvmp_entities[kind].texts);
		else if (may_miss)
			carry_record(carrier, kind, i);
	}
}

static bool same_boot(const struct mvmp_sample *a, const struct mvmp_sample *b)
{
	return memcmp(a->host_boot, b->host_boot, MVMP_ID_LEN) == 0 && a->mono_ns >= b->mono_ns;
}

void mvs_snapshot_carry(struct mvs_snapshot *to, const struct mvs_snapshot *before,
	uint64_t oldest_ns, uint32_t room)
{
	struct carrier carrier = {.to = to,
		.before = before,
		.age_ns = to->sample.mono_ns - before->sample.mono_ns,
		.oldest_ns = oldest_ns,
		.room = room};

	if (!same_boot(&to->sample, &before->sample))
		return;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		carry_kind(&carrier, kind);
	to->sample.kinds |= before->sample.kinds;
}
