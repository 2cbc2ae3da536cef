/* SPDX-License-Identifier: Apache-2.0 */
#include "human.h"
#include <mvmp/limits.h>
#include <stdio.h>

static char *fixed(char *to, size_t size, double value, int decimals)
{
	/* -0.0 would be printed with its sign. */
	snprintf(to, size, "%.*f", decimals, value == 0 ? 0.0 : value);
	return to;
}

char *mvctl_human_integer(char *to, size_t size, double raw)
{
	return fixed(to, size, raw, 0);
}

char *mvctl_human_1(char *to, size_t size, double raw)
{
	return fixed(to, size, raw, 1);
}

char *mvctl_human_milli(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e3, 2);
}

char *mvctl_human_bytes_mib(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / (1 << 20), 0);
}

char *mvctl_human_bytes_gib(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / (1 << 30), 1);
}

char *mvctl_human_bits_mb(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e6, 1);
}

char *mvctl_human_bytes_mb(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e6, 1);
}

char *mvctl_human_khz_ghz(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e6, 2);
}

char *mvctl_human_millideg(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e3, 0);
}

char *mvctl_human_ns_ms(char *to, size_t size, double raw)
{
	return fixed(to, size, raw / 1e6, 2);
}

char *mvctl_human_ns_age(char *to, size_t size, double raw)
{
	double s = raw / 1e9;
	unsigned long whole = (unsigned long)s;

	if (s < 9.95)
		snprintf(to, size, "%.1fs", s);
	else if (whole < 60)
		snprintf(to, size, "%lus", whole);
	else if (whole < 3600)
		snprintf(to, size, "%lum%02lus", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(to, size, "%luh%02lum", whole / 3600, whole / 60 % 60);
	else
		snprintf(to, size, "%lud", whole / 86400);
	return to;
}

char *mvctl_human_ms_age(char *to, size_t size, double raw)
{
	return mvctl_human_ns_age(to, size, raw * 1e6);
}

char *mvctl_human_duration(char *to, size_t size, uint64_t ns)
{
	double s = (double)ns / 1e9;
	unsigned long whole = (unsigned long)s;

	if (s < 9.95)
		snprintf(to, size, "%.1f s", s);
	else if (whole < 60)
		snprintf(to, size, "%lu s", whole);
	else if (whole < 3600)
		snprintf(to, size, "%lu min %lu s", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(to, size, "%lu h %lu min", whole / 3600, whole / 60 % 60);
	else
		snprintf(to, size, "%lu d", whole / 86400);
	return to;
}

char *mvctl_human_size(char *to, size_t size, uint64_t bytes)
{
	static const char *const unit[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes / 1024;
	unsigned n = 0;

	if (bytes < 1024) {
		snprintf(to, size, "%llu B", (unsigned long long)bytes);
		return to;
	}
	while (value >= 1024 && n < 3) {
		value /= 1024;
		n++;
	}
	snprintf(to, size, "%.1f %s", value, unit[n]);
	return to;
}
