/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct mvmp_error *err, const char *what, const char *path)
{
	enum mvmp_status status =
		errno == EACCES || errno == EPERM || errno == EROFS ? MVMP_PERMISSION : MVMP_IO;

	return mvmp_fail(err, status, "cannot %s %s: %s", what, path, strerror(errno));
}

int mva_make_directory(const char *path, mode_t mode, struct mvmp_error *err)
{
	char part[PATH_MAX];

	if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
		return mvmp_fail(err, MVMP_INVALID, "the path %.100s... is too long", path);
	for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return fail(err, "make the directory", part);
		*slash = '/';
	}
	if (mkdir(part, mode) && errno != EEXIST)
		return fail(err, "make the directory", part);
	return 0;
}

static bool is_ours(const char *name)
{
	return !strncmp(name, "journal.", 8) || !strncmp(name, "audit.log", 9) ||
	       !strncmp(name, "wishes.", 7);
}

void mva_state_give(int directory, const struct mva_user *user)
{
	int fd = user->change ? openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (is_ours(entry->d_name) && fchownat(directory, entry->d_name, user->uid,
						      user->gid, AT_SYMLINK_NOFOLLOW))
			continue; /* opening it will tell */
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

int mva_state_open(const char *path, const struct mva_user *user, struct mvmp_error *err)
{
	int rc = mva_make_directory(path, 0700, err), fd;

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, "open the state directory", path);
	/* Held as long as the directory is open; the kernel ends it with the process. */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		rc = errno == EWOULDBLOCK
			     ? mvmp_fail(err, MVMP_CONFLICT,
				       "another agent uses the state directory %s", path)
			     : fail(err, "lock the state directory", path);
		close(fd);
		return rc;
	}
	if (user->change) {
		if (fchown(fd, user->uid, user->gid)) {
			rc = fail(err, "give away the state directory", path);
			close(fd);
			return rc;
		}
		mva_state_give(fd, user);
	}
	return fd;
}

int mva_empty_root(const char *run)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/empty", run) >= sizeof path)
		return -1;
	if (mkdir(path, 0555) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
