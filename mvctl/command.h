/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_COMMAND_H
#define MVCTL_COMMAND_H

/* The command table: one row a command, one file a family (`ca.c`, `show.c`, `pin.c`, ...). */

enum mvctl_group {
	MVCTL_LOOK,
	MVCTL_CHANGE,
	MVCTL_HISTORY,
	MVCTL_IDENTITY,
	MVCTL_HELP,
};

/* Exit codes, stable (docs/mvctl.md). */
enum mvctl_exit {
	MVCTL_EXIT_OK = 0,
	MVCTL_EXIT_FAILED = 1,
	MVCTL_EXIT_USAGE = 2,
	MVCTL_EXIT_NOT_FOUND = 3,
	MVCTL_EXIT_NOT_ALLOWED = 4,
	MVCTL_EXIT_NO_ANSWER = 5,
	MVCTL_EXIT_SOME_FAILED = 6,
	MVCTL_EXIT_OUTCOME_UNKNOWN = 7,
	MVCTL_EXIT_UNSUPPORTED = 8,
	MVCTL_EXIT_DRIFT = 9,
	MVCTL_EXIT_INTERRUPTED = 130,
};

struct mvctl; /* what the global options said, and the connection once it is made (mvctl.h) */

struct mvctl_command {
	const char *name;
	enum mvctl_group group;
	const char *summary; /* one line for the overview */
	const char *help;    /* usage, examples first, role needed, units, exit codes */
	/* argv[0] is the command's name; options are parsed by the command. Returns mvctl_exit. */
	int (*run)(struct mvctl *ctl, int argc, char **argv);
};

extern const struct mvctl_command mvctl_ca, mvctl_enrol, mvctl_key;

#endif
