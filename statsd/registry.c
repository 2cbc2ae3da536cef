/* SPDX-License-Identifier: Apache-2.0 */
#include "store_private.h"
#include <rrd.h>
#include <stdio.h>
#include <unistd.h>

/* Looking at what the store knows. */

struct mvs_file *mvs_store_next(struct mvs_dir *dir, struct mvs_file *after)
{
	struct mvs_file *file = after ? after->next : dir->first;

	while (file && file->expired)
		file = file->next;
	return file;
}

struct mvs_dir *mvs_store_next_dir(struct mvs_store *store, struct mvs_dir *after)
{
	return after ? after->next : store->dirs;
}

uint64_t mvs_dir_last_s(struct mvs_dir *dir)
{
	static const struct mvmp_key key;
	struct mvs_file *file = mvs_store_file(dir, MVMP_NODE, &key, false);
	char path[MVS_PATH_MAX];
	time_t last;

	if (!file || access(mvs_file_path(path, sizeof path, file), R_OK))
		return 0;
	last = rrd_last_r(path);
	return last > 0 ? (uint64_t)last : 0;
}

const char *mvs_dir_name(const struct mvs_dir *dir)
{
	return dir->name;
}

enum mvmp_entity mvs_file_kind(const struct mvs_file *file)
{
	return file->kind;
}

const struct mvmp_key *mvs_file_key(const struct mvs_file *file)
{
	return &file->key;
}

const char *mvs_file_name(const struct mvs_file *file)
{
	return file->name;
}

bool mvs_file_simulated(const struct mvs_file *file)
{
	return file->simulated;
}

char *mvs_file_path(char *to, size_t size, const struct mvs_file *file)
{
	char below[MVS_FILE_MAX];

	snprintf(to, size, "%s/v%d/%s/%s", file->dir->store->directory, MVS_SCHEMA_VERSION,
		file->dir->name, mvs_entity_file(below, file->kind, &file->key));
	return to;
}
