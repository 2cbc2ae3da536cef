/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"
#include <stdio.h>
#include <string.h>

static const uint64_t disk_retry_ns = 2 * MVMP_NS_PER_S;
static const uint64_t calm_ns = 30 * MVMP_NS_PER_S, aside_every_ns = 60 * MVMP_NS_PER_S;

static void say(struct mvs_store *store, const char *text)
{
	if (store->config.log)
		store->config.log(store->config.ctx, text);
}

void mvs_note_line(struct mvs_store *store, const char *what, const char *path)
{
	char line[MVS_PATH_MAX + 128];

	snprintf(line, sizeof line, "%s %s", path, what);
	say(store, line);
}

void mvs_note_aside(struct mvs_store *store, const char *path)
{
	struct mvs_writer *writer = store->writer;

	if (!writer->aside_said || writer->now - writer->aside_ns > aside_every_ns)
		mvs_note_line(store,
			"knows times that are not yet: moved aside, begun anew, as "
			"all such files are",
			path);
	writer->aside_said = true;
	writer->aside_ns = writer->now;
}

void mvs_count(struct mvs_store *store, uint64_t *counter, uint64_t n)
{
	pthread_mutex_lock(&store->lock);
	*counter += n;
	pthread_mutex_unlock(&store->lock);
}

/* Failures that every other file would meet too. The words are strerror(3)'s and ours. */
static bool is_of_the_disk(const char *text)
{
	static const char *const word[] = {"No space left", "Read-only file system", "quota",
		"File too large", "Input/output error", "rrdcached"};

	for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
		if (strstr(text, word[i]))
			return true;
	}
	return false;
}

void mvs_note_failure(struct mvs_store *store, const struct mvmp_error *err)
{
	const char *reason = strstr(err->text, ": ");
	bool first;

	pthread_mutex_lock(&store->lock);
	first = !store->counters.degraded[0];
	store->counters.failures++;
	snprintf(store->counters.degraded, sizeof store->counters.degraded, "%.127s",
		reason ? reason + 2 : err->text);
	pthread_mutex_unlock(&store->lock);
	if (first)
		say(store, err->text);
	store->writer->failed_ns = store->writer->now;
	store->writer->disk_fails = is_of_the_disk(err->text);
	store->writer->disk_try_ns = store->writer->now + disk_retry_ns;
}

/* Full disks take updates of files that are there and refuse new ones: it works again when
 * nothing failed for so long that each entity had a row, and so a try. */
static bool is_calm(const struct mvs_store *store)
{
	uint64_t rows_ns = 3ull * store->config.interval_ms * MVMP_NS_PER_MS;

	return TAILQ_EMPTY(&store->writer->retry) &&
	       store->writer->now - store->writer->failed_ns >=
		       (rows_ns > calm_ns ? rows_ns : calm_ns);
}

void mvs_note_success(struct mvs_store *store, unsigned rows)
{
	bool recovered;

	store->writer->disk_fails = false;
	pthread_mutex_lock(&store->lock);
	store->counters.updates += rows;
	recovered = store->counters.degraded[0] && is_calm(store);
	if (recovered)
		store->counters.degraded[0] = '\0';
	pthread_mutex_unlock(&store->lock);
	if (recovered)
		say(store, "the store works again");
}

bool mvs_may_try(const struct mvs_store *store)
{
	const struct mvs_writer *writer = store->writer;

	return !writer->disk_fails || writer->now >= writer->disk_try_ns;
}
