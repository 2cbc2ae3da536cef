/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_RRDFILE_H
#define MVS_RRDFILE_H

/*
 * One RRD file on disk, through librrd's reentrant calls. Everything here blocks; only the
 * writer calls it. Times are seconds since 1970.
 */

#include "schema.h"
#include <stdbool.h>

enum { MVS_PATH_MAX = 512, MVS_ROWS_MAX = 30 };

/* Opens what is at `path`, or makes it with room for updates from `first_s` on.
 *  - no file: created under another name and renamed, so that it is never half there;
 *  - another step, a shorter heartbeat or fewer data sources than the schema: converted, history
 *    kept;
 *  - not readable as this schema's file: moved aside as `path`.damaged-N, made anew, *damaged.
 * *last_s is the time of the newest update, 0 in a new file. MVMP_IO, MVMP_PERMISSION. */
int mvs_rrd_open(const char *path, const struct mvs_schema *schema, uint64_t first_s,
	uint64_t *last_s, bool *damaged, struct mvmp_error *err);

/* Whether `bytes` more leave a file system's reserve: 2 % of it, at most 256 MB. */
bool mvs_room_left(uint64_t free_bytes, uint64_t total_bytes, uint64_t bytes);

/* Moves a file aside as `path`.`reason`-N, N from 1 on. MVMP_IO. */
int mvs_rrd_aside(const char *path, const char *reason, struct mvmp_error *err);

/* The values of the newest update; returns the bits of those that are known. */
uint64_t mvs_rrd_last(const char *path, unsigned sources, uint64_t *value);

/* Writes rows ("1700000000:1:2:U"), oldest first. */
int mvs_rrd_update(const char *path, unsigned rows, const char *const *row, struct mvmp_error *err);

/* Sets *err from librrd's message, without the path it may begin with. Returns -status. */
int mvs_rrd_fail(struct mvmp_error *err, const char *doing, const char *path);

#endif
