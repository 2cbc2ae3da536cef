/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"
#include <rrd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mvs_arg(struct mvs_args *args, const char *format, ...)
{
	size_t room = sizeof args->text - args->used;
	char *at = args->text + args->used;
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(at, room, format, list);
	va_end(list);
	if (len < 0 || (size_t)len >= room ||
		args->argc + 1 >= (int)(sizeof args->argv / sizeof *args->argv)) {
		args->overflow = true;
		return;
	}
	args->used += (size_t)len + 1;
	args->argv[args->argc++] = at;
	args->argv[args->argc] = NULL;
}

/* librrd ends a file name at a colon that has no backslash. */
static void escape_path(char *to, size_t size, const char *path)
{
	size_t n = 0;

	for (; *path && n + 2 < size; path++) {
		if (*path == ':' || *path == '\\')
			to[n++] = '\\';
		to[n++] = *path;
	}
	to[n] = '\0';
}

/* Puts the item's own names for a, b, c, d, e into its expression. */
static void expand_rpn(char *to, size_t size, const struct mvs_draw_item *item, unsigned number)
{
	const char *at = item->rpn;
	size_t n = 0;

	while (*at && n + 16 < size) {
		size_t len = strcspn(at, ",");

		if (len == 1 && *at >= 'a' && *at < 'a' + (int)item->sources)
			n += (size_t)snprintf(to + n, size - n, "v%u%c", number, *at);
		else
			n += (size_t)snprintf(to + n, size - n, "%.*s", (int)len, at);
		at += len;
		if (*at)
			to[n++] = *at++;
	}
	to[n] = '\0';
}

void mvs_arg_item(struct mvs_args *args, const struct mvs_draw_item *item, unsigned number)
{
	char path[2 * MVS_PATH_MAX], rpn[2 * MVS_RPN_MAX];

	escape_path(path, sizeof path, item->path);
	for (unsigned i = 0; i < item->sources; i++)
		mvs_arg(args, "DEF:v%u%c=%s:%s:AVERAGE", number, 'a' + (int)i, path,
			item->source[i]);
	expand_rpn(rpn, sizeof rpn, item, number);
	mvs_arg(args, "CDEF:v%u=%s", number, rpn);
}

void mvs_draw(const struct mvs_draw_job *job, struct mvs_draw_output *output)
{
	memset(output, 0, sizeof *output);
	if (mvs_draw_values(job, output) == 0 && job->image)
		mvs_draw_image(job, output);
}

void mvs_draw_free(struct mvs_draw_output *output)
{
	free(output->value);
	free(output->image);
	output->value = NULL;
	output->image = NULL;
}
