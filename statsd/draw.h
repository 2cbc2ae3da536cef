/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_DRAW_H
#define MVS_DRAW_H

/*
 * Reading history and drawing it, with librrd, which neither hurries nor runs in two threads:
 * in a worker process (workers.h). Jobs and results are plain structs: both ends are the same
 * program.
 */

#include "derive.h"
#include "rrdfile.h"

enum {
	MVS_DRAW_ITEMS = 8,
	MVS_DRAW_POINTS_MAX = 20000, /* of one item */
	MVS_IMAGE_MAX = 900 * 1024,  /* fits an answer */
	MVS_TITLE_MAX = 128,
};

struct mvs_draw_item {
	char path[MVS_PATH_MAX];
	char title[MVS_TITLE_MAX]; /* "r1-n01/web-07/vif0 received" */
	char unit[16];
	char rpn[MVS_RPN_MAX];
	unsigned sources;
	char source[MVS_SOURCES_MAX][20];
	bool simulated;
};

struct mvs_draw_job {
	bool image, svg, thumbnail;
	int64_t from_s, to_s; /* since 1970; to_s is not after now_s */
	int64_t now_s;
	uint32_t step_s; /* 0: the finest */
	uint32_t width, height;
	unsigned items;
	struct mvs_draw_item item[MVS_DRAW_ITEMS];
};

/* Over the known values; all NaN when there are none. */
struct mvs_draw_line {
	double now, min, avg, max;
	int64_t max_at_s;
};

struct mvs_draw_result {
	enum mvmp_status status; /* MVMP_OK, or text says why not */
	char text[256];
	int64_t start_s; /* time of the first value's end */
	uint32_t step_s;
	uint32_t points;		 /* of each item */
	uint32_t missing;		 /* of the first item, without what cannot be known yet */
	int64_t first_gap_s, last_gap_s; /* ends of the first and last missing; 0: none */
	uint32_t width, height;
	struct mvs_draw_line line[MVS_DRAW_ITEMS];
	uint32_t image_len;
};

/* The result's variable part: item after item of `points` values, then the image. */
struct mvs_draw_output {
	struct mvs_draw_result result;
	double *value;
	uint8_t *image;
};

/* Does the job; output->result.status tells. The caller frees with mvs_draw_free(). */
void mvs_draw(const struct mvs_draw_job *job, struct mvs_draw_output *output);
void mvs_draw_free(struct mvs_draw_output *output);

/* draw_values.c: values and figures. */
int mvs_draw_values(const struct mvs_draw_job *job, struct mvs_draw_output *output);
/* draw_image.c: the picture, after the values. */
int mvs_draw_image(const struct mvs_draw_job *job, struct mvs_draw_output *output);

/* The title, or its beginning and end with ".." between, in `column` bytes at most (8 or more),
 * no character cut in two. `to` holds MVS_TITLE_MAX. */
void mvs_draw_cut(char *to, size_t column, const char *title);

/* Arguments for librrd, made as they are added. */
struct mvs_args {
	int argc;
	bool overflow;
	char *argv[160];
	size_t used;
	char text[48 * 1024];
};
void mvs_arg(struct mvs_args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* DEF and CDEF of an item; its values are then called "v<number>". */
void mvs_arg_item(struct mvs_args *args, const struct mvs_draw_item *item, unsigned number);

#endif
