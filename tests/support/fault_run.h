/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_RUN_H
#define TESTS_FAULT_RUN_H

/*
 * Operations, each run again and again with the first, second, ... call failing until it passes
 * unharmed, once alone and once with all that follow. After each: the operation's own check,
 * which includes that it works at the next try, and that all its memory was freed.
 */

#include "fault.h"

enum fault_was {
	FAULT_NONE,   /* all calls went well */
	FAULT_ONCE,   /* one did not */
	FAULT_STAYED, /* one, and all after it */
};

struct fault_row {
	const char *name;
	unsigned kinds;		  /* of calls that it makes */
	void (*set_up)(int with); /* may be NULL */
	void (*run)(void);	  /* under the fault */
	void (*check)(enum fault_was was);
	void (*tear_down)(void); /* may be NULL */
	int with;		 /* handed to set_up() */
};

/* Runs all rows as cmocka tests (only the one named by argv[1], if it is given); the program's
 * exit status. */
int fault_run(const char *name, const struct fault_row *rows, size_t count, int argc, char **argv);

#endif
