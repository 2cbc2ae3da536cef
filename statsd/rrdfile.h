/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_RRDFILE_H
#define MVS_RRDFILE_H

/*
 * One RRD file on disk, through librrd's reentrant calls. Everything here blocks; only the
 * writer calls it. Times are milliseconds since 1970: the format keeps fractions of a second,
 * so rates are exact although samples do not fall on whole seconds.
 */

#include "schema.h"
#include <stdbool.h>

enum { MVS_PATH_MAX = 512, MVS_ROWS_MAX = 30 };

/* Opens what is at `path`, or makes it with room for updates after `first_ms`.
 *  - no file: created under another name and renamed, so that it is never half there;
 *  - another step, a shorter heartbeat or fewer data sources than the schema: converted, history
 *    kept;
 *  - not readable as this schema's file: moved aside as `path`.damaged-N, made anew, *damaged.
 * *last_ms is the time of the newest update, 0 in a new file. MVMP_IO, MVMP_PERMISSION. */
int mvs_rrd_open(const char *path, const struct mvs_schema *schema, uint64_t first_ms,
	uint64_t *last_ms, bool *damaged, struct mvmp_error *err);

/* Writes rows ("1700000000.250:1:2:U"), oldest first. */
int mvs_rrd_update(const char *path, unsigned rows, const char *const *row, struct mvmp_error *err);

/* Sets *err from librrd's message, without the path it may begin with. Returns -status. */
int mvs_rrd_fail(struct mvmp_error *err, const char *doing, const char *path);

#endif
