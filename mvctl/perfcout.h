/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_PERFCOUT_H
#define MVCTL_PERFCOUT_H

#include <jansson.h>
#include <mvmp.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The dump in the form of the MicroVisor's mvctl-perfc: a line with the time, then one line a
 * counter: name, TOTAL, and where the total is not 0 every CPU (or, of arrays, every index).
 * Counters that the node cannot read are left out. */
void mvctl_perfc_print(FILE *out, const Mvmp__PerfAnswer *answer, bool arrays);

/* The same as one object: {"node", "now_ns", "cpus": [...], "counters": [...]}, with those that
 * the node cannot read and why. */
json_t *mvctl_perfc_json(const char *node, const Mvmp__PerfAnswer *answer, bool arrays);

/* How many counters the node cannot read. */
unsigned mvctl_perfc_unsupported(const Mvmp__PerfAnswer *answer);

/* Up to five names of the answer that resemble `name`, separated by commas; "" when none does.
 * Returns `to`. */
char *mvctl_perfc_close_names(
	char *to, size_t size, const Mvmp__PerfAnswer *answer, const char *name);

#endif
