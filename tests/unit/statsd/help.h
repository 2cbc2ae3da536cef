/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATSD_TEST_HELP_H
#define STATSD_TEST_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <store.h>

/* A store without a thread in a directory of its own; rows go in at a time we choose. */
struct bed {
	char directory[64];
	struct mvs_store *store;
	struct mvs_dir *dir;
	struct mvs_file *vif;
	uint64_t now_ns;
	bool fast;
	const char *rrdcached;
	uint32_t node_files_max, expire_days; /* from the next bed_open() on */
	char said[512];			      /* the newest log line */
	unsigned lines;
};

enum { T0 = 1700000000 }; /* seconds; a multiple of the step */

void bed_make(struct bed *bed);
void bed_make_fast(struct bed *bed); /* step and interval 1 s instead of 10 */
void bed_make_cached(struct bed *bed, const char *socket);
void bed_open(struct bed *bed); /* also again, after bed_close() */
void bed_close(struct bed *bed);
void bed_crash(struct bed *bed); /* as kill -9: what waits in memory is gone */
void bed_remove(struct bed *bed);

/* rx_bytes and tx_bytes of web-07's vif0 at T0 + `ms`. */
void bed_put(struct bed *bed, int64_t ms, uint64_t life, uint64_t rx, uint64_t tx);

/* Rows of the queue go to their files, and to disk when `seconds` have passed. */
void bed_run(struct bed *bed, unsigned seconds);

/* AVERAGE of a source for the step that ends at T0 + end_s; NaN when unknown. */
double bed_value(struct bed *bed, const char *source, int end_s);

struct mvs_store_counters bed_counters(struct bed *bed);
void bed_vif_path(struct bed *bed, char *to, size_t size);

#endif
