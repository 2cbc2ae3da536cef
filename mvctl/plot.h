/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_PLOT_H
#define MVCTL_PLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MVCTL_PLOT_ROWS = 8 };

/* What a series was; `count` is how many values are not NaN. */
struct mvctl_series {
	double now, min, avg, max;
	size_t count, max_index, first_gap, last_gap, missing;
};

void mvctl_series_of(struct mvctl_series *ret, const double *value, size_t count);

/* Draws 8 rows of ASCII, `width` columns of dots; a gap is left blank. The scale begins at 0
 * unless values are negative; its figures are round, of values times `factor`. */
void mvctl_plot(FILE *out, const double *value, size_t count, unsigned width, double factor);

#endif
