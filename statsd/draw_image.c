/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Lines that differ for every kind of colour vision and reach contrast 3.4:1 on white. */
static const char *const colour[4] = {"0072B2", "D55E00", "009E73", "000000"};

struct scale {
	double divisor;
	char unit[24]; /* with its prefix: "Mbit/s" */
};

/* The prefix that keeps the largest value below 1000 (1024 for memory). */
static struct scale choose_scale(const char *unit, double largest)
{
	static const char *const decimal[] = {"", "k", "M", "G", "T", "P"};
	static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
	bool bytes = strcmp(unit, "B") == 0;
	double base = bytes ? 1024 : 1000;
	struct scale scale = {1, ""};
	unsigned n = 0;

	if (bytes || strstr(unit, "/s")) {
		for (; n < 5 && largest >= base; n++) {
			largest /= base;
			scale.divisor *= base;
		}
	}
	snprintf(scale.unit, sizeof scale.unit, "%s%.16s",
		strcmp(unit, "1/s") == 0 && n ? "" : (bytes ? binary[n] : decimal[n]), unit);
	if (strcmp(unit, "1/s") == 0 && n)
		snprintf(scale.unit, sizeof scale.unit, "%s/s", decimal[n]);
	return scale;
}

static double largest_value(const struct mvs_draw_job *job, const struct mvs_draw_result *result)
{
	double largest = 0;

	for (unsigned i = 0; i < job->items; i++) {
		if (result->line[i].max > largest)
			largest = result->line[i].max;
	}
	return largest;
}

/* Text for librrd's legend and title: colons and backslashes have meanings there. */
static char *escape(char *to, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 2 < size; text++) {
		if (*text == ':' || *text == '\\')
			to[n++] = '\\';
		to[n++] = *text;
	}
	to[n] = '\0';
	return to;
}

/* Three digits that count, or "-". */
static char *number_text(char to[static 16], double value)
{
	double size = fabs(value);

	if (isnan(value))
		snprintf(to, 16, "-");
	else
		snprintf(to, 16, "%.*f", size >= 100 ? 0 : size >= 10 ? 1 : 2, value);
	return to;
}

static bool any_simulated(const struct mvs_draw_job *job)
{
	for (unsigned i = 0; i < job->items; i++) {
		if (job->item[i].simulated)
			return true;
	}
	return false;
}

/* What all titles begin with, up to a space or slash; "" when they share nothing. */
static void common_title(char to[static MVS_TITLE_MAX], const struct mvs_draw_job *job)
{
	size_t len = strlen(job->item[0].title);

	for (unsigned i = 1; i < job->items; i++) {
		size_t same = 0;

		while (same < len && job->item[i].title[same] == job->item[0].title[same])
			same++;
		len = same;
	}
	while (len && job->item[0].title[len] && job->item[0].title[len] != ' ' &&
		job->item[0].title[len] != '/')
		len--;
	snprintf(to, MVS_TITLE_MAX, "%.*s", (int)len, job->item[0].title);
}

static void add_title(struct mvs_args *args, const struct mvs_draw_job *job,
	const struct mvs_draw_result *result, const struct scale *scale)
{
	const char *mark = any_simulated(job) ? " - simulated" : "";
	char now[16], common[MVS_TITLE_MAX];

	common_title(common, job);
	mvs_arg(args, "--title");
	if (job->thumbnail)
		mvs_arg(args, "%s %s%s", number_text(now, result->line[0].now / scale->divisor),
			scale->unit, mark);
	else if (*common)
		mvs_arg(args, "%s%s", common, mark);
	else
		mvs_arg(args, "%u series%s", job->items, mark);
}

static void add_look(struct mvs_args *args, const struct mvs_draw_job *job)
{
	static const char *const look[] = {"BACK#FFFFFF", "CANVAS#FFFFFF", "SHADEA#FFFFFF",
		"SHADEB#FFFFFF", "GRID#EBEBEB", "MGRID#D2D2D2", "FONT#222222", "AXIS#777777",
		"FRAME#FFFFFF", "ARROW#FFFFFF"};

	for (size_t i = 0; i < sizeof look / sizeof *look; i++) {
		mvs_arg(args, "--color");
		mvs_arg(args, "%s", look[i]);
	}
	mvs_arg(args, "--border");
	mvs_arg(args, "0");
	mvs_arg(args, "--font");
	mvs_arg(args, "DEFAULT:9:DejaVu Sans");
	mvs_arg(args, "--font");
	mvs_arg(args, "TITLE:%d:DejaVu Sans", job->thumbnail ? 8 : 11);
	mvs_arg(args, "--font");
	mvs_arg(args, "LEGEND:9:DejaVu Sans Mono");
	mvs_arg(args, "--disable-rrdtool-tag");
	mvs_arg(args, "--dynamic-labels");
	if (!job->thumbnail)
		return;
	mvs_arg(args, "--no-legend");
	mvs_arg(args, "--x-grid");
	mvs_arg(args, "none");
	mvs_arg(args, "--y-grid");
	mvs_arg(args, "none");
}

static void add_frame(struct mvs_args *args, const struct mvs_draw_job *job, const char *unit)
{
	mvs_arg(args, "graph");
	mvs_arg(args, "-");
	mvs_arg(args, "--imgformat");
	mvs_arg(args, job->svg ? "SVG" : "PNG");
	mvs_arg(args, "--start");
	mvs_arg(args, "%lld", (long long)job->from_s);
	mvs_arg(args, "--end");
	mvs_arg(args, "%lld", (long long)job->to_s);
	mvs_arg(args, "--full-size-mode");
	mvs_arg(args, "--width");
	mvs_arg(args, "%u", job->width);
	mvs_arg(args, "--height");
	mvs_arg(args, "%u", job->height);
	mvs_arg(args, "--lower-limit");
	mvs_arg(args, "0");
	mvs_arg(args, "--units-exponent");
	mvs_arg(args, "0");
	if (*unit && !job->thumbnail) {
		mvs_arg(args, "--vertical-label");
		mvs_arg(args, "%s", unit);
	}
}

/* Grey where nothing is known between the first and the last value: a gap is not a zero. */
static void add_gaps(struct mvs_args *args, const struct mvs_draw_output *output)
{
	const struct mvs_draw_result *result = &output->result;
	uint32_t first = 0, last = result->points, n = 0;
	int64_t from_s, to_s;

	while (first < last && isnan(output->value[first]))
		first++;
	while (last > first && isnan(output->value[last - 1]))
		last--;
	for (uint32_t p = first; p < last; p++)
		n += isnan(output->value[p]);
	if (n == 0)
		return;
	from_s = result->start_s + (int64_t)first * result->step_s;
	to_s = result->start_s + (int64_t)(last - 1) * result->step_s;
	mvs_arg(args, "CDEF:gap=v0,UN,TIME,%lld,GT,*,TIME,%lld,LT,*,INF,UNKN,IF", (long long)from_s,
		(long long)to_s);
	mvs_arg(args, "AREA:gap#E4E4E4");
}

static bool is_inside_char(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void mvs_draw_cut(char *to, size_t column, const char *title)
{
	size_t len = strlen(title), head = (column - 2) / 2, tail = len - (column - 2 - head);

	if (len <= column) {
		snprintf(to, MVS_TITLE_MAX, "%s", title);
		return;
	}
	while (head && is_inside_char(title[head]))
		head--;
	while (is_inside_char(title[tail]))
		tail++;
	snprintf(to, MVS_TITLE_MAX, "%.*s..%s", (int)head, title, title + tail);
}

enum { LETTER_TENTHS = 80, SWATCH = 5, FIGURES = 56, NOW_ONLY = 21 }; /* of the legend's font */

/* Letters of the legend's first column: what the width leaves beside the figures. */
static size_t title_column(const struct mvs_draw_job *job, bool *wide)
{
	size_t letters = (size_t)job->width * 10 / LETTER_TENTHS, longest = 0;
	size_t figures, room;

	*wide = letters >= SWATCH + 16 + FIGURES;
	figures = *wide ? FIGURES : NOW_ONLY;
	room = letters >= figures + SWATCH + 8 ? letters - figures - SWATCH : 8;
	for (unsigned i = 0; i < job->items; i++) {
		size_t len = strlen(job->item[i].title);

		longest = len > longest ? len : longest;
	}
	return longest < room ? longest : room;
}

static void add_line(struct mvs_args *args, const struct mvs_draw_job *job, unsigned i,
	const struct mvs_draw_line *line, const struct scale *scale)
{
	const char *how = i >= 4 ? ":dashes=5,3" : "";
	char title[2 * MVS_TITLE_MAX], padded[MVS_TITLE_MAX + 40];
	char now[16], min[16], avg[16], max[16], cut[MVS_TITLE_MAX];
	bool wide;
	size_t column = title_column(job, &wide);

	mvs_arg(args, "CDEF:s%u=v%u,%.0f,/", i, i, scale->divisor);
	if (job->items == 1)
		mvs_arg(args, "AREA:s%u#%s26", i, colour[i % 4]);
	mvs_draw_cut(cut, column, job->item[i].title);
	snprintf(padded, sizeof padded, "%-*s", (int)(column < 100 ? column : 100), cut);
	mvs_arg(args, "LINE1.4:s%u#%s:%s%s", i, colour[i % 4], escape(title, sizeof title, padded),
		how);
	number_text(now, line->now / scale->divisor);
	if (!wide) {
		mvs_arg(args, "COMMENT:now %6s %s\\l", now, scale->unit);
		return;
	}
	mvs_arg(args, "COMMENT:now %6s  min %6s  avg %6s  max %6s %s\\l", now,
		number_text(min, line->min / scale->divisor),
		number_text(avg, line->avg / scale->divisor),
		number_text(max, line->max / scale->divisor), scale->unit);
}

static int no_memory(struct mvs_draw_result *result)
{
	result->status = MVMP_NO_MEMORY;
	snprintf(result->text, sizeof result->text, "no memory for the picture");
	return -1;
}

static int take_image(struct mvs_draw_output *output, rrd_info_t *info)
{
	for (rrd_info_t *i = info; i; i = i->next) {
		if (strcmp(i->key, "image_width") == 0)
			output->result.width = (uint32_t)i->value.u_cnt;
		if (strcmp(i->key, "image_height") == 0)
			output->result.height = (uint32_t)i->value.u_cnt;
		if (strcmp(i->key, "image") || i->value.u_blo.size > MVS_IMAGE_MAX)
			continue;
		output->image = malloc(i->value.u_blo.size);
		if (!output->image)
			return no_memory(&output->result);
		memcpy(output->image, i->value.u_blo.ptr, i->value.u_blo.size);
		output->result.image_len = (uint32_t)i->value.u_blo.size;
	}
	return output->image ? 0 : -1;
}

static int draw(struct mvs_args *args, struct mvs_draw_output *output)
{
	struct mvs_draw_result *result = &output->result;
	rrd_info_t *info;
	int rc;

	rrd_clear_error();
	info = args->overflow ? NULL : rrd_graph_v(args->argc, args->argv);
	rc = info ? take_image(output, info) : -1;
	if (info)
		rrd_info_free(info);
	if (rc == 0 || result->status)
		return rc;
	result->status = MVMP_FAILED;
	snprintf(result->text, sizeof result->text, "cannot draw: %.200s",
		rrd_test_error() ? rrd_get_error() : "too much for one picture");
	return -1;
}

int mvs_draw_image(const struct mvs_draw_job *job, struct mvs_draw_output *output)
{
	const struct mvs_draw_result *result = &output->result;
	struct scale scale = choose_scale(job->item[0].unit, largest_value(job, &output->result));
	struct mvs_args *args = calloc(1, sizeof *args);
	int rc;

	if (!args)
		return no_memory(&output->result);
	add_frame(args, job, scale.unit);
	add_look(args, job);
	add_title(args, job, result, &scale);
	for (unsigned i = 0; i < job->items; i++)
		mvs_arg_item(args, &job->item[i], i);
	if (job->items == 1)
		add_gaps(args, output);
	for (unsigned i = 0; i < job->items; i++)
		add_line(args, job, i, &result->line[i], &scale);
	rc = draw(args, output);
	free(args);
	return rc;
}
