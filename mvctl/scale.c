/* SPDX-License-Identifier: Apache-2.0 */
#include "scale.h"
#include "mvctl.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Raw units that people do not read, and what they read instead. */
static const struct {
	const char *raw, *shown;
	double factor;
	bool prefix; /* k, M, G, T in front */
} units[] = {
	{"bit/s", "bit/s", 1, true},
	{"B", "B", 1, true},
	{"B/s", "B/s", 1, true},
	{"1/s", "/s", 1, true},
	{"sectors/s", "sectors/s", 1, true},
	{"kHz", "GHz", 1e-6, false},
	{"ns", "s", 1e-9, false},
	{"uW", "W", 1e-6, false},
	{"uJ", "J", 1e-6, false},
	{"uJ/s", "W", 1e-6, false},
	{"m\302\260C", "C", 1e-3, false},
	{"1/1000", "", 1e-3, false},
};

static const char *prefix_of(double largest, double *factor)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T"};
	unsigned n = 0;

	for (; n < 4 && largest >= 1000; n++) {
		largest /= 1000;
		*factor /= 1000;
	}
	return prefixes[n];
}

struct mvctl_scale mvctl_scale_of(const char *unit, double largest)
{
	struct mvctl_scale scale = {.factor = 1};

	snprintf(scale.unit, sizeof scale.unit, "%s", unit);
	mvctl_clean(scale.unit);
	for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
		const char *prefix = "";

		if (strcmp(unit, units[i].raw) != 0)
			continue;
		scale.factor = units[i].factor;
		if (units[i].prefix && !isnan(largest))
			prefix = prefix_of(fabs(largest), &scale.factor);
		snprintf(scale.unit, sizeof scale.unit, "%s%s", prefix, units[i].shown);
	}
	return scale;
}
