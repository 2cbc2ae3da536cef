/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* From frames to the live table, and from finished samples to rows of the store. */

static const uint64_t untimely_told_ns = 600 * MVMP_NS_PER_S;

/* Counters belong to one life: of the entity, of the program that sampled (some are its own),
 * of the host. FNV-1a over the three. */
static uint64_t life_of(const struct mvmp_sample *sample, const struct mvmp_record *record)
{
	uint64_t h = 14695981039346656037ull;

	for (unsigned i = 0; i < MVMP_ID_LEN; i++) {
		h = (h ^ sample->instance[i]) * 1099511628211ull;
		h = (h ^ sample->host_boot[i]) * 1099511628211ull;
	}
	h = (h ^ record->incarnation) * 1099511628211ull;
	return h ? h : 1; /* 0 is "not known" */
}

/* Store time of a record: when it was measured, not when the sample was made. */
static uint64_t record_ms(
	const struct mvs_node *node, const struct mvmp_sample *sample, const struct mvmp_record *r)
{
	uint64_t measured = r->age_ns < sample->mono_ns ? sample->mono_ns - r->age_ns : 0;

	return mvs_timeline_ms(&node->core->timeline, mvs_offset_apply(&node->offset, measured));
}

/* The text people know an entity by: the domain's or device's name. */
static const char *name_of(enum mvmp_entity kind, const struct mvmp_record *record)
{
	bool named = kind == MVMP_NODE || kind == MVMP_POOL || kind == MVMP_DOMAIN ||
		     kind == MVMP_VIF || kind == MVMP_VBD;

	return named ? record->text[0] : ""; /* each kind's first text is its name */
}

/* Nodes tell times, the store believes those that can be: not to come, and no older than rings
 * reach back. What is too old is one record's age; what is to come is the node's mistake or lie. */
static bool is_timely(struct mvs_node *node, uint64_t time_ms)
{
	struct mvs_core *core = node->core;
	uint64_t now_ms = mvs_timeline_ms(&core->timeline, (int64_t)core->now);
	uint64_t past_ms = MVS_RING_S * 1000ull + 4ull * node->interval_ms;

	if (time_ms <= now_ms + node->interval_ms && time_ms + past_ms >= now_ms)
		return true;
	node->untimely++;
	if (time_ms > now_ms)
		node->untimely_ns = core->now + untimely_told_ns;
	return false;
}

static void store_record(struct mvs_node *node, const struct mvmp_sample *sample,
	enum mvmp_entity kind, const struct mvmp_record *record)
{
	struct mvs_store *store = node->core->config.store;
	uint64_t time_ms = record_ms(node, sample, record);
	struct mvs_file *file;

	/* Not measured yet: a row of now would make the first answer, told with its age, late. */
	if (record->quality == MVMP_LAST_GOOD && !record->present)
		return;
	if (!is_timely(node, time_ms))
		return;
	errno = 0;
	file = mvs_store_file(node->dir, kind, &record->key, true);
	if (!file) {
		node->refused |= errno != ENOMEM;
		return;
	}
	mvs_store_describe(file, name_of(kind, record), sample->simulated);
	mvs_store_put(store, file, time_ms, life_of(sample, record), record);
}

static void store_snapshot(struct mvs_node *node, const struct mvs_snapshot *snapshot)
{
	const struct mvmp_sample *sample = &snapshot->sample;
	uint64_t time_ms = mvs_timeline_ms(
		&node->core->timeline, mvs_offset_apply(&node->offset, sample->mono_ns));

	if (!node->dir && node->name[0])
		mvs_node_adopt_dir(node, true); /* there was no memory for it before */
	if (!node->dir || !node->core->config.store || !is_timely(node, time_ms))
		return;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		for (uint32_t i = 0; i < snapshot->fresh[kind]; i++)
			store_record(node, sample, kind, &sample->kind[kind].at[i]);
	}
	mvs_store_commit(node->core->config.store);
	node->stored_ms = time_ms;
}

/* A rebooted host's monotonic clock has nothing to do with the one before. */
static void check_boot(struct mvs_node *node, const struct mvmp_sample *sample)
{
	if (memcmp(node->host_boot, sample->host_boot, MVMP_ID_LEN) == 0)
		return;
	memcpy(node->host_boot, sample->host_boot, MVMP_ID_LEN);
	mvs_offset_reset(&node->offset);
}

/* While the ring fills what we missed, live samples wait their turn: files take rows in order,
 * and the ring holds this sample too, or the next one is not far. */
static void take_sample(void *ctx, struct mvs_live *live)
{
	struct mvs_node *node = ctx;
	const struct mvs_snapshot *latest = live->now;

	check_boot(node, &latest->sample);
	mvs_offset_update(&node->offset, latest->arrival_ns, latest->sample.mono_ns);
	if (node->phase == MVS_RUNNING)
		store_snapshot(node, latest);
	mvs_claims_update(node, latest->arrival_ns);
}

/* Ring frames are whole samples, oldest first, of which only the store wants to know. */
static void take_ring_frame(struct mvs_node *node, const uint8_t *bytes, size_t len,
	const struct mvmp_sample *fields, uint64_t now)
{
	struct mvmp_stats_head head;
	struct mvmp_sample *sample = &node->ring.sample;

	if (memcmp(fields->host_boot, node->host_boot, MVMP_ID_LEN) || !node->offset.set)
		return; /* of a boot whose clock we do not know */
	if (node->ring.arrival_ns && sample->number != fields->number)
		mvs_node_frame_end(node, now);
	if (!node->ring.arrival_ns) {
		mvs_snapshot_reset(&node->ring);
		node->ring.arrival_ns = now;
	}
	if (!mvs_live_has_room(sample))
		return;
	if (mvmp_stats_unpack(bytes, len, &head, sample) == 0 && head.last)
		mvs_node_frame_end(node, now);
}

void mvs_node_frame_end(struct mvs_node *node, uint64_t now)
{
	struct mvs_snapshot *ring = &node->ring;

	if (!ring->arrival_ns)
		return;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		uint32_t count = ring->sample.kind[kind].count;

		ring->fresh[kind] = count < MVS_RECORDS_PER_NODE ? count : MVS_RECORDS_PER_NODE;
	}
	store_snapshot(node, ring);
	ring->arrival_ns = 0;
}

void mvs_node_frame(
	struct mvs_node *node, const uint8_t *bytes, size_t len, bool numbered, uint64_t now)
{
	struct mvmp_sample fields = {0};
	struct mvmp_stats_head head;

	if (mvmp_stats_peek(bytes, len, &head, &fields))
		return;
	if (numbered && head.subscription != MVS_SUBSCRIPTION)
		return;
	if (head.backfill) {
		if (numbered)
			mvs_live_ring_frame(&node->live, head.sequence);
		take_ring_frame(node, bytes, len, &fields, now);
	} else {
		mvs_live_frame(&node->live, bytes, len, numbered, now, take_sample, node);
	}
	mvs_node_arm(node);
}

void mvs_node_expire(struct mvs_node *node, uint64_t now)
{
	mvs_live_advance(&node->live, now, take_sample, node);
}
