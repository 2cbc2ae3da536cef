/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(struct mvmp_error *err, const char *path)
{
	int number = errno;

	if (number == EEXIST)
		return mvmp_fail(err, MVMP_CONFLICT, "%s exists; it is not overwritten", path);
	return mvmp_fail(err,
		number == EACCES || number == EPERM || number == EROFS ? MVMP_PERMISSION : MVMP_IO,
		"cannot write %s: %s", path, strerror(number));
}

static int write_all(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes a rename durable. */
static int sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	int fd, ret;

	snprintf(directory, sizeof directory, "%.*s",
		slash ? (int)(slash == path ? 1 : slash - path) : 1, slash ? path : ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

static int fill(int fd, const void *bytes, size_t len, unsigned mode)
{
	int ret = fchmod(fd, mode) || write_all(fd, bytes, len) || fsync(fd) ? -1 : 0;
	int number = errno;

	if (close(fd) && !ret)
		return -1;
	errno = number;
	return ret;
}

int mvmp_file_write(const char *path, const void *bytes, size_t len, unsigned mode, bool fresh,
	struct mvmp_error *err)
{
	char temporary[PATH_MAX];
	int fd, ret;

	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary) {
		errno = ENAMETOOLONG;
		return fail_write(err, path);
	}
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 until it is complete */
	if (fd < 0)
		return fail_write(err, path);
	if (fill(fd, bytes, len, mode) ||
		renameat2(AT_FDCWD, temporary, AT_FDCWD, path, fresh ? RENAME_NOREPLACE : 0)) {
		ret = fail_write(err, path);
		unlink(temporary);
		return ret;
	}
	return sync_directory(path) ? fail_write(err, path) : 0;
}
