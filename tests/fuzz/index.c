/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <derive.h>
#include <errno.h>
#include <fcntl.h>
#include <resolve.h>
#include <store_private.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 500, TEXT_MAX = 200 };

static char directory[64], path[128];

static void remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", directory);
	if (system(command))
		fprintf(stderr, "%s stays\n", directory);
}

static void make_directory(void)
{
	snprintf(directory, sizeof directory, "%s/mvmp-fuzz-XXXXXX",
		access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(directory))
		abort();
	atexit(remove_directory);
	snprintf(path, sizeof path, "%s/v%d", directory, MVS_SCHEMA_VERSION);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/v%d/n1", directory, MVS_SCHEMA_VERSION);
	mkdir(path, 0755);
	strcat(path, "/index.tsv");
}

static void write_index(const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		abort();
}

static void check_files(struct mvs_store *store)
{
	struct mvs_dir *dir = mvs_store_dir(store, "n1", false);
	char to[MVS_PATH_MAX];
	unsigned count = 0;

	for (struct mvs_file *file = NULL; dir && (file = mvs_store_next(dir, file)); count++) {
		mvs_file_path(to, sizeof to, file);
		fuzz_holds(!strncmp(to, directory, strlen(directory)) && !strstr(to, ".."),
			"a file lies in the store");
		fuzz_holds(fuzz_is_harmless(mvs_file_name(file), strlen(mvs_file_name(file))),
			"a name is harmless");
	}
	fuzz_holds(count <= FILES_MAX, "files are bounded");
}

/* What people ask the store for by path and metric. */
static void resolve(struct mvs_store *store, const char *text)
{
	const struct mvs_series *series;
	struct mvs_series storage;
	struct mvs_file *file;
	struct mvmp_error err;

	if (!mvs_resolve(store, text, &file, &err))
		mvs_series_find(&series, &storage, mvs_file_kind(file), text, &err);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		mvs_series_find(&series, &storage, kind, text, &err);
}

/* The store's index after a crash or an editor, its first line also as a question. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvs_store_config config = {.directory = directory,
		.step_s = 10,
		.interval_ms = 10000,
		.flush_s = 30,
		.files_max = FILES_MAX,
		.queue_bytes = 1 << 16};
	const uint8_t *end = len ? memchr(bytes, '\n', len) : NULL;
	size_t first = end ? (size_t)(end - bytes) : len;
	struct mvs_store *store;
	char *text = fuzz_text(bytes, first < TEXT_MAX ? first : TEXT_MAX);

	if (!directory[0])
		make_directory();
	write_index(bytes, len);
	if (mvs_profile_find(&config.profile, "small", NULL) ||
		mvs_store_open(&config, &store, NULL))
		abort();
	check_files(store);
	resolve(store, text);
	mvs_store_close(store);
	free(text);
	return 0;
}
