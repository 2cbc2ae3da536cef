/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_OPTIONS_H
#define MVA_OPTIONS_H

/* What the command line said. */

#include "backend.h"

enum { MVA_INTERFACES_MAX = 6 };

struct mva_options {
	const char *interface[MVA_INTERFACES_MAX];
	unsigned interfaces;
	const char *identity, *state, *run, *user, *libvirt, *root, *key_log;
	const struct mva_backend_ops *backend;
	const char *backend_options; /* after "sim:", or NULL */
	unsigned interval_ms;
	bool enrol;
};

/* Exit codes, as mvctl has them. */
enum mva_exit {
	MVA_EXIT_OK = 0,
	MVA_EXIT_FAILED = 1,
	MVA_EXIT_USAGE = 2,
	MVA_EXIT_NOT_FOUND = 3,
	MVA_EXIT_NOT_ALLOWED = 4,
};

int mva_exit_code(const struct mvmp_error *err);

/* Reads argv. -1: go on; else the exit code, and what was to be said has been said. */
int mva_options_read(struct mva_options *options, int argc, char **argv);

#endif
