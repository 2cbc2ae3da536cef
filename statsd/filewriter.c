/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

/*
 * One row's way into its file: opened at its first row, gathered in the file's buffer, written
 * when the file is due. Between two lives of an entity's counters goes a row of unknowns, so
 * that no rate is made across.
 */

static const uint64_t retry_ns = 2 * MVMP_NS_PER_S;

static size_t row_words(const struct mvs_file *file)
{
	return 2 + mvmp_entities[file->kind].metrics;
}

static void list_move(struct mvs_writer *writer, struct mvs_file *file, enum mvs_file_list list)
{
	if (file->list == MVS_LIST_DUE)
		TAILQ_REMOVE(&writer->due, file, link);
	else if (file->list == MVS_LIST_RETRY)
		TAILQ_REMOVE(&writer->retry, file, link);
	file->list = list;
	if (list == MVS_LIST_DUE)
		TAILQ_INSERT_TAIL(&writer->due, file, link);
	else if (list == MVS_LIST_RETRY)
		TAILQ_INSERT_TAIL(&writer->retry, file, link);
}

/* ---- opening --------------------------------------------------------------------------- */

static int open_on_disk(struct mvs_store *store, struct mvs_file *file, const char *path,
	uint64_t first_s, uint64_t *last_s, struct mvmp_error *err)
{
	struct mvs_backend *backend = store->writer->backend;
	bool damaged = false;
	int rc = backend->ops->flush(backend, path, err);

	if (rc == 0)
		rc = mvs_rrd_open(path, &store->schema[file->kind], first_s, last_s, &damaged, err);
	if (!damaged)
		return rc;
	backend->ops->forget(backend, path);
	mvs_count(store, &store->counters.damaged, 1);
	mvs_note_line(store, "was damaged: moved aside, begun anew", path);
	return rc;
}

/* A file cannot go back: one that knows times which are not yet would take nothing until then. */
static bool is_ahead(struct mvs_store *store, const struct mvs_row *row, uint64_t last_s)
{
	uint64_t clock_s, row_s = row->time_ms / 1000;

	pthread_mutex_lock(&store->lock);
	clock_s = store->clock_ms / 1000;
	pthread_mutex_unlock(&store->lock);
	return last_s > (row_s > clock_s ? row_s : clock_s) + MVS_AHEAD_MAX_S;
}

static int put_aside(struct mvs_store *store, const char *path, struct mvmp_error *err)
{
	int rc = mvs_rrd_aside(path, "ahead", err);

	if (rc)
		return rc;
	store->writer->backend->ops->forget(store->writer->backend, path);
	mvs_count(store, &store->counters.aside, 1);
	mvs_note_aside(store, path);
	return 0;
}

/* Takes over what the file on disk says. A life the index told of counts only when the file's
 * newest row belongs to it; then counters go on from that row's. */
static void adopt(struct mvs_store *store, struct mvs_file *file, const char *path, uint64_t last_s)
{
	struct mvs_resampler *r = &file->resampler;

	file->state = MVS_FILE_OPEN;
	r->last_s = last_s;
	r->value = file->pending + store->writer->rows_max * row_words(file);
	r->present = last_s ? mvs_rrd_last(path, mvmp_entities[file->kind].metrics, r->value) : 0;
	r->ends_unknown = r->present == 0;
	r->begins = false;
	pthread_mutex_lock(&store->lock);
	if (last_s * 1000 < file->since_ms)
		file->life = 0;
	r->time_ms = file->life ? last_s * 1000 : 0;
	if (!file->counted) {
		store->counters.files++;
		store->counters.bytes += store->schema[file->kind].bytes;
	}
	file->counted = true;
	if (file->expired) {
		file->expired = false;
		file->dir->files++;
		store->files++;
	}
	file->dir->on_disk = file->dir->dirty = true;
	pthread_mutex_unlock(&store->lock);
}

static int allocate(struct mvs_store *store, struct mvs_file *file, struct mvmp_error *err)
{
	size_t words = (store->writer->rows_max + 1) * row_words(file);

	if (!file->pending)
		file->pending = malloc(words * sizeof(uint64_t));
	return file->pending ? 0 : mvmp_fail(err, MVMP_NO_MEMORY, "no memory for rows of a file");
}

static int open_file(struct mvs_store *store, struct mvs_file *file, const struct mvs_row *row)
{
	uint64_t row_s = row->time_ms / 1000;
	char path[MVS_PATH_MAX];
	struct mvmp_error err;
	uint64_t last_s = 0;
	int rc;

	if (file->due_ns > store->writer->now || !mvs_may_try(store))
		return -MVMP_BUSY;
	mvs_file_path(path, sizeof path, file);
	rc = allocate(store, file, &err);
	if (rc == 0)
		rc = open_on_disk(store, file, path, row_s, &last_s, &err);
	if (rc == 0 && is_ahead(store, row, last_s)) {
		rc = put_aside(store, path, &err);
		if (rc == 0)
			rc = open_on_disk(store, file, path, row_s, &last_s, &err);
	}
	if (rc) {
		file->due_ns = store->writer->now + retry_ns;
		mvs_note_failure(store, &err);
		return rc;
	}
	adopt(store, file, path, last_s);
	mvs_note_success(store, 0);
	return 0;
}

/* ---- writing --------------------------------------------------------------------------- */

static int update(struct mvs_store *store, struct mvs_file *file, struct mvmp_error *err)
{
	struct mvs_writer *writer = store->writer;
	const char *row[MVS_ROWS_MAX];
	char path[MVS_PATH_MAX];

	for (unsigned i = 0; i < file->rows; i++) {
		mvs_row_text(writer->text[i], file->kind, file->pending + i * row_words(file));
		row[i] = writer->text[i];
	}
	mvs_file_path(path, sizeof path, file);
	return writer->backend->ops->update(writer->backend, path, file->rows, row, err);
}

/* The file may have been removed or overwritten by others: looks again, once. */
static int update_again(struct mvs_store *store, struct mvs_file *file, struct mvmp_error *err)
{
	char path[MVS_PATH_MAX];
	uint64_t last_ms;
	int rc = open_on_disk(store, file, mvs_file_path(path, sizeof path, file), file->pending[0],
		&last_ms, err);

	return rc ? rc : update(store, file, err);
}

int mvs_file_flush(struct mvs_store *store, struct mvs_file *file)
{
	struct mvs_writer *writer = store->writer;
	struct mvmp_error err;
	int rc = 0;

	if (file->rows == 0 || !mvs_may_try(store)) {
		list_move(writer, file, file->rows ? MVS_LIST_RETRY : MVS_LIST_NONE);
		return file->rows ? -MVMP_BUSY : 0;
	}
	rc = update(store, file, &err);
	if (rc == -MVMP_IO)
		rc = update_again(store, file, &err);
	if (rc) {
		list_move(writer, file, MVS_LIST_RETRY);
		file->due_ns = writer->now + retry_ns;
		mvs_note_failure(store, &err);
		return rc;
	}
	list_move(writer, file, MVS_LIST_NONE);
	mvs_note_success(store, file->rows);
	writer->pending -= file->rows;
	file->rows = 0;
	return 0;
}

/* ---- taking ---------------------------------------------------------------------------- */

static void drop_oldest(struct mvs_store *store, struct mvs_file *file)
{
	size_t words = row_words(file);

	memmove(file->pending, file->pending + words, (file->rows - 1) * words * sizeof(uint64_t));
	file->rows--;
	store->writer->pending--;
	mvs_count(store, &store->counters.lost, 1);
}

struct taker {
	struct mvs_store *store;
	struct mvs_file *file;
};

/* A mvs_resampled. */
static void append(void *ctx, uint64_t second, uint64_t present, const uint64_t *value)
{
	struct mvs_store *store = ((struct taker *)ctx)->store;
	struct mvs_file *file = ((struct taker *)ctx)->file;
	struct mvs_writer *writer = store->writer;
	uint64_t *row;

	if (file->rows == writer->rows_max && mvs_file_flush(store, file))
		drop_oldest(store, file);
	row = file->pending + file->rows++ * row_words(file);
	row[0] = second;
	row[1] = present;
	memcpy(row + 2, value, mvmp_entities[file->kind].metrics * sizeof(uint64_t));
	writer->pending++;
	if (file->list != MVS_LIST_NONE)
		return;
	file->due_ns = writer->now + store->config.flush_s * MVMP_NS_PER_S;
	list_move(writer, file, MVS_LIST_DUE);
}

static void begin_life(struct mvs_store *store, const struct mvs_row *row)
{
	struct mvs_file *file = row->file;

	mvs_resample_break(&file->resampler);
	if (file->resampler.last_s)
		mvs_count(store, &store->counters.gaps, 1);
	pthread_mutex_lock(&store->lock);
	file->life = row->life;
	file->since_ms = row->time_ms;
	file->dir->dirty = true;
	pthread_mutex_unlock(&store->lock);
}

/* Behind a long step back the file's rows lie in a time to come: it is finished and put aside. */
static void begin_era(struct mvs_store *store, const struct mvs_row *row)
{
	struct mvs_file *file = row->file;
	struct mvs_resampler *r = &file->resampler;
	char path[MVS_PATH_MAX];
	struct mvmp_error err;

	file->era = row->era;
	if (file->state == MVS_FILE_CLOSED || r->last_s <= row->time_ms / 1000)
		return;
	mvs_file_flush(store, file);
	store->writer->pending -= file->rows;
	mvs_count(store, &store->counters.lost, file->rows);
	file->rows = 0;
	list_move(store->writer, file, MVS_LIST_NONE);
	file->state = MVS_FILE_CLOSED;
	file->due_ns = 0;
	store->writer->backend->ops->sync(store->writer->backend, &err);
	mvs_file_path(path, sizeof path, file);
	if (store->writer->backend->ops->flush(store->writer->backend, path, &err) ||
		put_aside(store, path, &err))
		mvs_note_failure(store, &err);
}

void mvs_file_take(struct mvs_store *store, const struct mvs_row *row, const uint64_t *value)
{
	struct mvs_file *file = row->file;
	struct mvs_resampler *r = &file->resampler;
	struct taker taker = {store, file};

	file->taken_ns = store->writer->now;
	if (row->era != file->era)
		begin_era(store, row);
	if (file->state == MVS_FILE_CLOSED && open_file(store, file, row)) {
		mvs_count(store, &store->counters.lost, 1);
		return;
	}
	if (row->time_ms / 1000 < r->last_s || row->time_ms <= r->time_ms) {
		mvs_count(store, &store->counters.late, 1);
		return;
	}
	if (file->life != row->life)
		begin_life(store, row);
	/* Farther apart than the heartbeat nothing is known of the time between. */
	if (row->time_ms - r->time_ms > store->schema[file->kind].heartbeat_s * 1000ull)
		mvs_resample_break(r);
	mvs_resample(r, file->kind, row->time_ms, row->present, value, append, &taker);
}
