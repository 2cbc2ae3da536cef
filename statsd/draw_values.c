/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(struct mvs_draw_result *result, enum mvmp_status status, const char *what)
{
	result->status = status;
	snprintf(result->text, sizeof result->text, "cannot read history: %s", what);
	rrd_clear_error();
	return -1;
}

static void add_options(struct mvs_args *args, const struct mvs_draw_job *job)
{
	mvs_arg(args, "xport");
	mvs_arg(args, "--start");
	mvs_arg(args, "%lld", (long long)job->from_s);
	mvs_arg(args, "--end");
	mvs_arg(args, "%lld", (long long)job->to_s);
	mvs_arg(args, "--maxrows");
	mvs_arg(args, "%d", MVS_DRAW_POINTS_MAX);
	mvs_arg(args, "--step");
	mvs_arg(args, "%u", job->step_s ? job->step_s : 1);
}

/* rrd_xport() gives rows of all items; here each item's values stand together. */
static int take_table(struct mvs_draw_output *output, const rrd_value_t *data, unsigned items)
{
	uint32_t points = output->result.points;

	output->value = malloc((size_t)points * items * sizeof(double) + 1);
	if (!output->value)
		return fail(&output->result, MVMP_NO_MEMORY, "no memory");
	for (uint32_t p = 0; p < points; p++) {
		for (unsigned i = 0; i < items; i++)
			output->value[i * points + p] = data[p * items + i];
	}
	return 0;
}

static int export_table(struct mvs_args *args, struct mvs_draw_output *output, unsigned items)
{
	struct mvs_draw_result *result = &output->result;
	unsigned long step, columns;
	rrd_value_t *data;
	time_t start, end;
	char **legend;
	int size, rc;

	rrd_clear_error();
	if (rrd_xport(args->argc, args->argv, &size, &start, &end, &step, &columns, &legend, &data))
		return fail(result, MVMP_IO, rrd_get_error());
	result->step_s = (uint32_t)step;
	result->start_s = start + (time_t)step;
	result->points = end > start ? (uint32_t)((unsigned long)(end - start) / step) : 0;
	rc = columns == items ? take_table(output, data, items)
			      : fail(result, MVMP_IO, "librrd gave other columns");
	for (unsigned long i = 0; i < columns; i++)
		rrd_freemem(legend[i]);
	rrd_freemem(legend);
	rrd_freemem(data);
	return rc;
}

static int64_t point_time(const struct mvs_draw_result *result, uint32_t point)
{
	return result->start_s + (int64_t)point * result->step_s;
}

/* The step under way, and the one before it, may lack their samples without anything missing. */
static void cut_future(const struct mvs_draw_job *job, struct mvs_draw_output *output)
{
	struct mvs_draw_result *result = &output->result;
	uint32_t points = result->points;

	while (points > 0) {
		bool known = false;

		if (point_time(result, points - 1) <= job->now_s - 2 * (int64_t)result->step_s)
			break;
		for (unsigned i = 0; i < job->items; i++)
			known |= !isnan(output->value[i * result->points + points - 1]);
		if (known)
			break;
		points--;
	}
	for (unsigned i = 1; i < job->items; i++)
		memmove(output->value + i * points, output->value + i * result->points,
			points * sizeof(double));
	result->points = points;
}

static void count_missing(struct mvs_draw_output *output)
{
	struct mvs_draw_result *result = &output->result;

	for (uint32_t p = 0; p < result->points; p++) {
		if (!isnan(output->value[p]))
			continue;
		result->missing++;
		if (!result->first_gap_s)
			result->first_gap_s = point_time(result, p);
		result->last_gap_s = point_time(result, p);
	}
}

static struct mvs_draw_line figures(const struct mvs_draw_result *result, const double *value)
{
	struct mvs_draw_line line = {NAN, NAN, NAN, NAN, 0};
	double sum = 0;
	uint32_t n = 0;

	for (uint32_t p = 0; p < result->points; p++) {
		if (isnan(value[p]))
			continue;
		sum += value[p];
		n++;
		line.now = value[p];
		line.min = n == 1 || value[p] < line.min ? value[p] : line.min;
		if (n == 1 || value[p] > line.max) {
			line.max = value[p];
			line.max_at_s = point_time(result, p);
		}
	}
	if (n)
		line.avg = sum / n;
	/* What was current an hour ago is not "now". */
	if (n && isnan(value[result->points - 1]))
		line.now = NAN;
	return line;
}

int mvs_draw_values(const struct mvs_draw_job *job, struct mvs_draw_output *output)
{
	struct mvs_args *args = calloc(1, sizeof *args);
	int rc;

	if (!args)
		return fail(&output->result, MVMP_NO_MEMORY, "no memory");
	add_options(args, job);
	for (unsigned i = 0; i < job->items; i++)
		mvs_arg_item(args, &job->item[i], i);
	for (unsigned i = 0; i < job->items; i++)
		mvs_arg(args, "XPORT:v%u:%u", i, i);
	rc = args->overflow ? fail(&output->result, MVMP_TOO_LARGE, "too many series")
			    : export_table(args, output, job->items);
	free(args);
	if (rc)
		return rc;
	cut_future(job, output);
	count_missing(output);
	for (unsigned i = 0; i < job->items; i++)
		output->result.line[i] =
			figures(&output->result, output->value + i * output->result.points);
	return 0;
}
