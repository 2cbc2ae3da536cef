/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_disk.h"
#include "fault_private.h"

static struct mva_disk *real;

/* 0, or the failure; until end() nothing else fails. */
static int begin(void *caller)
{
	int error = fault_here(FAULT_DISK, caller);

	fault_pause();
	return -error;
}

static int end(int rc)
{
	fault_resume();
	return rc;
}

#define BEGIN begin(__builtin_return_address(0))

static int disk_append(struct mva_disk *disk, const char *name, const void *bytes, size_t len)
{
	int rc = BEGIN;

	if (!rc)
		return end(real->ops->append(real, name, bytes, len));
	if (fault_halfway())
		real->ops->append(real, name, bytes, len / 2);
	return end(rc);
}

static int disk_sync(struct mva_disk *disk, const char *name)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->sync(real, name));
}

static int disk_sync_names(struct mva_disk *disk)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->sync_names(real));
}

static int disk_rename(struct mva_disk *disk, const char *from, const char *to)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->rename(real, from, to));
}

static int disk_truncate(struct mva_disk *disk, const char *name, uint64_t len)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->truncate(real, name, len));
}

static int disk_remove(struct mva_disk *disk, const char *name)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->remove(real, name));
}

static ssize_t disk_read(
	struct mva_disk *disk, const char *name, uint64_t offset, void *to, size_t len)
{
	ssize_t rc = BEGIN;

	rc = rc ? rc : real->ops->read(real, name, offset, to, len);
	end(0);
	return rc;
}

static int disk_list(
	struct mva_disk *disk, void (*each)(void *ctx, const char *name, uint64_t size), void *ctx)
{
	int rc = BEGIN;

	return end(rc ? rc : real->ops->list(real, each, ctx));
}

static void disk_close(struct mva_disk *disk)
{
	real->ops->close(real);
	real = NULL;
}

static const struct mva_disk_ops ops = {
	.append = disk_append,
	.sync = disk_sync,
	.sync_names = disk_sync_names,
	.rename = disk_rename,
	.truncate = disk_truncate,
	.remove = disk_remove,
	.read = disk_read,
	.list = disk_list,
	.close = disk_close,
};

struct mva_disk *fault_disk(struct mva_disk *below)
{
	static struct mva_disk disk = {.ops = &ops};

	real = below;
	return &disk;
}
