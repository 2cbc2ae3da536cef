/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(struct folder *folder)
{
	strcpy(folder->path, "/tmp/mvmp-test-XXXXXX");
	if (!mkdtemp(folder->path))
		abort();
}

const char *folder_file(const struct folder *folder, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder->path, name);
	return path;
}

/* Removes the files, or only counts them. */
static unsigned each(const struct folder *folder, int (*act)(const char *path))
{
	DIR *directory = opendir(folder->path);
	struct dirent *entry;
	unsigned count = 0;

	if (!directory)
		abort();
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (act && act(folder_file(folder, entry->d_name)))
			abort();
	}
	closedir(directory);
	return count;
}

void folder_remove(struct folder *folder)
{
	each(folder, unlink);
	if (rmdir(folder->path))
		abort();
}

unsigned folder_count(const struct folder *folder)
{
	return each(folder, NULL);
}

void folder_write(const struct folder *folder, const char *name, const char *text, unsigned mode)
{
	FILE *file = fopen(folder_file(folder, name), "w");

	if (!file || fputs(text, file) < 0 || fclose(file) ||
		chmod(folder_file(folder, name), mode))
		abort();
}
