/* SPDX-License-Identifier: Apache-2.0 */
#include "store_private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGED_MS = 100 }; /* by how much the same moment may seem to differ, told twice */

static void free_files(struct mvs_dir *dir)
{
	struct mvs_file *next;

	for (struct mvs_file *file = dir->first; file; file = next) {
		next = file->next;
		free(file->pending);
		free(file);
	}
}

static void free_flushes(struct mvs_flush_queue *queue)
{
	struct mvs_flush *flush;

	while ((flush = STAILQ_FIRST(queue))) {
		STAILQ_REMOVE_HEAD(queue, link);
		free(flush);
	}
}

static void store_free(struct mvs_store *store)
{
	struct mvs_dir *next;

	for (struct mvs_dir *dir = store->dirs; dir; dir = next) {
		next = dir->next;
		free_files(dir);
		free(dir);
	}
	free_flushes(&store->asked);
	free_flushes(&store->done);
	if (store->event_fd >= 0)
		close(store->event_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_cond_destroy(&store->wake);
	pthread_mutex_destroy(&store->lock);
	free(store->in.bytes);
	free(store->out.bytes);
	free(store->hash);
	free(store->directory);
	free(store);
}

/* The store's root must be there: making it silently would hide a mount that is missing. */
static int check_directory(struct mvs_store *store, struct mvmp_error *err)
{
	const char *dir = store->config.directory;
	char path[MVS_PATH_MAX];
	struct stat st;

	if (strlen(dir) > MVS_PATH_MAX - MVMP_NAME_MAX - MVS_FILE_MAX - 32)
		return mvmp_fail(err, MVMP_INVALID, "store path is longer than %d bytes",
			MVS_PATH_MAX - MVMP_NAME_MAX - MVS_FILE_MAX - 32);
	if (stat(dir, &st) && errno == ENOENT) {
		mvmp_fail(err, MVMP_NOT_FOUND, "store directory %s does not exist", dir);
		return mvmp_hint(err, "make it: mkdir -p %s", dir);
	}
	if (stat(dir, &st))
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot use store directory %s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return mvmp_fail(err, MVMP_INVALID, "store %s is not a directory", dir);
	snprintf(path, sizeof path, "%s/v%d", dir, MVS_SCHEMA_VERSION);
	if (mkdir(path, 0755) && errno != EEXIST)
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot write in store directory %s: %s", dir, strerror(errno));
	return 0;
}

/* Two writers would damage each other's files. */
static int lock_directory(struct mvs_store *store, struct mvmp_error *err)
{
	char path[MVS_PATH_MAX];

	snprintf(path, sizeof path, "%s/v%d/.lock", store->directory, MVS_SCHEMA_VERSION);
	store->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	if (store->lock_fd < 0)
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot write in store directory %s: %s", store->directory,
			strerror(errno));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB))
		return mvmp_fail(err, MVMP_CONFLICT, "another program writes into store %s",
			store->directory);
	return 0;
}

/* An index that is there and cannot be read ends it: the next save would write what is known now
 * over it. A directory without one is no node's, or not yet. */
static int load_indexes(struct mvs_store *store, struct mvmp_error *err)
{
	char path[MVS_PATH_MAX];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/v%d", store->directory, MVS_SCHEMA_VERSION);
	dir = opendir(path);
	if (!dir)
		return mvmp_fail(err, errno == ENOMEM ? MVMP_NO_MEMORY : MVMP_IO,
			"cannot read %s: %s", path, strerror(errno));
	while (!rc && (entry = readdir(dir))) {
		if (mvs_name_is_safe(entry->d_name))
			rc = mvs_index_load(store, entry->d_name);
		if (rc == -ENOENT || rc == -ENOTDIR)
			rc = 0;
		if (rc)
			mvmp_fail(err, rc == -ENOMEM ? MVMP_NO_MEMORY : MVMP_IO,
				"cannot read the index of %.64s in %s: %s", entry->d_name, path,
				strerror(-rc));
	}
	closedir(dir);
	return rc ? -(int)err->status : 0;
}

static int allocate(struct mvs_store *store, struct mvmp_error *err)
{
	store->hash_size = 1;
	while (store->hash_size < store->config.files_max)
		store->hash_size *= 2;
	store->hash = calloc(store->hash_size, sizeof *store->hash);
	store->in.bytes = malloc(store->config.queue_bytes);
	store->out.bytes = malloc(store->config.queue_bytes);
	store->directory = strdup(store->config.directory);
	store->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!store->hash || !store->in.bytes || !store->out.bytes || !store->directory)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for a store of %u files",
			store->config.files_max);
	if (store->event_fd < 0)
		return mvmp_fail(err, MVMP_IO, "cannot make an eventfd: %s", strerror(errno));
	return 0;
}

static void init_lock(struct mvs_store *store)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&store->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&store->wake, &attr);
	pthread_condattr_destroy(&attr);
}

int mvs_store_open(
	const struct mvs_store_config *config, struct mvs_store **ret, struct mvmp_error *err)
{
	struct mvs_store *store = calloc(1, sizeof *store);
	int rc;

	if (!store)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the store");
	store->config = *config;
	store->event_fd = store->lock_fd = -1;
	STAILQ_INIT(&store->asked);
	STAILQ_INIT(&store->done);
	init_lock(store);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		mvs_schema_make(&store->schema[kind], kind, config->profile, config->step_s,
			config->interval_ms);
	rc = allocate(store, err);
	if (rc == 0)
		rc = check_directory(store, err);
	if (rc == 0)
		rc = lock_directory(store, err);
	if (rc == 0)
		rc = load_indexes(store, err);
	if (rc == 0)
		rc = mvs_writer_start(store, err);
	if (rc) {
		store_free(store);
		return rc;
	}
	*ret = store;
	return 0;
}

void mvs_store_close(struct mvs_store *store)
{
	if (!store)
		return;
	mvs_writer_stop(store);
	store_free(store);
}

struct mvs_dir *mvs_store_dir(struct mvs_store *store, const char *node, bool create)
{
	struct mvs_dir *dir;

	for (dir = store->dirs; dir; dir = dir->next) {
		if (strcmp(dir->name, node) == 0)
			return dir;
	}
	if (!create || !mvs_name_is_safe(node))
		return NULL;
	dir = calloc(1, sizeof *dir);
	if (!dir)
		return NULL;
	dir->store = store;
	snprintf(dir->name, sizeof dir->name, "%s", node);
	pthread_mutex_lock(&store->lock);
	dir->next = store->dirs;
	store->dirs = dir;
	pthread_mutex_unlock(&store->lock);
	return dir;
}

/* FNV-1a; keys are short and nobody outside chooses the table's size. */
static uint32_t hash_of(
	const struct mvs_dir *dir, enum mvmp_entity kind, const struct mvmp_key *key)
{
	const uint8_t *bytes = key->domain;
	uint64_t h = 14695981039346656037ull ^ (uintptr_t)dir;

	for (unsigned i = 0; i < MVMP_ID_LEN; i++)
		h = (h ^ bytes[i]) * 1099511628211ull;
	h = (h ^ key->index) * 1099511628211ull;
	h = (h ^ kind) * 1099511628211ull;
	return (uint32_t)(h ^ h >> 32);
}

/* A node that invents entities fills its own share only. */
static bool has_place(struct mvs_dir *dir)
{
	struct mvs_store *store = dir->store;
	uint32_t share = store->config.node_files_max;
	bool fits;

	pthread_mutex_lock(&store->lock);
	fits = store->files < store->config.files_max && (!share || dir->files < share);
	pthread_mutex_unlock(&store->lock);
	return fits;
}

static struct mvs_file *add_file(struct mvs_dir *dir, enum mvmp_entity kind,
	const struct mvmp_key *key, struct mvs_file **bucket)
{
	struct mvs_store *store = dir->store;
	struct mvs_file *file;

	if (!has_place(dir))
		return NULL;
	file = calloc(1, sizeof *file);
	if (!file)
		return NULL;
	file->dir = dir;
	file->kind = kind;
	file->key = *key;
	file->hash_next = *bucket;
	*bucket = file;
	pthread_mutex_lock(&store->lock);
	if (dir->last)
		dir->last->next = file;
	else
		dir->first = file;
	dir->last = file;
	dir->files++;
	store->files++;
	pthread_mutex_unlock(&store->lock);
	return file;
}

struct mvs_file *mvs_store_file(
	struct mvs_dir *dir, enum mvmp_entity kind, const struct mvmp_key *key, bool create)
{
	struct mvs_store *store = dir->store;
	struct mvs_file **bucket = &store->hash[hash_of(dir, kind, key) & (store->hash_size - 1)];

	for (struct mvs_file *file = *bucket; file; file = file->hash_next) {
		if (file->dir != dir || file->kind != kind || !mvmp_key_equal(&file->key, key))
			continue;
		return !file->expired || (create && has_place(dir)) ? file : NULL;
	}
	return create ? add_file(dir, kind, key, bucket) : NULL;
}

void mvs_store_describe(struct mvs_file *file, const char *name, bool simulated)
{
	struct mvs_store *store = file->dir->store;
	char clean[MVMP_TEXT_LEN];

	mvs_clean_text(clean, sizeof clean, name);
	if (file->simulated == simulated && (!*clean || strcmp(file->name, clean) == 0))
		return;
	pthread_mutex_lock(&store->lock);
	if (*clean)
		memcpy(file->name, clean, sizeof clean);
	file->simulated = simulated;
	file->dir->dirty = true;
	pthread_mutex_unlock(&store->lock);
}

bool mvs_store_put(struct mvs_store *store, struct mvs_file *file, uint64_t time_ms, uint64_t life,
	const struct mvmp_record *record)
{
	unsigned values = mvmp_entities[file->kind].metrics;
	struct mvs_row row = {file, time_ms, life, record->present, values,
		(uint32_t)(sizeof row + values * sizeof(uint64_t)), store->era};
	struct mvs_batch *in = &store->in;
	bool fits;

	/* An aged record shows again what was stored before: nothing is late. */
	if (record->age_ns && file->put_era == store->era && time_ms < file->put_ms + AGED_MS)
		return true;
	file->put_ms = time_ms;
	file->put_era = store->era;
	pthread_mutex_lock(&store->lock);
	fits = row.bytes <= store->config.queue_bytes - in->used;
	if (fits) {
		memcpy(in->bytes + in->used, &row, sizeof row);
		memcpy(in->bytes + in->used + sizeof row, record->value, values * sizeof(uint64_t));
		in->used += row.bytes;
		in->rows++;
	} else {
		store->counters.lost++;
	}
	pthread_mutex_unlock(&store->lock);
	return fits;
}

void mvs_store_clock(struct mvs_store *store, uint64_t now_ms, uint32_t era)
{
	pthread_mutex_lock(&store->lock);
	store->era = era;
	store->clock_ms = now_ms;
	pthread_mutex_unlock(&store->lock);
}

void mvs_store_commit(struct mvs_store *store)
{
	pthread_cond_signal(&store->wake);
}

int mvs_store_flush(struct mvs_store *store, struct mvs_file *const *file, unsigned files,
	void (*done)(void *ctx), void *ctx)
{
	struct mvs_flush *flush;

	if (files > MVS_FLUSH_FILES_MAX)
		return -E2BIG;
	flush = calloc(1, sizeof *flush);
	if (!flush)
		return -ENOMEM;
	memcpy(flush->file, file, files * sizeof(struct mvs_file *));
	flush->files = files;
	flush->done = done;
	flush->ctx = ctx;
	pthread_mutex_lock(&store->lock);
	STAILQ_INSERT_TAIL(&store->asked, flush, link);
	pthread_mutex_unlock(&store->lock);
	pthread_cond_signal(&store->wake);
	return 0;
}

int mvs_store_descriptor(const struct mvs_store *store)
{
	return store->event_fd;
}

void mvs_store_reap(struct mvs_store *store)
{
	struct mvs_flush_queue done = STAILQ_HEAD_INITIALIZER(done);
	struct mvs_flush *flush;
	uint64_t n;

	if (read(store->event_fd, &n, sizeof n) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&store->lock);
	STAILQ_CONCAT(&done, &store->done);
	pthread_mutex_unlock(&store->lock);
	while ((flush = STAILQ_FIRST(&done))) {
		STAILQ_REMOVE_HEAD(&done, link);
		flush->done(flush->ctx);
		free(flush);
	}
}

void mvs_store_run(struct mvs_store *store, uint64_t now_ns)
{
	mvs_writer_run(store, now_ns);
}

void mvs_store_counters(struct mvs_store *store, struct mvs_store_counters *to)
{
	pthread_mutex_lock(&store->lock);
	*to = store->counters;
	to->queue += store->in.rows;
	pthread_mutex_unlock(&store->lock);
}

const struct mvs_store_config *mvs_store_config(const struct mvs_store *store)
{
	return &store->config;
}
