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

/* The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`. */
static double round_step(double least)
{
	static const double nice[] = {1, 2, 2.5, 5};
	double power = pow(10, floor(log10(least)));

	for (unsigned i = 0; i < sizeof nice / sizeof nice[0]; i++) {
		if (nice[i] * power >= least * (1 - 1e-9))
			return nice[i] * power;
	}
	return 10 * power;
}

/* Rows' height and the lowest edge, so that every edge is a round number and all values fit. */
static double choose_edges(double *low, double high)
{
	double step = round_step((high - *low) / MVCTL_PLOT_ROWS), bottom = *low;

	/* Rounding the lowest edge down may cost a row, which the next step has to spare. */
	for (unsigned i = 0; i < 3; i++) {
		bottom = floor(*low / step + 1e-9) * step;
		if (bottom + MVCTL_PLOT_ROWS * step >= high * (1 - 1e-9))
			break;
		step = round_step(step * 1.01);
	}
	*low = bottom;
	return step;
}

void mvctl_plot(FILE *out, const double *value, size_t count, unsigned width, double factor)
{
	double mean[WIDTH_MAX], low = 0, high = 0, step;

	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	for (unsigned c = 0; c < width; c++) {
		mean[c] = count ? column_mean(value, count, c, width) * factor : NAN;
		if (!(fabs(mean[c]) < 1e100)) /* nor infinite: a member may tell anything */
			mean[c] = NAN;
		if (mean[c] > high)
			high = mean[c];
		if (mean[c] < low)
			low = mean[c];
	}
	if (high <= low)
		high = low + 1;
	step = choose_edges(&low, high);
	for (int row = MVCTL_PLOT_ROWS - 1; row >= 0; row--) {
		double edge = low + step * row;
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
		fprintf(out, "%10.6g |%s\n", low + step * (row + 1), line);
	}
}
