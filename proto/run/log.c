/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/run.h>
#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_LEN = 1024 };

/* Writes one line at once, so that lines of several processes do not mix. */
__attribute__((format(printf, 1, 0))) static void write_line(const char *format, va_list args)
{
	char line[LINE_MAX_LEN];

	vsnprintf(line, sizeof line, format, args);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
}

void mvmp_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(format, args);
	va_end(args);
}

void mvmp_log_limited(struct mvmp_log_limit *limit, unsigned burst, const char *format, ...)
{
	uint64_t minute = mvmp_now() / (60 * MVMP_NS_PER_S);
	va_list args;

	if (minute != limit->minute) {
		if (limit->left_out)
			mvmp_log("%u more like the following were not logged", limit->left_out);
		*limit = (struct mvmp_log_limit){.minute = minute};
	}
	if (limit->count >= burst) {
		limit->left_out++;
		return;
	}
	limit->count++;
	va_start(args, format);
	write_line(format, args);
	va_end(args);
}
