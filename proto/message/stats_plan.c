/* SPDX-License-Identifier: Apache-2.0 */
#include "stats_plan.h"

enum { GROUP_RECORDS_MAX = 4096 };

struct differences {
	uint64_t diff[MVMP_METRICS_MAX], ones[MVMP_METRICS_MAX];
	uint64_t key[KEY_PARTS];
};

static void compare_keys(struct mvmp_stats_plan *plan, struct differences *d,
	const struct mvmp_record *first, const struct mvmp_record *r)
{
	for (unsigned part = 0; part < KEY_PARTS; part++)
		d->key[part] |= stats_key_part(r, part) ^ stats_key_part(first, part);
	if (r != first && !memcmp(r->key.domain, r[-1].key.domain, MVMP_ID_LEN))
		plan->keys |= KEYS_RUNS;
}

static void compare_texts(struct mvmp_stats_plan *plan, unsigned texts,
	const struct mvmp_record *first, const struct mvmp_record *r)
{
	for (unsigned t = 0; t < texts; t++) {
		if (r->text[t][0])
			plan->any |= 1ull << (MVMP_METRICS_MAX + t);
		if (strcmp(r->text[t], first->text[t]) != 0)
			plan->same &= ~(1ull << (MVMP_METRICS_MAX + t));
	}
}

/* Bytes often come in blocks, so that their ends are zeros. Signed values are left alone. */
static void conclude(
	struct mvmp_stats_plan *plan, const struct differences *d, unsigned kind, unsigned metrics)
{
	for (unsigned m = 0; m < metrics; m++) {
		if (metric_is_signed(kind, m))
			plan->is_signed |= 1ull << m;
		else if (d->ones[m] && mvmp_entities[kind].metric[m].unit == MVMP_UNIT_BYTES)
			plan->shift[m] = (uint8_t)__builtin_ctzll(d->ones[m]);
		if (d->diff[m])
			plan->same &= ~(1ull << m);
	}
	for (unsigned part = 0; part < KEY_PARTS; part++) {
		if (d->key[part])
			plan->keys |= (uint8_t)(1u << part);
	}
}

void stats_plan_make(
	struct mvmp_stats_plan *plan, unsigned kind, const struct mvmp_records *records, bool texts)
{
	const struct mvmp_entity_info *info = &mvmp_entities[kind];
	const struct mvmp_record *first = records->at;
	struct differences d = {.diff = {0}};

	*plan = (struct mvmp_stats_plan){
		.all = UINT64_MAX, .all_unsupported = UINT64_MAX, .same = UINT64_MAX, .made = true};
	for (const struct mvmp_record *r = first; r < first + records->count; r++) {
		plan->any |= r->present & ((1ull << info->metrics) - 1);
		plan->all &= r->present;
		plan->any_unsupported |= r->unsupported & ((1ull << info->metrics) - 1);
		plan->all_unsupported &= r->unsupported;
		for (unsigned m = 0; m < info->metrics; m++) {
			d.diff[m] |= r->value[m] ^ first->value[m];
			d.ones[m] |= r->value[m];
		}
		compare_keys(plan, &d, first, r);
		if (texts)
			compare_texts(plan, info->texts, first, r);
	}
	conclude(plan, &d, kind, info->metrics);
	/* One index for all tells records apart only where domains do it already. */
	if (records->count > 1 && (!kind_has_domain(kind) || plan->keys & KEYS_RUNS))
		plan->keys |= 1 << KEY_INDEX;
}

/* Bytes of a column beside the values for each record and the bitmaps. */
static size_t column_overhead(
	const struct stats_group *group, const struct mvmp_stats_plan *plan, unsigned column)
{
	unsigned length = group->length;
	size_t size = 1 + length + 2; /* tag and length of the column, its number */

	if (column >= MVMP_METRICS_MAX) {
		const char *text = group->at->text[column - MVMP_METRICS_MAX];

		return size + (plan->same >> column & 1 ? 2 + strlen(text) : 0);
	}
	if (plan->same >> column & 1)
		size += 2 + varint_size(stats_encoded(plan, column, group->at->value[column]));
	else
		size += 1 + length;
	size += plan->is_signed >> column & 1 || plan->shift[column] ? 2 : 0;
	return size + (plan->any_unsupported >> column & 1 ? 1 + length + 1 : 0) +
	       (plan->all >> column & 1 ? 0 : 1 + length);
}

static size_t group_overhead(const struct stats_group *group, const struct mvmp_stats_plan *plan)
{
	unsigned length = group->length;
	size_t size = 1 + length + 2 + 3;

	if (kind_has_domain(group->kind))
		size += 1 + length;
	if (plan->keys & KEYS_RUNS)
		size += 1 + length;
	for (unsigned part = 0; part < KEY_PARTS; part++)
		size += plan->keys >> part & 1 ? 1 + length
					       : 2 + varint_size(stats_key_part(group->at, part));
	for (uint64_t left = group->columns; left; left &= left - 1)
		size += column_overhead(group, plan, (unsigned)__builtin_ctzll(left));
	return size;
}

static size_t key_size(const struct stats_group *group, const struct mvmp_stats_plan *plan,
	const struct mvmp_record *r)
{
	bool again = r != group->at && plan->keys & KEYS_RUNS &&
		     !memcmp(r->key.domain, r[-1].key.domain, MVMP_ID_LEN);
	size_t size = 0;

	if (kind_has_domain(group->kind) && !again)
		size += MVMP_ID_LEN + (plan->keys & KEYS_RUNS ? 2 : 0);
	for (unsigned left = plan->keys & (KEYS_RUNS - 1u); left; left &= left - 1)
		size += varint_size(stats_key_part(r, (enum key_part)__builtin_ctz(left)));
	return size;
}

static size_t texts_size(const struct mvmp_record *r, uint64_t texts)
{
	size_t size = 0;

	for (; texts; texts &= texts - 1)
		size += 2 + strlen(r->text[__builtin_ctzll(texts)]);
	return size;
}

void stats_group_fit(struct stats_group *group, const struct mvmp_stats_plan *plan,
	uint32_t available, size_t room)
{
	const uint64_t metrics = (1ull << MVMP_METRICS_MAX) - 1;
	const uint64_t varying = group->columns & ~plan->same;
	const uint64_t bitmaps = group->columns & metrics & (~plan->all | plan->any_unsupported);
	size_t used = group_overhead(group, plan);
	uint32_t n;

	if (available > GROUP_RECORDS_MAX)
		available = GROUP_RECORDS_MAX;
	for (n = 0; n < available; n++) {
		const struct mvmp_record *r = &group->at[n];

		used += key_size(group, plan, r);
		if (n % 8 == 0)
			used += 2u * (unsigned)__builtin_popcountll(bitmaps);
		for (uint64_t left = varying & r->present & metrics; left; left &= left - 1) {
			unsigned m = (unsigned)__builtin_ctzll(left);

			used += varint_size(stats_encoded(plan, m, r->value[m]));
		}
		if (varying & ~metrics)
			used += texts_size(r, varying >> MVMP_METRICS_MAX);
		if (used > room)
			break;
	}
	group->count = n;
}
