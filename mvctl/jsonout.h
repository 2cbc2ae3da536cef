/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_JSONOUT_H
#define MVCTL_JSONOUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* RFC 3339 in UTC with milliseconds; null for 0. `wall_ns` is nanoseconds since 1970. */
json_t *mvctl_json_time(uint64_t wall_ns);

/* An exact integer; a string of digits beyond what JSON libraries hold (2^63). */
json_t *mvctl_json_uint(uint64_t value);

/* A number; null for NaN and infinities, which JSON has not. */
json_t *mvctl_json_real(double value);

/* Text as a JSON string; bytes that are not UTF-8 become '?'. NULL becomes null. */
json_t *mvctl_json_text(const char *text);

/* Writes one document and a newline, indented or as one line. */
void mvctl_json_print(FILE *out, const json_t *document, bool one_line);

#endif
