/* SPDX-License-Identifier: Apache-2.0 */

#include "help.h"
#include <fault.h>
#include <mvmp/stats.h>
#include <node.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS = 20, DOMAINS = 20, FRAMES_MAX = 32, ROOM = 300 };

static struct mvs_core core;
static struct bed bed;
static uint64_t sequence;

static uint64_t now_of(uint64_t number)
{
	return number * MVMP_NS_PER_S;
}

static void make_sample(struct mvmp_sample *sample, uint64_t number)
{
	struct mvmp_record *r;

	memset(sample, 0, sizeof *sample);
	sample->number = number;
	sample->mono_ns = now_of(number);
	sample->kinds = 1u << MVMP_PCPU | 1u << MVMP_DOMAIN;
	sample->instance[0] = sample->host_boot[0] = 1;
	for (uint32_t i = 0; i < CPUS; i++) {
		r = mvmp_sample_add(sample, MVMP_PCPU);
		r->key.index = i;
		mvmp_set(r, MVMP_P_BUSY, number * 1000003 + i);
	}
	for (uint8_t i = 0; i < DOMAINS; i++) {
		r = mvmp_sample_add(sample, MVMP_DOMAIN);
		r->key.domain[0] = (uint8_t)(i + 1);
		mvmp_set(r, MVMP_D_ID, i);
		mvmp_set_text(r, MVMP_DT_NAME, "web");
	}
}

/* The frames of a sample into the node, without the one that is lost; what they cost. */
static unsigned give(struct mvs_node *node, uint64_t number, bool backfill, unsigned lost)
{
	static uint8_t bytes[FRAMES_MAX][ROOM];
	struct mvmp_stats_cursor cursor = {.kinds = UINT32_MAX, .texts = true};
	struct mvmp_stats_head head = {
		.subscription = MVS_SUBSCRIPTION, .interval_ms = 1000, .backfill = backfill};
	size_t len[FRAMES_MAX];
	struct mvmp_sample sample;
	unsigned frames = 0, before;
	int rc;

	make_sample(&sample, number);
	cursor.sample = &sample;
	for (;; frames++) {
		assert_true(frames < FRAMES_MAX);
		head.sequence = backfill ? 0 : ++sequence;
		rc = mvmp_stats_pack(&cursor, &head, bytes[frames], ROOM);
		if (rc <= 0)
			break;
		len[frames] = (size_t)rc;
	}
	sequence -= !backfill;
	assert_true(frames > 1);
	mvmp_sample_free(&sample);
	core.now = now_of(number);
	mvs_timeline_update(&core.timeline, core.now, T0 * MVMP_NS_PER_S + core.now);
	before = fault_allocations();
	for (unsigned i = 0; i < frames; i++) {
		if (i != lost)
			mvs_node_frame(node, bytes[i], len[i], true, core.now);
	}
	mvs_node_expire(node, core.now + MVMP_NS_PER_S / 2);
	mvs_store_run(bed.store, core.now);
	return fault_allocations() - before;
}

/* From the frame to the row in its file, once buffers have grown, nothing is allocated: not for
 * samples that come whole, nor where a frame is lost, nor for those of the ring. */
static void steady_ingest_allocates_nothing(void **state)
{
	struct mvs_store_counters counters;
	struct mvs_node *node;
	uint64_t number = 1000;
	unsigned first = 0, later = 0;

	node = mvs_node_add(&core, "r1-n01");
	assert_non_null(node);
	node->dir = bed.dir;
	node->phase = MVS_RUNNING;
	for (; number < 1010; number++)
		first += give(node, number, number % 2, number % 3 ? UINT32_MAX : 1);
	assert_true(first > CPUS + DOMAINS); /* the counting works: files are known by now */
	counters = bed_counters(&bed);
	assert_int_equal(counters.files, CPUS + DOMAINS);
	for (; number < 1200; number++)
		later += give(node, number, number % 2, number % 3 ? UINT32_MAX : 1);
	assert_int_equal(later, 0);
	assert_true(bed_counters(&bed).updates - counters.updates >= 150 * (CPUS + DOMAINS));
	assert_int_equal(bed_counters(&bed).failures, 0);
	assert_int_equal(node->untimely, 0);
	mvs_node_remove(node);
}

static int setup(void **state)
{
	bed_make_fast(&bed);
	core.config =
		(struct mvs_core_config){.store = bed.store, .interval_ms = 1000, .nodes_max = 8};
	return 0;
}

static int teardown(void **state)
{
	bed_remove(&bed);
	free(core.claim);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(steady_ingest_allocates_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
