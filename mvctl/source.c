/* SPDX-License-Identifier: Apache-2.0 */
#include "mvctl.h"
#include "view.h"
#include <stdlib.h>
#include <string.h>

enum { WAITING_S = 30 }; /* block statistics have an interval of their own, well below this */

void mvctl_source_clear(struct mvctl_source *source)
{
	for (unsigned i = 0; i < source->capabilities; i++) {
		free(source->capability[i].name);
		free(source->capability[i].reason);
	}
	free(source->capability);
	mvmp_sample_free(&source->after);
	mvmp_sample_free(&source->before);
	memset(source, 0, sizeof *source);
}

void mvctl_source_add_capability(struct mvctl_source *source, const char *name, const char *reason)
{
	struct mvctl_capability *capability;

	source->capability = mvctl_grow(
		source->capability, source->capabilities + 1, sizeof source->capability[0]);
	capability = &source->capability[source->capabilities++];
	capability->name = mvctl_clean(mvctl_text(name));
	capability->reason = mvctl_clean(mvctl_text(reason));
}

/* Which capability stands behind metrics that begin so, where it has not their name. */
static const struct {
	const char *metric, *capability;
} behind[] = {
	{"freq", "cpufreq"},
	{"throttle", "cpufreq"},
	{"temp", "temperature"},
	{"energy", "rapl"},
	{"mem_err", "edac"},
	{"psi_", "psi"},
	{"mem_unused", "balloon"},
	{"mem_stat_age", "balloon"},
	{"numa_", "numa"},
	{"wait_ns", "wait"},
	{"swap_in", "swapping"},
	{"swap_out", "swapping"},
	{"max_util", "max_util"},
	{"guest_ns", "guest_time"},
	{"interruption", "guest_time"},
};

static const char *find_reason(const struct mvctl_source *source, const char *name)
{
	for (unsigned i = 0; i < source->capabilities; i++) {
		if (!strcmp(source->capability[i].name, name))
			return source->capability[i].reason;
	}
	return NULL;
}

/* By "vbd.outstanding", else by "outstanding". */
static const char *find_reason_of(
	const struct mvctl_source *source, enum mvmp_entity kind, const char *name)
{
	char full[64];
	const char *reason;

	snprintf(full, sizeof full, "%s.%s", mvmp_entities[kind].name, name);
	reason = find_reason(source, full);
	return reason ? reason : find_reason(source, name);
}

const char *mvctl_unsupported_reason(
	const struct mvctl_source *source, enum mvmp_entity kind, const char *metric)
{
	const char *reason = find_reason_of(source, kind, metric);

	for (unsigned i = 0; !reason && i < sizeof behind / sizeof behind[0]; i++) {
		if (!strncmp(metric, behind[i].metric, strlen(behind[i].metric)))
			reason = find_reason_of(source, kind, behind[i].capability);
	}
	return reason ? reason : "this node cannot tell";
}

/* The record of an entity; samples of one node keep their order, mostly: `index` is tried first. */
static const struct mvmp_record *find_record(const struct mvmp_sample *sample,
	enum mvmp_entity kind, const struct mvmp_key *key, size_t index)
{
	const struct mvmp_records *records = &sample->kind[kind];

	if (index < records->count && mvmp_key_equal(&records->at[index].key, key))
		return &records->at[index];
	return mvmp_sample_find(sample, kind, key);
}

const struct mvmp_record *mvctl_earlier(
	const struct mvctl_source *source, enum mvmp_entity kind, const struct mvmp_record *now)
{
	size_t index = (size_t)(now - source->after.kind[kind].at);

	return find_record(&source->before, kind, &now->key, index);
}

bool mvctl_pair_rate(double *ret, const struct mvctl_pair *pair, unsigned metric)
{
	return pair->before && mvmp_rate(ret, &pair->source->before, pair->before,
				       &pair->source->after, pair->now, metric);
}

static bool same_run(const struct mvmp_sample *a, const struct mvmp_sample *b)
{
	return !memcmp(a->instance, b->instance, MVMP_ID_LEN) &&
	       !memcmp(a->host_boot, b->host_boot, MVMP_ID_LEN);
}

/* Takes the older record over, its age counted from the newer sample's time. */
static void replace_older(struct mvmp_record *record, const struct mvmp_sample *newer,
	const struct mvmp_sample *older, const struct mvmp_record *from)
{
	*record = *from;
	record->age_ns += newer->mono_ns - older->mono_ns;
}

static void keep_older_kind(
	struct mvctl_source *source, const struct mvmp_sample *oldest, enum mvmp_entity kind)
{
	struct mvmp_sample *before = &source->before;
	const struct mvmp_sample *after = &source->after;

	for (uint32_t i = 0; i < before->kind[kind].count; i++) {
		struct mvmp_record *record = &before->kind[kind].at[i];
		const struct mvmp_record *now = find_record(after, kind, &record->key, i);
		const struct mvmp_record *old;

		if (!now || !now->age_ns ||
			before->mono_ns - record->age_ns != after->mono_ns - now->age_ns)
			continue;
		old = find_record(oldest, kind, &record->key, i);
		if (old && old->incarnation == now->incarnation)
			replace_older(record, before, oldest, old);
	}
}

void mvctl_keep_older(struct mvctl_source *source, const struct mvmp_sample *oldest)
{
	if (!same_run(&source->before, oldest) || !same_run(&source->before, &source->after) ||
		source->before.mono_ns < oldest->mono_ns)
		return;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		keep_older_kind(source, oldest, (enum mvmp_entity)kind);
}

const char *mvctl_reason_name(unsigned reason)
{
	static const char *const names[] = {
		NULL, "hung", "migrating", "no-libvirt", "denied", "waiting"};

	return reason < sizeof names / sizeof names[0] ? names[reason] : "unknown";
}

static bool is_stale(const struct mvctl_source *source, const struct mvmp_record *record)
{
	uint64_t age = record->age_ns + source->extra_age_ns;
	uint64_t limit = 2 * (source->interval_ns ? source->interval_ns : MVMP_NS_PER_S);

	if (record->reason == MVMP_REASON_WAITING)
		limit = WAITING_S * MVMP_NS_PER_S;
	return age > limit;
}

void mvctl_measure(struct mvctl_measured *ret, const struct mvctl_source *source,
	const struct mvmp_record *record)
{
	bool stale = is_stale(source, record);
	bool last_good = record->quality == MVMP_LAST_GOOD;
	bool never = last_good && !record->present;

	/* What is measured at an interval of its own is as it should be between two answers. */
	if (record->reason == MVMP_REASON_WAITING && !stale && !never)
		last_good = false;

	*ret = (struct mvctl_measured){
		.has = true,
		.simulated = source->after.simulated,
		.never = never,
		.stale = stale || (last_good && !never),
		.age_ns = record->age_ns + source->extra_age_ns,
		.sampled_wall_ns = source->after.wall_ns > record->age_ns
					   ? source->after.wall_ns - record->age_ns
					   : 0,
		.quality = last_good ? "last_good"
			   : stale   ? "stale"
				     : "fresh",
		.reason = last_good ? mvctl_reason_name(record->reason) : NULL,
	};
}
