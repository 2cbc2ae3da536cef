/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 64 };

/* A file's content lives on under whatever name; `names` map to contents, now and durably. */
struct content {
	uint8_t *bytes;
	size_t len, synced;
	bool used;
};

struct name {
	char text[MVA_FILE_NAME_MAX];
	int content; /* -1: free */
};

struct memory_disk {
	struct mva_disk base;
	struct content content[FILES];
	struct name now[FILES], durable[FILES];
	int countdown, error;
	bool stay;
};

static struct memory_disk *disk_of(struct mva_disk *disk)
{
	return (struct memory_disk *)(void *)disk;
}

static int failing(struct memory_disk *disk)
{
	if (disk->countdown < 0)
		return 0;
	if (disk->countdown > 0) {
		disk->countdown--;
		return 0;
	}
	disk->countdown = disk->stay ? 0 : -1;
	return -disk->error;
}

static int find(const struct name *names, const char *text)
{
	for (int i = 0; i < FILES; i++) {
		if (names[i].content >= 0 && strcmp(names[i].text, text) == 0)
			return i;
	}
	return -1;
}

static bool referenced(const struct memory_disk *disk, int content)
{
	for (int i = 0; i < FILES; i++) {
		if (disk->now[i].content == content || disk->durable[i].content == content)
			return true;
	}
	return false;
}

static void collect(struct memory_disk *disk)
{
	for (int i = 0; i < FILES; i++) {
		if (!disk->content[i].used || referenced(disk, i))
			continue;
		free(disk->content[i].bytes);
		disk->content[i] = (struct content){0};
	}
}

/* The content of a name, made when missing; NULL when the disk is out of names. */
static struct content *make(struct memory_disk *disk, const char *text)
{
	int at = find(disk->now, text), content = 0;

	if (at >= 0)
		return &disk->content[disk->now[at].content];
	for (at = 0; at < FILES && disk->now[at].content >= 0;)
		at++;
	while (content < FILES && disk->content[content].used)
		content++;
	if (at == FILES || content == FILES)
		return NULL;
	snprintf(disk->now[at].text, sizeof disk->now[at].text, "%s", text);
	disk->now[at].content = content;
	disk->content[content].used = true;
	return &disk->content[content];
}

static int put(struct content *content, const void *bytes, size_t len)
{
	uint8_t *grown = realloc(content->bytes, content->len + len + 1);

	if (!grown)
		return -ENOMEM;
	content->bytes = grown;
	memcpy(grown + content->len, bytes, len);
	content->len += len;
	return 0;
}

static int disk_append(struct mva_disk *base, const char *name, const void *bytes, size_t len)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk);
	struct content *content = make(disk, name);

	if (!content)
		return -ENOSPC;
	if (rc) {
		put(content, bytes, len / 2);
		return rc;
	}
	return put(content, bytes, len);
}

static int disk_sync(struct mva_disk *base, const char *name)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk), at = find(disk->now, name);

	if (rc || at < 0)
		return rc ? rc : -ENOENT;
	disk->content[disk->now[at].content].synced = disk->content[disk->now[at].content].len;
	return 0;
}

static int disk_sync_names(struct mva_disk *base)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk);

	if (rc)
		return rc;
	memcpy(disk->durable, disk->now, sizeof disk->now);
	collect(disk);
	return 0;
}

static int disk_rename(struct mva_disk *base, const char *from, const char *to)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk), at = find(disk->now, from), old = find(disk->now, to);

	if (rc || at < 0)
		return rc ? rc : -ENOENT;
	if (old >= 0)
		disk->now[old].content = -1;
	snprintf(disk->now[at].text, sizeof disk->now[at].text, "%s", to);
	return 0;
}

static int disk_truncate(struct mva_disk *base, const char *name, uint64_t len)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk);
	struct content *content = make(disk, name);

	if (rc || !content)
		return rc ? rc : -ENOSPC;
	if (content->len > len)
		content->len = (size_t)len;
	if (content->synced > len)
		content->synced = (size_t)len;
	return 0;
}

static int disk_remove(struct mva_disk *base, const char *name)
{
	struct memory_disk *disk = disk_of(base);
	int rc = failing(disk), at = find(disk->now, name);

	if (!rc && at >= 0)
		disk->now[at].content = -1;
	return rc;
}

static ssize_t disk_read(
	struct mva_disk *base, const char *name, uint64_t offset, void *to, size_t len)
{
	struct memory_disk *disk = disk_of(base);
	int at = find(disk->now, name);
	const struct content *content;

	if (at < 0)
		return -ENOENT;
	content = &disk->content[disk->now[at].content];
	if (offset >= content->len)
		return 0;
	if (len > content->len - offset)
		len = content->len - (size_t)offset;
	memcpy(to, content->bytes + offset, len);
	return (ssize_t)len;
}

static int disk_list(
	struct mva_disk *base, void (*each)(void *ctx, const char *name, uint64_t size), void *ctx)
{
	struct memory_disk *disk = disk_of(base);

	for (int i = 0; i < FILES; i++) {
		if (disk->now[i].content >= 0)
			each(ctx, disk->now[i].text, disk->content[disk->now[i].content].len);
	}
	return 0;
}

static void disk_close(struct mva_disk *base)
{
	struct memory_disk *disk = disk_of(base);

	for (int i = 0; i < FILES; i++)
		free(disk->content[i].bytes);
	free(disk);
}

static const struct mva_disk_ops memory_ops = {
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

struct mva_disk *mva_disk_memory(void)
{
	struct memory_disk *disk = calloc(1, sizeof *disk);

	if (!disk)
		return NULL;
	disk->base.ops = &memory_ops;
	disk->countdown = -1;
	for (int i = 0; i < FILES; i++)
		disk->now[i].content = disk->durable[i].content = -1;
	return &disk->base;
}

void mva_disk_memory_fail(struct mva_disk *base, int count, int error, bool stay)
{
	struct memory_disk *disk = disk_of(base);

	disk->countdown = count;
	disk->error = error;
	disk->stay = stay;
}

void mva_disk_memory_power_cut(struct mva_disk *base, size_t torn)
{
	struct memory_disk *disk = disk_of(base);

	memcpy(disk->now, disk->durable, sizeof disk->now);
	collect(disk);
	for (int i = 0; i < FILES; i++) {
		struct content *content = &disk->content[i];
		size_t keep = content->synced + torn;

		content->len = content->len < keep ? content->len : keep;
		content->synced = content->len;
	}
	disk->countdown = -1;
}
