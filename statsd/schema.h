/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_SCHEMA_H
#define MVS_SCHEMA_H

/*
 * What an RRD file of each entity kind looks like: data sources from the metric table, archives
 * from a profile. Pure: no file is touched here. docs/storage.md describes the result.
 */

#include <mvmp/metric.h>
#include <mvmp/status.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	MVS_SCHEMA_VERSION = 1, /* of the layout under the store; stands in every path ("v1") */
	MVS_ARCHIVES_MAX = 16,
	MVS_CREATE_ARGS_MAX = MVMP_METRICS_MAX + MVS_ARCHIVES_MAX,
	MVS_CREATE_ARG_LEN = 64,
};

/* One archive: how long one row stands for and how far back the archive reaches. */
struct mvs_archive {
	uint32_t row_s;
	uint32_t span_s;
};

struct mvs_profile {
	const char *name;
	const char *help;
	unsigned archives;
	struct mvs_archive archive[6];
};

/* The arguments of rrd_create_r() for one entity kind, made once and used for every file. */
struct mvs_schema {
	uint32_t step_s;
	uint32_t heartbeat_s;
	size_t bytes; /* of a file, without its header */
	unsigned args;
	const char *argv[MVS_CREATE_ARGS_MAX];
	char text[MVS_CREATE_ARGS_MAX][MVS_CREATE_ARG_LEN];
};

/* "small" or "standard"; MVMP_INVALID names the known ones. */
int mvs_profile_find(const struct mvs_profile **ret, const char *name, struct mvmp_error *err);

/* All profiles; the last has name NULL. */
extern const struct mvs_profile mvs_profiles[];

/* Bytes that one data source takes in a file of this profile and step. */
size_t mvs_profile_bytes(const struct mvs_profile *profile, uint32_t step_s);

/* max(2 steps, 2.5 intervals): one lost sample makes no gap, two do. */
uint32_t mvs_heartbeat_s(uint32_t step_s, uint32_t interval_ms);

/* Nodes' default `block_ms` (docs/counters.md): a VBD's figures may not be expected more often. */
enum { MVS_VBD_INTERVAL_MS = 10000 };

/* Fills *schema; it holds its own texts and must not be moved afterwards. */
void mvs_schema_make(struct mvs_schema *schema, enum mvmp_entity kind,
	const struct mvs_profile *profile, uint32_t step_s, uint32_t interval_ms);

#endif
