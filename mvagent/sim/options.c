/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
	uint32_t def, min, max;
} table[] = {
	{"domains", offsetof(struct sim_options, domains), 8, 0, 4096},
	{"cpus", offsetof(struct sim_options, cpus), 8, 1, MVA_CPUS_MAX},
	{"numa", offsetof(struct sim_options, numa), 2, 1, 64},
	{"vcpus", offsetof(struct sim_options, vcpus), 2, 1, 64},
	{"vifs", offsetof(struct sim_options, vifs), 1, 0, 16},
	{"vbds", offsetof(struct sim_options, vbds), 1, 0, 16},
};

enum { ROWS = sizeof table / sizeof table[0] };

static uint32_t *field(struct sim_options *options, unsigned row)
{
	return (uint32_t *)((char *)options + table[row].offset);
}

/* Digits only, up to `max`; -1 for anything else. */
static int64_t number(const char *text, size_t len, int64_t max)
{
	int64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > max)
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return len && value <= max ? value : -1;
}

static int set_field(
	struct sim_options *options, const char *part, size_t len, struct mvmp_error *err)
{
	const char *equals = memchr(part, '=', len);
	size_t name = equals ? (size_t)(equals - part) : len;
	size_t rest = equals ? len - name - 1 : 0;

	if (equals && name == 4 && memcmp(part, "seed", 4) == 0) {
		int64_t seed = number(equals + 1, rest, INT64_MAX / 100);

		options->seed = (uint64_t)seed;
		return seed < 0 ? mvmp_fail(err, MVMP_INVALID, "simulation: %.*s is not a number",
					  (int)len, part)
				: 0;
	}
	for (unsigned i = 0; i < ROWS; i++) {
		int64_t value;

		if (name != strlen(table[i].name) || memcmp(part, table[i].name, name) != 0)
			continue;
		value = equals ? number(equals + 1, rest, table[i].max) : -1;
		if (value < table[i].min)
			return mvmp_fail(err, MVMP_INVALID,
				"simulation: \"%.*s\" is out of range: %s takes %u to %u", (int)len,
				part, table[i].name, table[i].min, table[i].max);
		*field(options, i) = (uint32_t)value;
		return 0;
	}
	return mvmp_fail(err, MVMP_INVALID,
		"simulation: there is no option \"%.*s\"; there are domains, cpus, numa, vcpus, "
		"vifs, vbds, seed",
		(int)name, part);
}

int sim_options_parse(struct sim_options *options, const char *text, struct mvmp_error *err)
{
	struct sim_options parsed = {.seed = 1};

	for (unsigned i = 0; i < ROWS; i++)
		*field(&parsed, i) = table[i].def;
	while (text && *text) {
		size_t len = strcspn(text, ",");
		int rc = set_field(&parsed, text, len, err);

		if (rc)
			return rc;
		text += len + (text[len] == ',');
	}
	if (parsed.numa > parsed.cpus)
		return mvmp_fail(err, MVMP_INVALID,
			"simulation: %u NUMA nodes need as many CPUs, there are %u", parsed.numa,
			parsed.cpus);
	*options = parsed;
	return 0;
}
