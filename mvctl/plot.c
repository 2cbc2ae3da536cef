/* SPDX-License-Identifier: Apache-2.0 */
#include "plot.h"
#include <math.h>
#include <string.h>

enum { WIDTH_MAX = 400 };

void mvctl_series_of(struct mvctl_series *ret, const double *value, size_t count)
{
	double sum = 0;

	*ret = (struct mvctl_series){.now = NAN, .min = NAN, .avg = NAN, .max = NAN};
	for (size_t i = 0; i < count; i++) {
		if (isnan(value[i])) {
			if (!ret->missing++)
				ret->first_gap = i;
			ret->last_gap = i;
			continue;
		}
		if (!ret->count || value[i] < ret->min)
			ret->min = value[i];
		if (!ret->count || value[i] > ret->max) {
			ret->max = value[i];
			ret->max_index = i;
		}
		sum += value[i];
		ret->now = value[i];
		ret->count++;
	}
	if (ret->count)
		ret->avg = sum / (double)ret->count;
}

/* Mean of the values that fall into one column; NaN when all are missing. */
static double column_mean(const double *value, size_t count, unsigned column, unsigned width)
{
	size_t from = count * column / width, to = count * (column + 1) / width;
	double sum = 0;
	size_t known = 0;

	if (to == from)
		to = from + 1;
	for (size_t i = from; i < to && i < count; i++) {
		if (isnan(value[i]))
			continue;
		sum += value[i];
		known++;
	}
	return known ? sum / (double)known : NAN;
}

void mvctl_plot(FILE *out, const double *value, size_t count, unsigned width, double factor)
{
	double mean[WIDTH_MAX], low = 0, high = 0;

	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	for (unsigned c = 0; c < width; c++) {
		mean[c] = count ? column_mean(value, count, c, width) : NAN;
		if (mean[c] > high)
			high = mean[c];
		if (mean[c] < low)
			low = mean[c];
	}
	if (high <= low)
		high = low + 1;
	for (int row = MVCTL_PLOT_ROWS - 1; row >= 0; row--) {
		double edge = low + (high - low) * row / MVCTL_PLOT_ROWS;
		char line[WIDTH_MAX + 1];
		unsigned used = 0;

		for (unsigned c = 0; c < width; c++) {
			line[c] = mean[c] > edge || (row == 0 && mean[c] >= low) ? '#' : ' ';
			if (isnan(mean[c]))
				line[c] = ' ';
			if (line[c] != ' ')
				used = c + 1;
		}
		line[used] = '\0';
		fprintf(out, "%10.4g |%s\n", low + (high - low) * (row + 1) / MVCTL_PLOT_ROWS,
			line);
	}
}
