/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mva_batch_reset(struct mva_batch *batch)
{
	batch->steps = 0;
	batch->used = 0;
	batch->failed = 0;
}

void mva_batch_free(struct mva_batch *batch)
{
	free(batch->bytes);
	*batch = (struct mva_batch){0};
}

static struct mva_step *add(struct mva_batch *batch, enum mva_step_kind kind, const char *name)
{
	struct mva_step *step = &batch->step[batch->steps];

	if (batch->steps == MVA_STEPS_MAX) {
		batch->failed = -E2BIG;
		return NULL;
	}
	batch->steps++;
	*step = (struct mva_step){.kind = kind};
	snprintf(step->name, sizeof step->name, "%s", name);
	return step;
}

static int reserve(struct mva_batch *batch, size_t len)
{
	size_t size = batch->size ? batch->size : 4096;
	uint8_t *bytes;

	while (size - batch->used < len)
		size *= 2;
	if (size == batch->size)
		return 0;
	bytes = realloc(batch->bytes, size);
	if (!bytes)
		return -ENOMEM;
	batch->bytes = bytes;
	batch->size = size;
	return 0;
}

void mva_batch_append(struct mva_batch *batch, const char *name, const void *bytes, size_t len)
{
	struct mva_step *step = len ? add(batch, MVA_STEP_APPEND, name) : NULL;

	if (!step)
		return;
	if (reserve(batch, len)) {
		batch->failed = -ENOMEM;
		return;
	}
	memcpy(batch->bytes + batch->used, bytes, len);
	step->offset = batch->used;
	step->len = len;
	batch->used += len;
}

void mva_batch_add(struct mva_batch *batch, enum mva_step_kind kind, const char *name)
{
	add(batch, kind, name);
}

void mva_batch_rename(struct mva_batch *batch, const char *from, const char *to)
{
	struct mva_step *step = add(batch, MVA_STEP_RENAME, from);

	if (step)
		snprintf(step->to, sizeof step->to, "%s", to);
}

void mva_batch_truncate(struct mva_batch *batch, const char *name, size_t len)
{
	struct mva_step *step = add(batch, MVA_STEP_TRUNCATE, name);

	if (step)
		step->len = len;
}

static int run_step(
	const struct mva_batch *batch, const struct mva_step *step, struct mva_disk *disk)
{
	const struct mva_disk_ops *ops = disk->ops;

	switch (step->kind) {
	case MVA_STEP_APPEND:
		return ops->append(disk, step->name, batch->bytes + step->offset, step->len);
	case MVA_STEP_SYNC:
		return ops->sync(disk, step->name);
	case MVA_STEP_SYNC_NAMES:
		return ops->sync_names(disk);
	case MVA_STEP_RENAME:
		return ops->rename(disk, step->name, step->to);
	case MVA_STEP_TRUNCATE:
		return ops->truncate(disk, step->name, step->len);
	case MVA_STEP_REMOVE:
		return ops->remove(disk, step->name);
	}
	return -EINVAL;
}

int mva_batch_run(struct mva_batch *batch, struct mva_disk *disk)
{
	int rc = batch->failed;

	for (unsigned i = 0; i < batch->steps && !rc; i++)
		rc = run_step(batch, &batch->step[i], disk);
	return rc;
}
