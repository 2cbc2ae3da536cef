/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_TIMES_H
#define MVCTL_TIMES_H

#include <mvmp/status.h>
#include <stdint.h>

/* Reads "now", "-6h", "-90s", "-2d", "-1w", "@1763600000", "2026-11-20", "2026-11-20T10:00" or
 * "2026-11-20T10:00:30", the last three in local time or, with a "Z" behind, in UTC. `now_s` is
 * seconds since 1970. MVMP_INVALID names the text and the forms. */
int mvctl_time_parse(int64_t *ret, const char *text, int64_t now_s, struct mvmp_error *err);

/* Reads "250ms", "5", "5s", "2m", "1h" into seconds above 0. */
int mvctl_span_parse(double *ret, const char *text, struct mvmp_error *err);

#endif
