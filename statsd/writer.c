/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"
#include <errno.h>
#include <rrd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/*
 * The writer's rounds: rows from the queue gather at their file until `flush_s` has passed, its
 * buffer is full or a reader asks. Files that failed wait in a second list.
 */

enum { RETRIES_A_ROUND = 64 };
static const uint64_t index_every_ns = 2 * MVMP_NS_PER_S;

static void take_rows(struct mvs_store *store)
{
	struct mvs_batch *out = &store->out;

	for (size_t at = 0; at < out->used;) {
		struct mvs_row row;

		memcpy(&row, out->bytes + at, sizeof row);
		mvs_file_take(store, &row, (const uint64_t *)(out->bytes + at + sizeof row));
		at += row.bytes;
	}
	out->used = 0;
	out->rows = 0;
}

static void flush_due(struct mvs_store *store, bool all)
{
	struct mvs_writer *writer = store->writer;
	struct mvs_file *file;
	unsigned tries = 0;

	while ((file = TAILQ_FIRST(&writer->due)) && (all || file->due_ns <= writer->now))
		mvs_file_flush(store, file);
	while ((file = TAILQ_FIRST(&writer->retry)) && file->due_ns <= writer->now &&
		tries++ < RETRIES_A_ROUND && mvs_file_flush(store, file) == 0)
		;
}

static void sync_backend(struct mvs_store *store)
{
	struct mvs_backend *backend = store->writer->backend;
	struct mvmp_error err;

	if (backend->ops->sync(backend, &err))
		mvs_note_failure(store, &err);
}

static struct mvs_dir *next_dirty(struct mvs_store *store)
{
	struct mvs_dir *dir;

	pthread_mutex_lock(&store->lock);
	for (dir = store->dirs; dir && !(dir->dirty && dir->on_disk);)
		dir = dir->next;
	pthread_mutex_unlock(&store->lock);
	return dir;
}

static void save_indexes(struct mvs_store *store, bool now)
{
	struct mvs_writer *writer = store->writer;
	struct mvs_dir *dir;
	struct mvmp_error err;

	if ((!now && writer->now < writer->index_ns) || !mvs_may_try(store))
		return;
	writer->index_ns = writer->now + index_every_ns;
	while ((dir = next_dirty(store))) {
		if (mvs_index_save(dir, &err) == 0)
			continue;
		pthread_mutex_lock(&store->lock);
		dir->dirty = true;
		pthread_mutex_unlock(&store->lock);
		mvs_note_failure(store, &err);
		return;
	}
}

/* Brings to disk what readers asked for and tells the loop. */
static void answer_flushes(struct mvs_store *store, struct mvs_flush_queue *asked)
{
	struct mvs_backend *backend = store->writer->backend;
	struct mvs_flush *flush;
	char path[MVS_PATH_MAX];
	struct mvmp_error err;
	uint64_t one = 1;

	if (STAILQ_EMPTY(asked))
		return;
	STAILQ_FOREACH(flush, asked, link)
	{
		for (unsigned i = 0; i < flush->files; i++) {
			if (flush->file[i]->rows)
				mvs_file_flush(store, flush->file[i]);
		}
		sync_backend(store);
		for (unsigned i = 0; i < flush->files; i++)
			backend->ops->flush(
				backend, mvs_file_path(path, sizeof path, flush->file[i]), &err);
	}
	pthread_mutex_lock(&store->lock);
	STAILQ_CONCAT(&store->done, asked);
	pthread_mutex_unlock(&store->lock);
	if (write(store->event_fd, &one, sizeof one) < 0)
		return; /* the counter is full: the loop is being woken already */
}

/* Takes what waits; true when the owner wants the writer to end. */
static bool fetch(struct mvs_store *store, struct mvs_flush_queue *asked)
{
	struct mvs_batch full = store->in;

	store->in = store->out;
	store->out = full;
	store->counters.queue = store->writer->pending + full.rows;
	STAILQ_CONCAT(asked, &store->asked);
	return store->stop;
}

static void run_round(struct mvs_store *store, struct mvs_flush_queue *asked, bool last)
{
	take_rows(store);
	flush_due(store, last);
	sync_backend(store);
	answer_flushes(store, asked);
	mvs_expire(store);
	save_indexes(store, last);
	pthread_mutex_lock(&store->lock);
	store->counters.queue = store->writer->pending;
	pthread_mutex_unlock(&store->lock);
}

void mvs_writer_run(struct mvs_store *store, uint64_t now_ns)
{
	struct mvs_flush_queue asked = STAILQ_HEAD_INITIALIZER(asked);

	store->writer->now = now_ns;
	pthread_mutex_lock(&store->lock);
	fetch(store, &asked);
	pthread_mutex_unlock(&store->lock);
	run_round(store, &asked, false);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * MVMP_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* At most a second: due files are looked at that often. */
static void wait_for_work(struct mvs_store *store)
{
	uint64_t until = clock_now() + MVMP_NS_PER_S;
	struct timespec t = {(time_t)(until / MVMP_NS_PER_S), (long)(until % MVMP_NS_PER_S)};

	while (!store->stop && store->in.used == 0 && STAILQ_EMPTY(&store->asked)) {
		if (pthread_cond_timedwait(&store->wake, &store->lock, &t) == ETIMEDOUT)
			return;
	}
}

static void *writer_thread(void *ctx)
{
	struct mvs_store *store = ctx;
	bool last = false;

	prctl(PR_SET_NAME, "rrd-writer");
	rrd_get_context();
	while (!last) {
		struct mvs_flush_queue asked = STAILQ_HEAD_INITIALIZER(asked);

		pthread_mutex_lock(&store->lock);
		wait_for_work(store);
		last = fetch(store, &asked);
		pthread_mutex_unlock(&store->lock);
		store->writer->now = clock_now();
		run_round(store, &asked, last);
	}
	return NULL;
}

int mvs_writer_start(struct mvs_store *store, struct mvmp_error *err)
{
	struct mvs_writer *writer = calloc(1, sizeof *writer);
	uint32_t rows = store->config.flush_s * 1000 / store->config.interval_ms + 2;
	int rc;

	if (!writer)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the writer");
	writer->rows_max = rows > MVS_ROWS_MAX ? MVS_ROWS_MAX : rows;
	TAILQ_INIT(&writer->due);
	TAILQ_INIT(&writer->retry);
	writer->backend = store->config.rrdcached ? mvs_backend_cached(store->config.rrdcached)
						  : mvs_backend_direct();
	store->writer = writer;
	rc = writer->backend ? 0 : ENOMEM;
	if (rc == 0 && store->config.threaded)
		rc = pthread_create(&store->thread, NULL, writer_thread, store);
	if (rc == 0)
		return 0;
	if (writer->backend)
		writer->backend->ops->free(writer->backend);
	free(writer);
	store->writer = NULL;
	return mvmp_fail(err, MVMP_NO_MEMORY, "cannot start the writer: %s", strerror(rc));
}

void mvs_writer_stop(struct mvs_store *store)
{
	struct mvs_flush_queue asked = STAILQ_HEAD_INITIALIZER(asked);

	pthread_mutex_lock(&store->lock);
	store->stop = true;
	if (!store->config.threaded)
		fetch(store, &asked);
	pthread_mutex_unlock(&store->lock);
	if (store->config.threaded) {
		pthread_cond_signal(&store->wake);
		pthread_join(store->thread, NULL);
	} else {
		run_round(store, &asked, true);
	}
	store->writer->backend->ops->free(store->writer->backend);
	free(store->writer);
}
