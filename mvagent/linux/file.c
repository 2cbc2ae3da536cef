/* SPDX-License-Identifier: Apache-2.0 */
#include "linux.h"
#include "scan.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUF_MAX = 4 << 20 };

int mva_linux_open(struct mva_linux *lx, const char *capability, enum mva_source source,
	const char *name, uint32_t number)
{
	struct mva_open what = {.source = source, .number = number};
	struct mvmp_error err = {0};
	int fd;

	snprintf(what.name, sizeof(what.name), "%s", name);
	fd = lx->env.priv->ops->open(lx->env.priv, &what, &err);
	if (fd < 0 && capability)
		mva_linux_can(lx, capability, false, err.text);
	return fd;
}

int mva_linux_openat(int dir, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int len, fd;

	va_start(args, format);
	len = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (len < 0 || len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

static int grow(struct mva_linux *lx)
{
	size_t size = lx->buf_size ? 2 * lx->buf_size : 16384;
	char *buf = size > BUF_MAX ? NULL : realloc(lx->buf, size);

	if (!buf)
		return -ENOMEM;
	lx->buf = buf;
	lx->buf_size = size;
	return 0;
}

int mva_linux_read(struct mva_linux *lx, int fd)
{
	ssize_t len;

	if (fd < 0)
		return -ENOENT;
	do {
		if (!lx->buf && grow(lx))
			return -ENOMEM;
		len = pread(fd, lx->buf, lx->buf_size - 1, 0);
		if (len < 0)
			return -errno;
		/* A full buffer may have cut the text: once more with a bigger one. */
	} while ((size_t)len == lx->buf_size - 1 && !grow(lx));
	lx->buf[len] = '\0';
	return (int)len;
}

int mva_linux_read_all(struct mva_linux *lx, int fd)
{
	size_t used = 0;
	ssize_t len;

	if (fd < 0)
		return -ENOENT;
	for (;;) {
		if (used + 1 >= lx->buf_size && grow(lx))
			return -ENOMEM;
		len = pread(fd, lx->buf + used, lx->buf_size - 1 - used, (off_t)used);
		if (len < 0)
			return -errno;
		if (!len)
			break;
		used += (size_t)len;
	}
	lx->buf[used] = '\0';
	return (int)used;
}

int mva_linux_read_once(struct mva_linux *lx, int dir, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int fd, len;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = mva_linux_openat(dir, "%s", path);
	if (fd < 0)
		return fd;
	len = mva_linux_read(lx, fd);
	close(fd);
	if (len > 0 && lx->buf[len - 1] == '\n')
		lx->buf[--len] = '\0';
	return len;
}

bool mva_linux_read_number(int fd, int64_t *ret)
{
	char text[32];
	const char *at = text;
	ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return false;
	*ret = scan_s64(&at);
	return true;
}

void mva_linux_each(struct mva_linux *lx, int dir, const char *prefix,
	void (*each)(struct mva_linux *lx, int dir, const char *name, void *ctx), void *ctx)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);

	if (!stream) {
		mva_linux_close(&copy);
		return;
	}
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) && entry->d_name[0] != '.')
			each(lx, dir, entry->d_name, ctx);
	}
	closedir(stream);
}

void mva_linux_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
