/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that are appended to again and again stay open. Only the thread that writes uses them. */
enum { KEPT = 4 };

struct kept {
	char name[MVA_FILE_NAME_MAX];
	int fd;
};

struct posix_disk {
	struct mva_disk base;
	int directory;
	unsigned next;
	struct kept kept[KEPT];
};

static struct posix_disk *disk_of(struct mva_disk *disk)
{
	return (struct posix_disk *)(void *)disk;
}

static void forget(struct posix_disk *disk, const char *name)
{
	for (unsigned i = 0; i < KEPT; i++) {
		struct kept *kept = &disk->kept[i];

		if (kept->fd < 0 || strcmp(kept->name, name) != 0)
			continue;
		close(kept->fd);
		kept->fd = -1;
	}
}

static int writable(struct posix_disk *disk, const char *name)
{
	struct kept *kept = &disk->kept[disk->next];
	int fd;

	for (unsigned i = 0; i < KEPT; i++) {
		if (disk->kept[i].fd >= 0 && strcmp(disk->kept[i].name, name) == 0)
			return disk->kept[i].fd;
	}
	fd = openat(disk->directory, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		0600);
	if (fd < 0)
		return -errno;
	disk->next = (disk->next + 1) % KEPT;
	if (kept->fd >= 0)
		close(kept->fd);
	snprintf(kept->name, sizeof kept->name, "%s", name);
	kept->fd = fd;
	return fd;
}

static int disk_append(struct mva_disk *base, const char *name, const void *bytes, size_t len)
{
	int fd = writable(disk_of(base), name);
	const char *at = bytes;

	while (fd >= 0 && len) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		len -= (size_t)done;
	}
	return fd < 0 ? fd : 0;
}

static int disk_sync(struct mva_disk *base, const char *name)
{
	int fd = writable(disk_of(base), name);

	if (fd < 0)
		return fd;
	return fdatasync(fd) ? -errno : 0;
}

static int disk_sync_names(struct mva_disk *base)
{
	return fsync(disk_of(base)->directory) ? -errno : 0;
}

static int disk_rename(struct mva_disk *base, const char *from, const char *to)
{
	struct posix_disk *disk = disk_of(base);

	forget(disk, from);
	forget(disk, to);
	return renameat(disk->directory, from, disk->directory, to) ? -errno : 0;
}

static int disk_truncate(struct mva_disk *base, const char *name, uint64_t len)
{
	int fd = writable(disk_of(base), name);

	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)len) ? -errno : 0;
}

static int disk_remove(struct mva_disk *base, const char *name)
{
	struct posix_disk *disk = disk_of(base);

	forget(disk, name);
	return unlinkat(disk->directory, name, 0) && errno != ENOENT ? -errno : 0;
}

static ssize_t disk_read(
	struct mva_disk *base, const char *name, uint64_t offset, void *to, size_t len)
{
	int fd = openat(disk_of(base)->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t done = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (done < len && got > 0) {
		got = pread(fd, (char *)to + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno != EINTR) {
			int rc = -errno;

			close(fd);
			return rc;
		}
		done += got > 0 ? (size_t)got : 0;
		got = got < 0 ? 1 : got;
	}
	close(fd);
	return (ssize_t)done;
}

static int disk_list(
	struct mva_disk *base, void (*each)(void *ctx, const char *name, uint64_t size), void *ctx)
{
	struct posix_disk *disk = disk_of(base);
	int fd = openat(disk->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((entry = readdir(dir))) {
		if (!fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			each(ctx, entry->d_name, (uint64_t)st.st_size);
	}
	closedir(dir);
	return 0;
}

static void disk_close(struct mva_disk *base)
{
	struct posix_disk *disk = disk_of(base);

	for (unsigned i = 0; i < KEPT; i++) {
		if (disk->kept[i].fd >= 0)
			close(disk->kept[i].fd);
	}
	close(disk->directory);
	free(disk);
}

static const struct mva_disk_ops posix_ops = {
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

struct mva_disk *mva_disk_posix(int directory)
{
	struct posix_disk *disk = calloc(1, sizeof *disk);

	if (!disk)
		return NULL;
	disk->base.ops = &posix_ops;
	disk->directory = directory;
	for (unsigned i = 0; i < KEPT; i++)
		disk->kept[i].fd = -1;
	return &disk->base;
}
