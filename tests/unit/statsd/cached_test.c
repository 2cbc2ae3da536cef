/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The store with a real rrdcached between it and the files. */
struct stage {
	struct bed bed;
	char socket[96];
	pid_t daemon;
};

static void start_daemon(struct stage *stage)
{
	char listen[112], pid[112];
	char *argv[] = {(char *)"rrdcached", (char *)"-g", (char *)"-l", listen, (char *)"-p", pid,
		(char *)"-w", (char *)"3600", (char *)"-f", (char *)"7200", NULL};

	snprintf(listen, sizeof listen, "unix:%s", stage->socket);
	snprintf(pid, sizeof pid, "%s.pid", stage->socket);
	assert_int_equal(posix_spawnp(&stage->daemon, "rrdcached", NULL, NULL, argv, environ), 0);
	for (unsigned i = 0; i < 500 && access(stage->socket, F_OK); i++)
		usleep(10000);
	assert_int_equal(access(stage->socket, F_OK), 0);
}

static void stop_daemon(struct stage *stage)
{
	kill(stage->daemon, SIGTERM);
	waitpid(stage->daemon, NULL, 0);
	unlink(stage->socket);
}

static int setup(void **state)
{
	static struct stage stage;

	memset(&stage, 0, sizeof stage);
	snprintf(stage.socket, sizeof stage.socket, "/tmp/mvs-cached-%d.sock", getpid());
	start_daemon(&stage);
	bed_make_cached(&stage.bed, stage.socket);
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	bed_remove(&stage->bed);
	stop_daemon(stage);
	return 0;
}

static void set_true(void *ctx)
{
	*(bool *)ctx = true;
}

static void flush(struct bed *bed)
{
	bool done = false;

	assert_int_equal(mvs_store_flush(bed->store, &bed->vif, 1, set_true, &done), 0);
	mvs_store_run(bed->store, bed->now_ns);
	mvs_store_reap(bed->store);
	assert_true(done);
}

/* Rows go through the daemon, which keeps them for hours; a reader's flush brings them to the
 * file. */
static void rows_reach_the_file_on_demand(void **state)
{
	struct stage *stage = *state;
	struct bed *bed = &stage->bed;

	for (unsigned i = 0; i < 4; i++)
		bed_put(bed, i * 10000, 1, i * 1000, 0);
	bed_run(bed, 40);
	assert_true(isnan(bed_value(bed, "rx_bytes", 20)));
	flush(bed);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-9);
	assert_string_equal(bed_counters(bed).degraded, "");
}

/* Opened again while the daemon still holds rows, counters go on without a gap. */
static void restart_goes_on_from_what_the_daemon_holds(void **state)
{
	struct stage *stage = *state;
	struct bed *bed = &stage->bed;

	bed_put(bed, 0, 7, 0, 0);
	bed_put(bed, 10000, 7, 1000, 0);
	bed_close(bed);
	bed_open(bed);
	bed_put(bed, 20000, 7, 3000, 0);
	bed_run(bed, 40);
	flush(bed);
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 200.0, 1e-9);
	assert_int_equal(bed_counters(bed).gaps, 0);
}

/* Without its daemon the store says so once, keeps what it can, and goes on when it is back. */
static void daemon_that_is_away_degrades_the_store(void **state)
{
	struct stage *stage = *state;
	struct bed *bed = &stage->bed;

	bed_put(bed, 0, 1, 0, 0);
	bed_put(bed, 10000, 1, 1000, 0);
	bed_run(bed, 40);
	stop_daemon(stage);
	bed_put(bed, 20000, 1, 2000, 0);
	bed_run(bed, 40);
	assert_non_null(strstr(bed->said, "rrdcached at"));
	assert_true(bed_counters(bed).degraded[0]);
	start_daemon(stage);
	bed_put(bed, 30000, 1, 3000, 0);
	bed_run(bed, 40);
	flush(bed);
	assert_string_equal(bed_counters(bed).degraded, "");
	assert_float_equal(bed_value(bed, "rx_bytes", 20), 100.0, 1e-9);
	assert_float_equal(bed_value(bed, "rx_bytes", 30), 100.0, 1e-9);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(rows_reach_the_file_on_demand),
		CASE(restart_goes_on_from_what_the_daemon_holds),
		CASE(daemon_that_is_away_degrades_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
