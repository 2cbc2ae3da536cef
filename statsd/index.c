/* SPDX-License-Identifier: Apache-2.0 */
#include "store_private.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * index.tsv, one line a file:
 *   file  kind  index  domain UUID or -  life (hex)  since (ms)  simulated (0|1)  name
 * `life` and `since` let the next start know whether counters go on: they do when the node
 * reports the same life and the file's newest update is not older than `since`.
 */

static const char heading[] = "# mvmp index v1\tkind\tindex\tdomain\tlife\tsince_ms\tsim\tname\n";

static void index_path(char to[static MVS_PATH_MAX], const struct mvs_store *store,
	const char *node, const char *suffix)
{
	snprintf(to, MVS_PATH_MAX, "%s/v%d/%s/index.tsv%s", store->directory, MVS_SCHEMA_VERSION,
		node, suffix);
}

/* Cuts the next tab-separated field; NULL when there is none. */
static char *next_field(char **at)
{
	return *at ? strsep(at, "\t") : NULL;
}

struct line {
	int kind;
	struct mvmp_key key;
	uint64_t life, since_ms;
	bool simulated;
	const char *name;
};

/* The file's own name in the line is for people; the path is made from the rest again. */
static int parse_line(struct line *line, char *text)
{
	char *file = next_field(&text), *kind = next_field(&text), *index = next_field(&text);
	char *domain = next_field(&text), *life = next_field(&text), *since = next_field(&text);
	char *simulated = next_field(&text);

	memset(line, 0, sizeof *line);
	if (!file || !simulated || !text)
		return -EINVAL;
	line->kind = mvmp_entity_find(kind);
	line->key.index = (uint32_t)strtoul(index, NULL, 10);
	line->life = strtoull(life, NULL, 16);
	line->since_ms = strtoull(since, NULL, 10);
	line->simulated = *simulated == '1';
	line->name = text;
	if (line->kind < 0)
		return -EINVAL;
	return strcmp(domain, "-") ? mvmp_uuid_parse(line->key.domain, domain) : 0;
}

/* A line that is none, or for which there is no place, is passed over. 0 or -ENOMEM. */
static int load_line(struct mvs_dir *dir, char *text)
{
	struct mvs_file *file;
	struct line line;

	text[strcspn(text, "\n")] = '\0';
	if (*text == '#' || parse_line(&line, text))
		return 0;
	errno = 0;
	file = mvs_store_file(dir, (enum mvmp_entity)line.kind, &line.key, true);
	if (!file)
		return errno == ENOMEM ? -ENOMEM : 0;
	mvs_clean_text(file->name, sizeof file->name, line.name);
	file->life = line.life;
	file->since_ms = line.since_ms;
	file->simulated = line.simulated;
	return 0;
}

int mvs_index_load(struct mvs_store *store, const char *node)
{
	char path[MVS_PATH_MAX], text[512];
	struct mvs_dir *dir;
	FILE *in;
	int rc;

	index_path(path, store, node, "");
	in = fopen(path, "re");
	if (!in)
		return -errno;
	dir = mvs_store_dir(store, node, true);
	rc = dir ? 0 : -ENOMEM;
	while (!rc && fgets(text, sizeof text, in))
		rc = load_line(dir, text);
	if (!rc && ferror(in))
		rc = -EIO;
	fclose(in);
	return rc;
}

static void print_line(FILE *out, const struct mvs_file *file)
{
	char below[MVS_FILE_MAX], uuid[37];

	fprintf(out, "%s\t%s\t%" PRIu32 "\t%s\t%016" PRIx64 "\t%" PRIu64 "\t%d\t%s\n",
		mvs_entity_file(below, file->kind, &file->key), mvmp_entities[file->kind].name,
		file->key.index,
		mvs_kind_in_domain(file->kind) ? mvmp_uuid_text(uuid, file->key.domain) : "-",
		file->life, file->since_ms, file->simulated, file->name);
}

/* The whole text under the lock, in memory; the disk is waited for without it. */
static char *index_text(struct mvs_dir *dir, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	fputs(heading, out);
	pthread_mutex_lock(&dir->store->lock);
	for (const struct mvs_file *file = dir->first; file; file = file->next) {
		if (!file->expired && (file->state == MVS_FILE_OPEN || file->since_ms))
			print_line(out, file);
	}
	dir->dirty = false;
	pthread_mutex_unlock(&dir->store->lock);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int write_synced(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		rc = errno ? -errno : -ENOSPC;
	else if (fsync(fd))
		rc = -errno;
	close(fd);
	return rc;
}

int mvs_index_save(struct mvs_dir *dir, struct mvmp_error *err)
{
	char fresh[MVS_PATH_MAX], path[MVS_PATH_MAX];
	size_t len = 0;
	char *text = index_text(dir, &len);
	int rc;

	if (!text)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the index of %s", dir->name);
	index_path(path, dir->store, dir->name, "");
	index_path(fresh, dir->store, dir->name, ".new");
	rc = write_synced(fresh, text, len);
	free(text);
	if (rc == 0 && rename(fresh, path))
		rc = -errno;
	if (rc == 0)
		return 0;
	unlink(fresh);
	return mvmp_fail(err, MVMP_IO, "cannot write %s: %s", path, strerror(-rc));
}
