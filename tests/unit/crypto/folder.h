/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLDER_H
#define FOLDER_H

#include <limits.h>

/* A directory of a test's own. */
struct folder {
	char path[64];
};

void folder_make(struct folder *folder);
void folder_remove(struct folder *folder); /* with the files in it */

/* "FOLDER/name"; valid until the next call. */
const char *folder_file(const struct folder *folder, const char *name);

/* Replaces a file's content. */
void folder_write(const struct folder *folder, const char *name, const char *text, unsigned mode);

/* Number of entries. */
unsigned folder_count(const struct folder *folder);

#endif
