/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"
#include <stdio.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

const struct mvs_profile mvs_profiles[] = {
	{"small", "10 min at the step, 1 h at 10 s, 1 d at 5 min, 30 d at 2 h", 4,
		{{1, 10 * MINUTE}, {10, HOUR}, {5 * MINUTE, DAY}, {2 * HOUR, 30 * DAY}}},
	{"standard",
		"10 min at the step, 1 h at 10 s, 1 d at 1 min, 1 week at 10 min, 90 d at 1 h, "
		"3 y at 1 d",
		6,
		{{1, 10 * MINUTE}, {10, HOUR}, {MINUTE, DAY}, {10 * MINUTE, 7 * DAY},
			{HOUR, 90 * DAY}, {DAY, 3 * 365 * DAY}}},
	{NULL, NULL, 0, {{0, 0}}},
};

int mvs_profile_find(const struct mvs_profile **ret, const char *name, struct mvmp_error *err)
{
	for (const struct mvs_profile *p = mvs_profiles; p->name; p++) {
		if (strcmp(p->name, name) == 0) {
			*ret = p;
			return 0;
		}
	}
	return mvmp_fail(
		err, MVMP_INVALID, "no profile is called %s; there are small, standard", name);
}

/* Steps that one row of the archive consolidates: at least one. */
static uint32_t archive_steps(const struct mvs_archive *archive, uint32_t step_s)
{
	return archive->row_s > step_s ? archive->row_s / step_s : 1;
}

static uint32_t archive_rows(const struct mvs_archive *archive, uint32_t step_s)
{
	uint32_t rows = archive->span_s / (archive_steps(archive, step_s) * step_s);

	return rows ? rows : 1;
}

/* With a long step several archives of a profile come to one row a step: the longest stays. */
static bool archive_is_covered(const struct mvs_profile *profile, unsigned at, uint32_t step_s)
{
	return at + 1 < profile->archives &&
	       archive_steps(&profile->archive[at], step_s) ==
		       archive_steps(&profile->archive[at + 1], step_s);
}

size_t mvs_profile_bytes(const struct mvs_profile *profile, uint32_t step_s)
{
	size_t rows = 0;

	for (unsigned i = 0; i < profile->archives; i++) {
		const struct mvs_archive *archive = &profile->archive[i];

		if (archive_is_covered(profile, i, step_s))
			continue;
		rows += archive_rows(archive, step_s) *
			(archive_steps(archive, step_s) > 1 ? 2u : 1u);
	}
	return rows * sizeof(double);
}

uint32_t mvs_heartbeat_s(uint32_t step_s, uint32_t interval_ms)
{
	uint32_t by_interval = (uint32_t)(((uint64_t)interval_ms * 5 / 2 + 999) / 1000);

	return by_interval > 2 * step_s ? by_interval : 2 * step_s;
}

static char *next_arg(struct mvs_schema *schema)
{
	char *text = schema->text[schema->args];

	schema->argv[schema->args++] = text;
	return text;
}

static void add_source(struct mvs_schema *schema, const struct mvmp_metric *metric)
{
	bool counter = metric->type == MVMP_COUNTER;

	snprintf(next_arg(schema), MVS_CREATE_ARG_LEN, "DS:%s:%s:%u:%s:U", metric->name,
		counter ? "DERIVE" : "GAUGE", schema->heartbeat_s, counter ? "0" : "U");
}

static void add_archive(struct mvs_schema *schema, const char *cf, uint32_t steps, uint32_t rows)
{
	snprintf(next_arg(schema), MVS_CREATE_ARG_LEN, "RRA:%s:0.5:%u:%u", cf, steps, rows);
}

/* Nodes ask for their disks' figures at an interval of their own, however often they sample. */
static uint32_t expected_ms(enum mvmp_entity kind, uint32_t interval_ms)
{
	return kind == MVMP_VBD && interval_ms < MVS_VBD_INTERVAL_MS ? MVS_VBD_INTERVAL_MS
								     : interval_ms;
}

void mvs_schema_make(struct mvs_schema *schema, enum mvmp_entity kind,
	const struct mvs_profile *profile, uint32_t step_s, uint32_t interval_ms)
{
	memset(schema, 0, sizeof *schema);
	schema->step_s = step_s;
	schema->heartbeat_s = mvs_heartbeat_s(step_s, expected_ms(kind, interval_ms));
	schema->bytes = mvs_profile_bytes(profile, step_s) * mvmp_entities[kind].metrics;
	for (unsigned i = 0; i < mvmp_entities[kind].metrics; i++)
		add_source(schema, &mvmp_entities[kind].metric[i]);
	for (unsigned i = 0; i < profile->archives; i++) {
		uint32_t steps = archive_steps(&profile->archive[i], step_s);
		uint32_t rows = archive_rows(&profile->archive[i], step_s);

		if (archive_is_covered(profile, i, step_s))
			continue;
		add_archive(schema, "AVERAGE", steps, rows);
		/* Of one step, average and maximum are the same number. */
		if (steps > 1)
			add_archive(schema, "MAX", steps, rows);
	}
}
