/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_DISK_H
#define MVA_DISK_H

/*
 * The files of the state directory, behind a table of operations, so that tests let any of them
 * fail and cut the power between any two. Files are named, never opened by the caller. What is
 * appended, renamed or removed is on the disk for sure only after the matching sync.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MVA_FILE_NAME_MAX = 32 };

struct mva_disk;

/* All return 0 (or a length) or -errno. */
struct mva_disk_ops {
	/* Writes all of it at the end of the file, which is made when it is missing. */
	int (*append)(struct mva_disk *disk, const char *name, const void *bytes, size_t len);
	int (*sync)(struct mva_disk *disk, const char *name);
	/* Makes names (made, renamed, removed) durable. */
	int (*sync_names)(struct mva_disk *disk);
	int (*rename)(struct mva_disk *disk, const char *from, const char *to);
	int (*truncate)(struct mva_disk *disk, const char *name, uint64_t len);
	/* A missing file is no error. */
	int (*remove)(struct mva_disk *disk, const char *name);
	/* At most `len` bytes from `offset`; may be called while another thread appends. */
	ssize_t (*read)(
		struct mva_disk *disk, const char *name, uint64_t offset, void *to, size_t len);
	int (*list)(struct mva_disk *disk, void (*each)(void *ctx, const char *name, uint64_t size),
		void *ctx);
	void (*close)(struct mva_disk *disk);
};

struct mva_disk {
	const struct mva_disk_ops *ops;
};

/* The directory behind an open descriptor, which the disk takes over. NULL without memory. */
struct mva_disk *mva_disk_posix(int directory);

enum mva_step_kind {
	MVA_STEP_APPEND,
	MVA_STEP_SYNC,
	MVA_STEP_SYNC_NAMES,
	MVA_STEP_RENAME,
	MVA_STEP_TRUNCATE,
	MVA_STEP_REMOVE,
};

struct mva_step {
	enum mva_step_kind kind;
	char name[MVA_FILE_NAME_MAX], to[MVA_FILE_NAME_MAX];
	size_t offset, len; /* APPEND: in the batch's bytes; TRUNCATE: the length */
};

enum { MVA_STEPS_MAX = 24 };

/* Steps that are done in order, up to the first that fails; run by the owner outside the event
 * loop. Zero it before the first use; memory is kept between uses. */
struct mva_batch {
	struct mva_step step[MVA_STEPS_MAX];
	unsigned steps;
	uint8_t *bytes;
	size_t used, size;
	int failed; /* a step could not be added: -ENOMEM or -E2BIG */
};

void mva_batch_reset(struct mva_batch *batch);
void mva_batch_free(struct mva_batch *batch);
void mva_batch_append(struct mva_batch *batch, const char *name, const void *bytes, size_t len);
/* SYNC, SYNC_NAMES (name ""), REMOVE. */
void mva_batch_add(struct mva_batch *batch, enum mva_step_kind kind, const char *name);
void mva_batch_rename(struct mva_batch *batch, const char *from, const char *to);
void mva_batch_truncate(struct mva_batch *batch, const char *name, size_t len);

/* Runs the steps; 0 or the first failure. */
int mva_batch_run(struct mva_batch *batch, struct mva_disk *disk);

#endif
