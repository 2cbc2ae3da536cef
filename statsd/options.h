/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_OPTIONS_H
#define MVS_OPTIONS_H

#include "schema.h"
#include <stdbool.h>

enum { MVS_INTERFACES_MAX = 6, MVS_NODES_TOLD_MAX = 1024 };

/* What the command line says; strings are borrowed from argv. */
struct mvs_options {
	const char *interface[MVS_INTERFACES_MAX];
	unsigned interfaces;
	const char *node[MVS_NODES_TOLD_MAX];
	unsigned nodes;
	bool discover;
	const char *identity, *store, *run, *user, *rrdcached, *key_log;
	const struct mvs_profile *profile;
	uint32_t interval_ms, step_s, flush_s, files_max, kinds;
	uint32_t node_files_max, expire_days;
	bool help, version, draw_worker;
};

/* MVMP_INVALID with the sentence. Sets what was not given to its default. */
int mvs_options_parse(struct mvs_options *options, int argc, char **argv, struct mvmp_error *err);

extern const char mvs_help[];

#endif
