/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include <math.h>
#include <mvmp/limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *mvctl_json_time(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / MVMP_NS_PER_S);
	char text[40];
	struct tm tm;
	size_t used;

	if (!wall_ns || !gmtime_r(&seconds, &tm))
		return json_null();
	used = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + used, sizeof text - used, ".%03uZ",
		(unsigned)(wall_ns % MVMP_NS_PER_S / MVMP_NS_PER_MS));
	return json_string(text);
}

json_t *mvctl_json_uint(uint64_t value)
{
	char digits[24];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	return json_string(digits);
}

json_t *mvctl_json_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *mvctl_json_text(const char *text)
{
	json_t *string;
	char *copy;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	copy = strdup(text);
	if (!copy)
		return json_null();
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

void mvctl_json_print(FILE *out, const json_t *document, bool one_line)
{
	/* 12 digits: 31.2 stays 31.2, and no measurement here is finer. */
	size_t flags = JSON_REAL_PRECISION(12) | (one_line ? JSON_COMPACT : JSON_INDENT(2));

	json_dumpf(document, out, flags);
	fputc('\n', out);
}
