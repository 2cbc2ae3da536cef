/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_OPTIONS_H
#define MVCTL_OPTIONS_H

#include "mvctl.h"
#include "table.h"
#include <getopt.h>

/* Takes the options that every command has out of argv, wherever they stand before a "--", and
 * leaves the rest in order. Returns 0 or an exit code (already reported). */
int mvctl_take_options(struct mvctl *ctl, int *argc, char **argv);

/* getopt_long(3) with errors in the house's style: '?' has been reported. Restarts at the first
 * call with another argv. */
int mvctl_getopt(struct mvctl *ctl, int argc, char **argv, const char *short_options,
	const struct option *long_options);

/* How tables are to be printed. */
struct mvctl_style mvctl_style(const struct mvctl *ctl);

/* Reads a whole number in [min, max]; reports and returns false otherwise. */
bool mvctl_read_number(struct mvctl *ctl, const char *what, const char *text, unsigned long min,
	unsigned long max, unsigned long *ret);

#endif
