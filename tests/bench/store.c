/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <rrdfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <store.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/*
 * How many entity updates a second the store brings to disk, and how many bytes one costs.
 *
 *   bench-store DIR [FILES [ROWS [PROFILE]]]
 *
 * FILES VIFs (8 data sources each; 1000), ROWS rows of each (90), 30 rows a file and call. The
 * clock stops when mvs_store_close() has written everything: rows are then in files, and would
 * survive a kill of the program. Creating the files is timed by itself.
 */

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Bytes this process caused to be written (proc(5), /proc/PID/io); mmap'ed pages count when
 * they are written back, so the file system is synced before. */
static double bytes_written(void)
{
	char text[512] = "";
	int fd = open("/proc/self/io", O_RDONLY);
	const char *at;

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		return 0;
	close(fd);
	at = strstr(text, "\nwrite_bytes: ");
	return at ? strtod(at + 14, NULL) : 0;
}

static struct mvs_store *open_store(const char *directory, unsigned files, const char *profile)
{
	struct mvs_store_config config = {.directory = directory,
		.step_s = 10,
		.interval_ms = 10000,
		.flush_s = 300,
		.files_max = files,
		.queue_bytes = 64 << 20,
		.threaded = true};
	struct mvs_store *store;
	struct mvmp_error err;

	if (mvs_profile_find(&config.profile, profile, &err) ||
		mvs_store_open(&config, &store, &err)) {
		fprintf(stderr, "bench-store: %s\n", err.text);
		exit(1);
	}
	return store;
}

/* Waits while the queue holds more than the writer should lag behind. */
static void wait_below(struct mvs_store *store, uint32_t rows)
{
	struct mvs_store_counters counters;

	for (;;) {
		mvs_store_counters(store, &counters);
		if (counters.queue < rows)
			return;
		usleep(1000);
	}
}

static void put_rows(struct mvs_store *store, unsigned files, unsigned from, unsigned to)
{
	struct mvs_dir *dir = mvs_store_dir(store, "bench", true);
	static struct mvmp_record record;

	for (unsigned row = from; row < to; row++) {
		for (unsigned i = 0; i < files; i++) {
			struct mvmp_key key = {
				{1, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)}, 0};
			struct mvs_file *file = mvs_store_file(dir, MVMP_VIF, &key, true);

			record.present = 0;
			for (unsigned m = 0; m < MVMP_VIF_METRIC_COUNT; m++)
				mvmp_set(&record, m, (uint64_t)row * 1234567 * (m + 1) + i);
			mvs_store_put(
				store, file, (1700000000 + row * 10) * 1000ull + 250, 1, &record);
		}
		mvs_store_commit(store);
		wait_below(store, files * 32 + 100000);
	}
}

static void check_losses(struct mvs_store *store)
{
	struct mvs_store_counters counters;

	mvs_store_counters(store, &counters);
	if (counters.lost || counters.failures)
		fprintf(stderr, "bench-store: %llu lost, %llu failures: %s\n",
			(unsigned long long)counters.lost, (unsigned long long)counters.failures,
			counters.degraded);
}

int main(int argc, char **argv)
{
	unsigned files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	unsigned rows = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 90;
	const char *profile = argc > 4 ? argv[4] : "standard";
	double begun, wall, cpu, bytes;
	struct mvs_store *store;
	uint64_t updates;

	if (argc < 2 || files < 1 || rows < 2) {
		fprintf(stderr, "bench-store DIR [FILES [ROWS [PROFILE]]]\n");
		return 2;
	}
	store = open_store(argv[1], files, profile);
	begun = seconds(CLOCK_MONOTONIC);
	put_rows(store, files, 0, 1);
	wait_below(store, 1);
	wall = seconds(CLOCK_MONOTONIC) - begun;
	printf("create  %u files (%s): %.2f s, %.0f files/s\n", files, profile, wall, files / wall);
	sync();
	bytes = bytes_written();
	begun = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	put_rows(store, files, 1, rows);
	wait_below(store, 31 * files);
	check_losses(store);
	mvs_store_close(store);
	updates = (uint64_t)files * (rows - 1);
	wall = seconds(CLOCK_MONOTONIC) - begun;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	sync();
	bytes = bytes_written() - bytes;
	printf("update  %llu rows of 8 data sources: %.2f s, %.0f updates/s; CPU %.2f us each, "
	       "%.0f updates/s and core; %.0f bytes written each\n",
		(unsigned long long)updates, wall, (double)updates / wall,
		cpu * 1e6 / (double)updates, (double)updates / cpu, bytes / (double)updates);
	return 0;
}
