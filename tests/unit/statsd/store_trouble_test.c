/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <rrdfile.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int setup(void **state)
{
	static struct bed bed;

	bed_make(&bed);
	*state = &bed;
	return 0;
}

static void limit_files(rlim_t bytes);

static int teardown(void **state)
{
	limit_files(0);
	bed_remove(*state);
	return 0;
}

/* A file-size limit of 4 kB stands for a full disk: write(2) fails the same way in librrd. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* While the disk takes nothing the store says so once, counts what is lost, and goes on by
 * itself when there is room. */
static void full_disk_degrades_and_recovers(void **state)
{
	struct bed *bed = *state;
	struct mvs_store_counters counters;

	signal(SIGXFSZ, SIG_IGN);
	limit_files(4096);
	for (unsigned i = 0; i < 3; i++) {
		bed_put(bed, i * 10000, 1, i * 1000, 0);
		bed_run(bed, 10);
	}
	counters = bed_counters(bed);
	assert_int_equal(counters.lost, 3);
	assert_int_equal(bed->lines, 1);
	assert_string_equal(counters.degraded, "File too large");
	limit_files(0);
	for (unsigned i = 3; i < 6; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	counters = bed_counters(bed);
	assert_string_equal(counters.degraded, "");
	assert_string_equal(bed->said, "the store works again");
	assert_float_equal(bed_value(bed, "rx_bytes", 50), 100.0, 1e-9);
}

/* Where updates of files work and new ones do not fit, the store is degraded all the while and
 * says so once, not with every row. */
static void half_full_disk_does_not_chatter(void **state)
{
	struct bed *bed = *state;
	struct mvmp_key key = {{0}, 7};
	struct mvs_file *other = mvs_store_file(bed->dir, MVMP_PCPU, &key, true);
	struct mvmp_record record = {.present = 0};

	signal(SIGXFSZ, SIG_IGN);
	bed_put(bed, 0, 1, 0, 0);
	bed_run(bed, 40);
	limit_files(4096);
	for (unsigned i = 1; i < 20; i++) {
		bed_put(bed, i * 10000, 1, i * 1000, 0);
		mvs_store_put(bed->store, other, (T0 + i * 10) * 1000ull, 1, &record);
		bed_run(bed, 10);
	}
	assert_int_equal(bed->lines, 1);
	assert_non_null(strstr(bed->said, "cannot create"));
	limit_files(0);
	for (unsigned i = 20; i < 28; i++) {
		bed_put(bed, i * 10000, 1, i * 1000, 0);
		mvs_store_put(bed->store, other, (T0 + i * 10) * 1000ull, 1, &record);
		bed_run(bed, 10);
	}
	assert_int_equal(bed->lines, 2);
	assert_string_equal(bed->said, "the store works again");
}

/* A file that knows times years ahead, whoever wrote them, is moved aside and begun anew; one that
 * is ahead by minutes stays. */
static void file_of_the_future_is_moved_aside(void **state)
{
	struct bed *bed = *state;
	char path[256], aside[280];

	bed_vif_path(bed, path, sizeof path);
	snprintf(aside, sizeof aside, "%s.ahead-1", path);
	for (unsigned i = 0; i < 2; i++) {
		for (int64_t ms = i ? 10LL * 365 * 86400000 : 300000, k = 0; k < 3; k++)
			bed_put(bed, ms + k * 10000, 1, 0, 0);
		bed_close(bed);
		bed_open(bed);
		mvs_store_clock(bed->store, T0 * 1000ull, 0);
		bed_put(bed, 10000, 1, 1000, 0);
		bed_put(bed, 20000, 1, 2000, 0);
		bed_put(bed, 30000, 1, 3000, 0);
		bed_run(bed, 40);
		assert_int_equal(bed_counters(bed).aside, i);
		assert_int_equal(access(aside, F_OK), i ? 0 : -1);
	}
	assert_non_null(strstr(bed->said, "vif0.rrd knows times that are not yet"));
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-9);
}

/* Behind a long step back rows go on in a new file; what was before it lies in the old one. */
static void step_back_begins_a_new_file(void **state)
{
	struct bed *bed = *state;
	char path[256], aside[280];

	bed_vif_path(bed, path, sizeof path);
	snprintf(aside, sizeof aside, "%s.ahead-1", path);
	for (unsigned i = 1; i < 4; i++)
		bed_put(bed, 3600000 + i * 10000, 1, i * 1000, 0);
	bed_run(bed, 10);
	mvs_store_clock(bed->store, (T0 + 40) * 1000ull, 1);
	for (unsigned i = 4; i < 8; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	assert_int_equal(rrd_last_r(aside), T0 + 3630);
	assert_int_equal(rrd_last_r(path), T0 + 70);
	assert_float_equal(bed_value(bed, "rx_bytes", 60), 100.0, 1e-9);
}

static void overwrite(const char *path, off_t at, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

/* A file whose header is garbage is moved aside, named in the log, and begun anew. */
static void damaged_file_is_moved_aside(void **state)
{
	struct bed *bed = *state;
	char path[256], aside[280];

	bed_put(bed, 0, 1, 0, 0);
	bed_close(bed);
	bed_vif_path(bed, path, sizeof path);
	overwrite(path, 0, "GARBAGE.GARBAGE", 15);
	bed_open(bed);
	for (unsigned i = 1; i < 4; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	snprintf(aside, sizeof aside, "%s.damaged-1", path);
	assert_int_equal(access(aside, F_OK), 0);
	assert_non_null(strstr(bed->said, "vif0.rrd was damaged: moved aside, begun anew"));
	assert_int_equal(bed_counters(bed).damaged, 1);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-9);
}

/* A file cut short, as by a disk that lost its end, counts as damaged too. */
static void cut_file_is_moved_aside(void **state)
{
	struct bed *bed = *state;
	char path[256];

	bed_put(bed, 0, 1, 0, 0);
	bed_close(bed);
	bed_vif_path(bed, path, sizeof path);
	assert_int_equal(truncate(path, 700), 0);
	bed_open(bed);
	for (unsigned i = 1; i < 4; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	assert_int_equal(bed_counters(bed).damaged, 1);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-9);
}

/* A file that somebody removed while we run comes back with the next rows. */
static void removed_file_comes_back(void **state)
{
	struct bed *bed = *state;
	char path[256];

	bed_put(bed, 0, 1, 0, 0);
	bed_run(bed, 40);
	bed_vif_path(bed, path, sizeof path);
	assert_int_equal(unlink(path), 0);
	for (unsigned i = 1; i < 4; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-9);
	assert_string_equal(bed_counters(bed).degraded, "");
}

/* A file of an older schema with fewer sources gets the new ones and keeps its history. */
static void older_file_is_widened(void **state)
{
	struct bed *bed = *state;
	const char *argv[] = {"DS:rx_bytes:DERIVE:25:0:U", "DS:rx_packets:DERIVE:25:0:U",
		"RRA:AVERAGE:0.5:1:360"};
	const char *rows[] = {"1700000000:0:0", "1700000010:500:1", "1700000020:1000:2"};
	char path[256], command[400];

	bed_vif_path(bed, path, sizeof path);
	snprintf(command, sizeof command, "mkdir -p $(dirname %s)", path);
	assert_int_equal(system(command), 0);
	assert_int_equal(rrd_create_r(path, 10, T0 - 10, 3, argv), 0);
	assert_int_equal(rrd_update_r(path, NULL, 3, rows), 0);
	for (unsigned i = 3; i < 6; i++)
		bed_put(bed, i * 10000, 1, i * 1000, i * 2000);
	bed_run(bed, 40);
	assert_float_equal(bed_value(bed, "rx_bytes", 10), 50.0, 1e-9);
	assert_float_equal(bed_value(bed, "rx_bytes", 50), 100.0, 1e-9);
	assert_float_equal(bed_value(bed, "tx_bytes", 50), 200.0, 1e-9);
	assert_int_equal(bed_counters(bed).damaged, 0);
}

static unsigned long heartbeat_of(const char *path)
{
	rrd_info_t *all = rrd_info_r(path);
	unsigned long heartbeat = 0;

	assert_non_null(all);
	for (rrd_info_t *i = all; i; i = i->next) {
		if (strcmp(i->key, "ds[rx_bytes].minimal_heartbeat") == 0)
			heartbeat = i->value.u_cnt;
	}
	rrd_info_free(all);
	return heartbeat;
}

/* A heartbeat below the interval in force would make everything unknown: it is raised. */
static void short_heartbeat_is_raised(void **state)
{
	struct bed *bed = *state;
	char *argv[] = {(char *)"tune", NULL, (char *)"-h", (char *)"rx_bytes:5"};
	char path[256];

	bed_put(bed, 0, 1, 0, 0);
	bed_close(bed);
	bed_vif_path(bed, path, sizeof path);
	argv[1] = path;
	assert_int_equal(rrd_tune(4, argv), 0);
	assert_int_equal(heartbeat_of(path), 5);
	bed_open(bed);
	bed_put(bed, 10000, 1, 1000, 0);
	bed_run(bed, 40);
	assert_int_equal(heartbeat_of(path), 25);
}

/* A directory that is missing, a file in its place, and a second writer each get a sentence. */
static void store_that_cannot_open_says_why(void **state)
{
	struct bed *bed = *state;
	struct mvs_store_config config = *mvs_store_config(bed->store);
	struct mvs_store *second = NULL;
	struct mvmp_error err;

	assert_int_equal(mvs_store_open(&config, &second, &err), -MVMP_CONFLICT);
	config.directory = "/nonexistent/mvmp";
	assert_int_equal(mvs_store_open(&config, &second, &err), -MVMP_NOT_FOUND);
	assert_string_equal(err.text, "store directory /nonexistent/mvmp does not exist");
	config.directory = "/etc/passwd";
	assert_int_equal(mvs_store_open(&config, &second, &err), -MVMP_INVALID);
	assert_string_equal(err.text, "store /etc/passwd is not a directory");
	assert_null(second);
}

/* At the limit of files no new entity is stored, the others go on. */
static void files_are_limited(void **state)
{
	struct bed *bed = *state;
	struct mvmp_key key = {{0}, 0};

	for (key.index = 1; key.index < 100; key.index++)
		assert_non_null(mvs_store_file(bed->dir, MVMP_PCPU, &key, true));
	assert_null(mvs_store_file(bed->dir, MVMP_PCPU, &key, true));
	assert_null(mvs_store_dir(bed->store, "../up", true));
}

/* A node that invents entities fills its share; another node's are stored all the same. */
static void a_node_fills_its_share_only(void **state)
{
	struct bed *bed = *state;
	struct mvmp_key key = {{0}, 0};
	struct mvs_dir *other;

	bed_close(bed);
	bed->node_files_max = 10;
	bed_open(bed);
	for (key.index = 1; key.index < 10; key.index++)
		assert_non_null(mvs_store_file(bed->dir, MVMP_PCPU, &key, true));
	assert_null(mvs_store_file(bed->dir, MVMP_PCPU, &key, true));
	other = mvs_store_dir(bed->store, "r1-n02", true);
	assert_non_null(mvs_store_file(other, MVMP_PCPU, &key, true));
	bed->node_files_max = 0;
}

static void write_three(struct bed *bed, int64_t from_ms)
{
	for (int64_t ms = from_ms; ms < from_ms + 30000; ms += 10000)
		bed_put(bed, ms, 1, (uint64_t)ms, 0);
	bed_run(bed, 40);
}

static void make_old(const char *path, time_t when)
{
	struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A file whose newest row is three days old goes when files are kept for two, after an hour of
 * this run, with a line in the log and its place in the share; a day old it stays. Its entity may
 * come back. */
static void files_of_the_dead_expire(void **state)
{
	struct bed *bed = *state;
	char path[256];

	bed_close(bed);
	bed->expire_days = 2;
	bed->node_files_max = 1;
	bed_open(bed);
	bed_vif_path(bed, path, sizeof path);
	write_three(bed, 0);
	make_old(path, T0);
	mvs_store_clock(bed->store, (T0 + 86400) * 1000ull, 0);
	bed_run(bed, 3700);
	bed_run(bed, 3700);
	assert_int_equal(access(path, F_OK), 0);
	mvs_store_clock(bed->store, (T0 + 3 * 86400) * 1000ull, 0);
	bed_run(bed, 3700);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(bed_counters(bed).expired, 1);
	assert_int_equal(bed_counters(bed).files, 0);
	assert_non_null(strstr(
		bed->said, "had expired files removed: 1 (nothing came for them in 2 days)"));
	assert_null(mvs_store_next(bed->dir, NULL));
	write_three(bed, 3 * 86400000LL);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(bed_counters(bed).files, 1);
	assert_ptr_equal(mvs_store_next(bed->dir, NULL), bed->vif);
	bed->node_files_max = bed->expire_days = 0;
}

/* 2 % of the disk stay free, 256 MB of a large one. */
static void a_reserve_stays_free(void **state)
{
	assert_true(mvs_room_left(3 << 20, 100 << 20, 1 << 20));
	assert_false(mvs_room_left((3 << 20) - 1, 100 << 20, 1 << 20));
	assert_true(mvs_room_left(257ull << 20, 1ull << 40, 1 << 20));
	assert_false(mvs_room_left(256ull << 20, 1ull << 40, 1 << 20));
	assert_false(mvs_room_left(5, 0, 6));
}

/* Writes rows of 100 bytes a second as fast as it can, until it is killed. */
static void write_until_killed(struct bed *bed, int64_t from_ms)
{
	bed_open(bed);
	for (int64_t ms = from_ms;; ms += 10000) {
		bed_put(bed, ms, 1, (uint64_t)ms / 10, 0);
		bed_run(bed, 40);
	}
}

/* Values of the last hour that are known and not 100 bytes a second. */
static unsigned count_wrong(struct bed *bed, const char *path)
{
	time_t end = rrd_last_r(path), start = end - 3000;
	unsigned long step = 10, sources;
	unsigned wrong = 0;
	rrd_value_t *data;
	char **names;

	assert_int_equal(
		rrd_fetch_r(path, "AVERAGE", &start, &end, &step, &sources, &names, &data), 0);
	for (long i = 0; i < (end - start) / (long)step; i++) {
		double value = data[(unsigned long)i * sources];

		wrong += !isnan(value) && fabs(value - 100) > 1e-6;
	}
	for (unsigned long i = 0; i < sources; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	rrd_freemem(data);
	return wrong;
}

/* Killed thirty times in the middle of writing, the file is read each time, at most the row under
 * way is wrong, and the next program goes on with it. */
static void kills_do_not_damage(void **state)
{
	struct bed *bed = *state;
	char path[256], aside[280];
	int status;

	bed_close(bed);
	bed_vif_path(bed, path, sizeof path);
	snprintf(aside, sizeof aside, "%s.damaged-1", path);
	for (unsigned i = 0; i < 30; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			write_until_killed(bed, (int64_t)i * 1000000000);
		usleep(10000 + i * 700);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		if (access(path, F_OK) == 0)
			assert_in_range(count_wrong(bed, path), 0, 1);
		assert_int_equal(access(aside, F_OK), -1);
	}
	assert_int_equal(access(path, F_OK), 0);
	bed_open(bed);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(full_disk_degrades_and_recovers),
		CASE(half_full_disk_does_not_chatter),
		CASE(file_of_the_future_is_moved_aside),
		CASE(step_back_begins_a_new_file),
		CASE(damaged_file_is_moved_aside),
		CASE(cut_file_is_moved_aside),
		CASE(removed_file_comes_back),
		CASE(older_file_is_widened),
		CASE(short_heartbeat_is_raised),
		CASE(store_that_cannot_open_says_why),
		CASE(files_are_limited),
		CASE(a_node_fills_its_share_only),
		CASE(files_of_the_dead_expire),
		CASE(a_reserve_stays_free),
		CASE(kills_do_not_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
