/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include "resolve.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * HISTORY_READ and GRAPH: entities are resolved to files, their rows that wait are written, a
 * worker reads or draws, the answer goes back. Nothing here waits.
 */

enum { WIDTH_MIN = 64, WIDTH_MAX = 4000, HEIGHT_MIN = 32, HEIGHT_MAX = 4000 };

struct pending {
	struct mvs_core *core;
	mvmp_call call;
	struct mvs_draw_job job;
};

/* ---- request to job ------------------------------------------------------------------------ */

static int set_times(struct mvs_draw_job *job, const Mvmp__HistoryRead *read, struct mvs_core *core,
	uint64_t now, struct mvmp_error *err)
{
	job->now_s = (int64_t)(mvs_timeline_ms(&core->timeline, (int64_t)now) / 1000);
	job->from_s = read->from_s < 0 ? job->now_s + read->from_s : read->from_s;
	job->to_s = read->to_s <= 0 ? job->now_s + read->to_s : read->to_s;
	if (job->to_s > job->now_s)
		job->to_s = job->now_s;
	job->step_s = read->step_s;
	if (read->from_s == 0)
		job->from_s = job->to_s - 3600;
	if (job->from_s < 0 || job->from_s >= job->to_s)
		return mvmp_fail(err, MVMP_INVALID,
			"the time to begin (%" PRId64 ") is not before the end (%" PRId64 ")",
			job->from_s, job->to_s);
	return 0;
}

/* Nodes may be named by id or MAC too: files go by name. */
static void name_path(char *to, size_t size, struct mvs_core *core, const char *entity)
{
	size_t len = strcspn(entity, "/");
	char first[MVMP_NAME_MAX + 1] = "";
	const struct mvs_node *node = NULL;

	if (len < sizeof first) {
		memcpy(first, entity, len);
		node = mvs_node_find(core, first);
	}
	if (node && node->name[0])
		snprintf(to, size, "%s%s", node->name, entity + len);
	else
		snprintf(to, size, "%s%s", first, entity + strlen(first));
}

static void fill_item(struct mvs_draw_item *item, const struct mvs_series *series,
	const struct mvs_file *file, const char *path)
{
	char clean[MVS_TITLE_MAX];

	memset(item, 0, sizeof *item);
	mvs_file_path(item->path, sizeof item->path, file);
	mvs_clean_text(clean, sizeof clean, path);
	snprintf(item->title, sizeof item->title, "%.90s %.30s", clean, series->title);
	snprintf(item->unit, sizeof item->unit, "%s", series->unit);
	snprintf(item->rpn, sizeof item->rpn, "%s", series->rpn);
	item->sources = series->sources;
	for (unsigned i = 0; i < series->sources; i++)
		snprintf(item->source[i], sizeof item->source[i], "%s", series->source[i]);
	item->simulated = mvs_file_simulated(file);
}

static int add_item(struct mvs_draw_job *job, struct mvs_file **file, struct mvs_core *core,
	const Mvmp__HistoryRead *read, struct mvmp_error *err)
{
	const struct mvs_series *series;
	struct mvs_series storage;
	char path[2 * MVMP_TEXT_LEN + MVMP_NAME_MAX + 8];
	int rc;

	if (strlen(read->entity) >= sizeof path || strlen(read->metric) > 19)
		return mvmp_fail(err, MVMP_INVALID, "entity or metric is too long a name");
	name_path(path, sizeof path, core, read->entity);
	rc = mvs_resolve(core->config.store, path, file, err);
	if (rc == 0)
		rc = mvs_series_find(&series, &storage, mvs_file_kind(*file), read->metric, err);
	if (rc)
		return rc;
	fill_item(&job->item[job->items], series, *file, path);
	if (job->items && strcmp(job->item[0].unit, job->item[job->items].unit))
		return mvmp_fail(err, MVMP_INVALID, "one graph has one unit: %s is in %s, %s in %s",
			job->item[0].title, job->item[0].unit, job->item[job->items].title,
			job->item[job->items].unit);
	job->items++;
	return 0;
}

static int make_job(struct mvs_draw_job *job, struct mvs_file **file, struct mvs_core *core,
	Mvmp__HistoryRead *const *what, size_t count, uint64_t now, struct mvmp_error *err)
{
	int rc;

	if (!core->config.store || !core->config.workers)
		return mvmp_fail(err, MVMP_UNSUPPORTED, "this aggregator keeps no history");
	if (count < 1 || count > MVS_DRAW_ITEMS)
		return mvmp_fail(err, MVMP_INVALID, "%zu series asked for; 1 to %d can be", count,
			MVS_DRAW_ITEMS);
	rc = set_times(job, what[0], core, now, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_item(job, &file[i], core, what[i], err);
	return rc;
}

/* ---- job to answer ------------------------------------------------------------------------- */

static void answer_history(struct pending *pending, const struct mvs_draw_output *output)
{
	Mvmp__HistoryAnswer answer = MVMP__HISTORY_ANSWER__INIT;
	const struct mvs_draw_item *item = &pending->job.item[0];

	answer.start_s = (uint64_t)output->result.start_s;
	answer.step_s = output->result.step_s;
	answer.n_value = output->result.points;
	answer.value = output->value;
	answer.unit = (char *)item->unit;
	answer.title = (char *)item->title;
	answer.simulated = item->simulated;
	mvs_answer(pending->core, pending->call, &answer.base, pending->core->now);
}

static void fill_line(Mvmp__GraphAnswer__Line *to, const struct mvs_draw_item *item,
	const struct mvs_draw_line *line)
{
	mvmp__graph_answer__line__init(to);
	to->title = (char *)item->title;
	to->unit = (char *)item->unit;
	to->now = line->now;
	to->min = line->min;
	to->avg = line->avg;
	to->max = line->max;
	to->max_at_s = (uint64_t)line->max_at_s;
	to->simulated = item->simulated;
}

static void answer_graph(struct pending *pending, const struct mvs_draw_output *output)
{
	Mvmp__GraphAnswer answer = MVMP__GRAPH_ANSWER__INIT;
	Mvmp__GraphAnswer__Line line[MVS_DRAW_ITEMS], *lines[MVS_DRAW_ITEMS];

	for (unsigned i = 0; i < pending->job.items; i++) {
		fill_line(&line[i], &pending->job.item[i], &output->result.line[i]);
		lines[i] = &line[i];
	}
	answer.image.data = output->image;
	answer.image.len = output->result.image_len;
	answer.width = output->result.width;
	answer.height = output->result.height;
	answer.points = output->result.points;
	answer.step_s = output->result.step_s;
	answer.missing = output->result.missing;
	answer.first_gap_s = (uint64_t)output->result.first_gap_s;
	answer.last_gap_s = (uint64_t)output->result.last_gap_s;
	answer.n_line = pending->job.items;
	answer.line = lines;
	mvs_answer(pending->core, pending->call, &answer.base, pending->core->now);
}

static void drawn(void *ctx, const struct mvs_draw_output *output)
{
	struct pending *pending = ctx;
	struct mvmp_error err;

	if (output->result.status != MVMP_OK) {
		mvmp_fail(&err, output->result.status, "%s", output->result.text);
		mvs_answer_error(pending->core, pending->call, &err, pending->core->now);
	} else if (pending->job.image) {
		answer_graph(pending, output);
	} else {
		answer_history(pending, output);
	}
	free(pending);
}

static void flushed(void *ctx)
{
	struct pending *pending = ctx;
	struct mvs_workers *workers = pending->core->config.workers;
	struct mvmp_error err;

	int rc = workers->ops->submit(workers, &pending->job, drawn, pending);

	if (rc == 0)
		return;
	if (rc == -MVMP_NO_MEMORY)
		mvmp_fail(&err, MVMP_NO_MEMORY, "no memory for the request");
	else
		mvmp_fail(&err, MVMP_BUSY, "too many graphs are being drawn; try again");
	mvs_answer_error(pending->core, pending->call, &err, pending->core->now);
	free(pending);
}

static void start(struct mvs_core *core, const struct mvmp_request *request,
	Mvmp__HistoryRead *const *what, size_t count, const struct mvs_draw_job *form, uint64_t now)
{
	struct mvs_file *file[MVS_DRAW_ITEMS];
	struct pending *pending = calloc(1, sizeof *pending);
	struct mvmp_error err;
	int rc;

	if (!pending) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "no memory for the request");
		mvs_answer_error(core, request->call, &err, now);
		return;
	}
	pending->core = core;
	pending->call = request->call;
	pending->job = *form;
	rc = make_job(&pending->job, file, core, what, count, now, &err);
	if (rc == 0 &&
		mvs_store_flush(core->config.store, file, pending->job.items, flushed, pending))
		rc = mvmp_fail(&err, MVMP_NO_MEMORY, "no memory for the request");
	if (rc == 0)
		return;
	mvs_answer_error(core, request->call, &err, now);
	free(pending);
}

static void refuse_malformed(
	struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err;

	mvs_fail_decode(core, &err);
	mvs_answer_error(core, request->call, &err, now);
}

void mvs_query_history(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__HistoryRead *read =
		mvmp__history_read__unpack(&core->allocator, request->body_len, request->body);
	static const struct mvs_draw_job form;

	if (!read) {
		refuse_malformed(core, request, now);
		return;
	}
	start(core, request, &read, 1, &form, now);
	mvmp__history_read__free_unpacked(read, &core->allocator);
}

static uint32_t clamp(uint32_t value, uint32_t standard, uint32_t least, uint32_t most)
{
	if (value == 0)
		return standard;
	return value < least ? least : value > most ? most : value;
}

void mvs_query_graph(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__GraphRead *read =
		mvmp__graph_read__unpack(&core->allocator, request->body_len, request->body);
	static struct mvs_draw_job form; /* too large for the stack; this thread's only */

	if (!read) {
		refuse_malformed(core, request, now);
		return;
	}
	memset(&form, 0, sizeof form);
	form.image = true;
	form.svg = read->svg;
	form.thumbnail = read->thumbnail;
	form.width = clamp(read->width, read->thumbnail ? 240 : 800, WIDTH_MIN, WIDTH_MAX);
	form.height = clamp(read->height, read->thumbnail ? 80 : 280, HEIGHT_MIN, HEIGHT_MAX);
	start(core, request, read->what, read->n_what, &form, now);
	mvmp__graph_read__free_unpacked(read, &core->allocator);
}
