/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take_line(void *ctx, const char *text)
{
	struct bed *bed = ctx;

	snprintf(bed->said, sizeof bed->said, "%s", text);
	bed->lines++;
}

static void make(struct bed *bed)
{
	strcpy(bed->directory, "/tmp/mvs-store-XXXXXX");
	assert_non_null(mkdtemp(bed->directory));
	bed->now_ns = 1000 * MVMP_NS_PER_S;
	bed_open(bed);
}

void bed_make(struct bed *bed)
{
	memset(bed, 0, sizeof *bed);
	make(bed);
}

void bed_make_fast(struct bed *bed)
{
	memset(bed, 0, sizeof *bed);
	bed->fast = true;
	make(bed);
}

void bed_make_cached(struct bed *bed, const char *socket)
{
	memset(bed, 0, sizeof *bed);
	bed->rrdcached = socket;
	make(bed);
}

void bed_open(struct bed *bed)
{
	static const struct mvmp_key key = {{0x4d, 0x56}, 0};
	struct mvs_store_config config = {.directory = bed->directory,
		.step_s = bed->fast ? 1 : 10,
		.interval_ms = bed->fast ? 1000 : 10000,
		.flush_s = bed->fast ? 2 : 30,
		.files_max = 100,
		.node_files_max = bed->node_files_max,
		.expire_days = bed->expire_days,
		.queue_bytes = 1 << 20,
		.rrdcached = bed->rrdcached,
		.log = take_line,
		.ctx = bed};
	struct mvmp_error err;

	assert_int_equal(mvs_profile_find(&config.profile, "small", &err), 0);
	assert_int_equal(mvs_store_open(&config, &bed->store, &err), 0);
	bed->dir = mvs_store_dir(bed->store, "r1-n01", true);
	assert_non_null(bed->dir);
	bed->vif = mvs_store_file(bed->dir, MVMP_VIF, &key, true);
	assert_non_null(bed->vif);
}

void bed_close(struct bed *bed)
{
	mvs_store_close(bed->store);
	bed->store = NULL;
}

/* Closing writes on; a copy keeps what is on disk now, which is what a kill leaves. */
void bed_crash(struct bed *bed)
{
	char aside[96], command[256];

	snprintf(aside, sizeof aside, "%s.kept", bed->directory);
	snprintf(command, sizeof command, "cp -a %s %s", bed->directory, aside);
	assert_int_equal(system(command), 0);
	bed_close(bed);
	snprintf(command, sizeof command, "rm -rf %s && mv %s %s", bed->directory, aside,
		bed->directory);
	assert_int_equal(system(command), 0);
}

void bed_remove(struct bed *bed)
{
	char command[128];

	if (bed->store)
		bed_close(bed);
	snprintf(command, sizeof command, "rm -rf %s", bed->directory);
	assert_int_equal(system(command), 0);
}

void bed_put(struct bed *bed, int64_t ms, uint64_t life, uint64_t rx, uint64_t tx)
{
	static struct mvmp_record record;

	record.present = 0;
	mvmp_set(&record, MVMP_I_RX_BYTES, rx);
	mvmp_set(&record, MVMP_I_TX_BYTES, tx);
	assert_true(
		mvs_store_put(bed->store, bed->vif, (uint64_t)(T0 * 1000LL + ms), life, &record));
}

void bed_run(struct bed *bed, unsigned seconds)
{
	mvs_store_run(bed->store, bed->now_ns);
	bed->now_ns += seconds * MVMP_NS_PER_S;
	mvs_store_run(bed->store, bed->now_ns);
}

void bed_vif_path(struct bed *bed, char *to, size_t size)
{
	snprintf(to, size, "%s/v1/r1-n01/dom-4d560000-0000-0000-0000-000000000000/vif0.rrd",
		bed->directory);
}

double bed_value(struct bed *bed, const char *source, int end_s)
{
	time_t start = T0 + end_s - 10, end = T0 + end_s;
	unsigned long step = 10, sources, at = 0;
	rrd_value_t *data;
	char path[256];
	char **names;
	double value;

	bed_vif_path(bed, path, sizeof path);
	assert_int_equal(
		rrd_fetch_r(path, "AVERAGE", &start, &end, &step, &sources, &names, &data), 0);
	assert_int_equal(step, 10);
	while (at < sources && strcmp(names[at], source))
		at++;
	assert_true(at < sources);
	value = data[at];
	for (unsigned long i = 0; i < sources; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	rrd_freemem(data);
	return value;
}

struct mvs_store_counters bed_counters(struct bed *bed)
{
	struct mvs_store_counters counters;

	mvs_store_counters(bed->store, &counters);
	return counters;
}
