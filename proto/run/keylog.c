/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <mvmp/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mvmp_key_log {
	int fd;
	bool failed, full;
	uint64_t size;
};

enum { LINE_SIZE = 256, SIZE_MAX_MIB = 64 };

static const char first_line[] = "MVMP key log 1: whoever has this file can read these sessions";

/* A member that turned bad can make up senders; the disk is not to fill for that. */
static bool has_room(struct mvmp_key_log *log, size_t len)
{
	if (log->size + len <= (uint64_t)SIZE_MAX_MIB << 20)
		return true;
	if (!log->full)
		mvmp_log("the key log has %d MiB: nothing more is written to it", SIZE_MAX_MIB);
	log->full = true;
	return false;
}

/* In one piece, so that lines of several programs do not mix. */
static void put_line(struct mvmp_key_log *log, const char *prefix, const char *text)
{
	char line[LINE_SIZE + 4];
	int len = snprintf(line, sizeof line, "%s%s\n", prefix, text);

	if (!has_room(log, (size_t)len)) {
		mvmp_wipe(line, sizeof line);
		return;
	}
	log->size += (size_t)len;
	if ((len >= (int)sizeof line || write(log->fd, line, (size_t)len) != len) && !log->failed) {
		log->failed = true;
		mvmp_log("the key log cannot be written: %s", strerror(errno));
	}
	mvmp_wipe(line, sizeof line);
}

/* Nobody but us may read or have made it. */
static int check_file(int fd, const char *path, uint64_t *size, struct mvmp_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return mvmp_fail(err, MVMP_IO, "cannot look at %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mvmp_fail(err, MVMP_PERMISSION, "the key log %s is no regular file", path);
	if (st.st_uid != geteuid())
		return mvmp_fail(err, MVMP_PERMISSION, "the key log %s belongs to user %u, not %u",
			path, st.st_uid, geteuid());
	if (st.st_mode & 077) {
		mvmp_fail(err, MVMP_PERMISSION,
			"others may read or write the key log %s: its mode is %04o", path,
			(unsigned)st.st_mode & 07777);
		return mvmp_hint(err, "chmod 600 %s", path);
	}
	*size = (uint64_t)st.st_size;
	return 0;
}

int mvmp_key_log_open(const char *path, struct mvmp_key_log **ret, struct mvmp_error *err)
{
	int fd = open(
		path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct mvmp_key_log *log;
	uint64_t size = 0;
	int rc;

	if (fd < 0)
		return mvmp_fail(err, errno == ENOENT ? MVMP_NOT_FOUND : MVMP_PERMISSION,
			"cannot open the key log %s: %s", path, strerror(errno));
	rc = check_file(fd, path, &size, err);
	log = rc ? NULL : calloc(1, sizeof *log);
	if (!log) {
		close(fd);
		return rc ? rc : mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	}
	log->fd = fd;
	log->size = size;
	if (!size)
		put_line(log, "# ", first_line);
	mvmp_log("warning: the keys of all sessions are written to %s; whoever reads it can read "
		 "their frames",
		path);
	*ret = log;
	return 0;
}

void mvmp_key_log_put(struct mvmp_key_log *log, const char *line)
{
	put_line(log, "", line);
}

void mvmp_key_log_close(struct mvmp_key_log *log)
{
	if (!log)
		return;
	close(log->fd);
	free(log);
}
