/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_KEYFILE_H
#define MVMP_KEYFILE_H

/*
 * The files of an identity: a title line ("mvmp member key v1") and one line of hex. Secret
 * ones have mode 0600, the others 0644. They are written whole or not at all.
 */

#include <mvmp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mvmp_keyfile {
	const char *name; /* usual name of the file in its directory */
	const char *title;
	bool secret;
	size_t min, max; /* bytes that the hex stands for */
};

extern const struct mvmp_keyfile mvmp_member_key;
extern const struct mvmp_keyfile mvmp_member_cert;
extern const struct mvmp_keyfile mvmp_cluster_key;
extern const struct mvmp_keyfile mvmp_cluster_key_old; /* key, and until when (u64) */
extern const struct mvmp_keyfile mvmp_cluster_state;
extern const struct mvmp_keyfile mvmp_ca_key; /* Ed25519 seed */

/* Reads a file of this kind into `to`, which holds kind->max bytes. Returns the length;
 * MVMP_NOT_FOUND, MVMP_PERMISSION (not readable, or a secret that others may read),
 * MVMP_INVALID (something else than this kind), MVMP_IO, MVMP_NO_MEMORY. */
int mvmp_keyfile_read(
	const struct mvmp_keyfile *kind, const char *path, uint8_t *to, struct mvmp_error *err);

/* Same with the kind's usual name in a directory. */
int mvmp_keyfile_read_in(const struct mvmp_keyfile *kind, const char *directory, uint8_t *to,
	struct mvmp_error *err);

/* Writes atomically: temporary file, fsync, rename, fsync of the directory. With `fresh` an
 * existing file is left alone (MVMP_CONFLICT). Else MVMP_PERMISSION, MVMP_IO, MVMP_NO_MEMORY. */
int mvmp_keyfile_write(const struct mvmp_keyfile *kind, const char *path, const uint8_t *bytes,
	size_t len, bool fresh, struct mvmp_error *err);
int mvmp_keyfile_write_in(const struct mvmp_keyfile *kind, const char *directory,
	const uint8_t *bytes, size_t len, bool fresh, struct mvmp_error *err);

/* The same for any content and mode. */
int mvmp_file_write(const char *path, const void *bytes, size_t len, unsigned mode, bool fresh,
	struct mvmp_error *err);

#endif
