/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Entities go for good: domains are deleted, disks are taken away. Their files are removed when
 * their newest row is `expire_days` old by store time, and nothing came for an hour of this run:
 * a clock that is wrong alone removes nothing that lives.
 */

enum { LOOKS_A_ROUND = 128 };
static const uint64_t search_every_ns = 3600 * MVMP_NS_PER_S, grace_ns = 3600 * MVMP_NS_PER_S;

static uint64_t store_clock_s(struct mvs_store *store)
{
	uint64_t s;

	pthread_mutex_lock(&store->lock);
	s = store->clock_ms / 1000;
	pthread_mutex_unlock(&store->lock);
	return s;
}

static bool is_dead(struct mvs_store *store, const struct mvs_file *file, const char *path)
{
	uint64_t now = store->writer->now, clock_s = store_clock_s(store);
	uint64_t kept_s = store->config.expire_days * 86400ull;
	struct stat st;
	time_t last;

	if (file->expired || file->rows || (file->taken_ns && now - file->taken_ns < grace_ns) ||
		stat(path, &st))
		return false;
	if (clock_s < kept_s || (uint64_t)st.st_mtime > clock_s - kept_s)
		return false;
	last = rrd_last_r(path);
	rrd_clear_error();
	return last > 0 && (uint64_t)last <= clock_s - kept_s;
}

static void remove_file(struct mvs_store *store, struct mvs_file *file, char *path)
{
	if (unlink(path))
		return;
	store->writer->backend->ops->forget(store->writer->backend, path);
	if (mvs_kind_in_domain(file->kind)) {
		*strrchr(path, '/') = '\0';
		if (rmdir(path) == 0)
			rrd_clear_error();
	}
	free(file->pending);
	file->pending = NULL;
	file->state = MVS_FILE_CLOSED;
	pthread_mutex_lock(&store->lock);
	file->expired = true;
	file->life = 0;
	if (file->counted) {
		store->counters.files--;
		store->counters.bytes -= store->schema[file->kind].bytes;
	}
	file->counted = false;
	file->dir->files--;
	file->dir->dirty = true;
	store->files--;
	store->counters.expired++;
	pthread_mutex_unlock(&store->lock);
	store->writer->sweep.removed++;
}

/* The next file of the search; NULL at its end. */
static struct mvs_file *next_file(struct mvs_store *store)
{
	struct mvs_sweep *sweep = &store->writer->sweep;

	pthread_mutex_lock(&store->lock);
	while (sweep->dir) {
		sweep->file = sweep->file ? sweep->file->next : sweep->dir->first;
		if (sweep->file)
			break;
		sweep->dir = sweep->dir->next;
	}
	pthread_mutex_unlock(&store->lock);
	return sweep->file;
}

static bool begin_search(struct mvs_store *store)
{
	struct mvs_sweep *sweep = &store->writer->sweep;
	uint64_t now = store->writer->now;

	if (!sweep->began_ns)
		sweep->began_ns = now;
	if (sweep->dir)
		return true;
	if (!store->config.expire_days || now - sweep->began_ns < grace_ns || now < sweep->next_ns)
		return false;
	sweep->next_ns = now + search_every_ns;
	sweep->removed = 0;
	sweep->file = NULL;
	pthread_mutex_lock(&store->lock);
	sweep->dir = store->dirs;
	pthread_mutex_unlock(&store->lock);
	return true;
}

void mvs_expire(struct mvs_store *store)
{
	struct mvs_sweep *sweep = &store->writer->sweep;
	char path[MVS_PATH_MAX], what[96];
	struct mvs_file *file;

	if (!begin_search(store))
		return;
	for (unsigned i = 0; i < LOOKS_A_ROUND && (file = next_file(store)); i++) {
		mvs_file_path(path, sizeof path, file);
		if (is_dead(store, file, path))
			remove_file(store, file, path);
	}
	if (sweep->dir || !sweep->removed)
		return;
	snprintf(what, sizeof what,
		"had expired files removed: %u (nothing came for them in %u days)", sweep->removed,
		store->config.expire_days);
	mvs_note_line(store, what, store->directory);
}
