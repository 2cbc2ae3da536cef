/* SPDX-License-Identifier: Apache-2.0 */
#include "times.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *suffix;
	double seconds;
} spans[] = {
	{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};

static int bad_time(const char *text, struct mvmp_error *err)
{
	mvmp_fail(err, MVMP_INVALID, "%s is not a time", text);
	return mvmp_hint(err, "times are now, -6h, -90s, -2d, 2026-11-20T10:00, @1763600000");
}

static int span_seconds(double *ret, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || !isfinite(value) || value < 0 || value > 1e12)
		return -1;
	if (!*end) {
		*ret = value;
		return 0;
	}
	for (unsigned i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		if (!strcmp(end, spans[i].suffix)) {
			*ret = value * spans[i].seconds;
			return 0;
		}
	}
	return -1;
}

int mvctl_span_parse(double *ret, const char *text, struct mvmp_error *err)
{
	double seconds;

	if (span_seconds(&seconds, text) || seconds <= 0) {
		mvmp_fail(err, MVMP_INVALID, "%s is not a span of time", text);
		return mvmp_hint(err, "spans are 250ms, 5, 5s, 2m, 1h, 1d");
	}
	*ret = seconds;
	return 0;
}

static int calendar_time(int64_t *ret, const char *text)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);

		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		*ret = *end ? timegm(&tm) : mktime(&tm);
		return *ret < 0 ? -1 : 0;
	}
	return -1;
}

int mvctl_time_parse(int64_t *ret, const char *text, int64_t now_s, struct mvmp_error *err)
{
	double seconds;
	char *end;

	if (!strcmp(text, "now")) {
		*ret = now_s;
		return 0;
	}
	if (text[0] == '@') {
		long long stamp = strtoll(text + 1, &end, 10);

		if (end == text + 1 || *end || stamp < 0)
			return bad_time(text, err);
		*ret = stamp;
		return 0;
	}
	if (text[0] == '-') {
		if (span_seconds(&seconds, text + 1))
			return bad_time(text, err);
		*ret = now_s - llround(seconds);
		return 0;
	}
	return calendar_time(ret, text) ? bad_time(text, err) : 0;
}
