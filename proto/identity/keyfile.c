/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/bytes.h>
#include <mvmp/cert.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct mvmp_keyfile mvmp_member_key = {
	"member.key", "mvmp member key v1", true, MVMP_KEY_LEN, MVMP_KEY_LEN};
const struct mvmp_keyfile mvmp_member_cert = {
	"member.cert", "mvmp member certificate v1", false, 1, MVMP_CERT_MAX};
const struct mvmp_keyfile mvmp_cluster_key = {
	"cluster.key", "mvmp cluster key v1", true, MVMP_KEY_LEN, MVMP_KEY_LEN};
const struct mvmp_keyfile mvmp_cluster_key_old = {
	"cluster.key.old", "mvmp former cluster key v1", true, MVMP_KEY_LEN + 8, MVMP_KEY_LEN + 8};
const struct mvmp_keyfile mvmp_cluster_state = {
	"cluster.state", "mvmp cluster state v1", false, 1, MVMP_CLUSTER_MAX};
const struct mvmp_keyfile mvmp_ca_key = {
	"ca.key", "mvmp CA key v1", true, MVMP_KEY_LEN, MVMP_KEY_LEN};

static int fail_read(struct mvmp_error *err, const char *path)
{
	int number = errno;
	enum mvmp_status status = number == ENOENT || number == ENOTDIR ? MVMP_NOT_FOUND
				  : number == EACCES || number == EPERM ? MVMP_PERMISSION
									: MVMP_IO;

	return mvmp_fail(err, status, "cannot read %s: %s", path, strerror(number));
}

static int check_mode(
	const struct mvmp_keyfile *kind, int fd, const char *path, struct mvmp_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail_read(err, path);
	if (!S_ISREG(st.st_mode))
		return mvmp_fail(err, MVMP_INVALID, "%s is not a regular file", path);
	if (kind->secret && st.st_mode & 077) {
		mvmp_fail(err, MVMP_PERMISSION,
			"%s has mode %04o, others may read this secret; allowed is 0600", path,
			(unsigned)st.st_mode & 07777);
		return mvmp_hint(err, "if nobody did: chmod 600 %s; else make a new one", path);
	}
	return 0;
}

/* Returns the number of bytes read, at most `size`, or -1. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, to + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* The hex of "TITLE\nHEX\n", or NULL. Cuts the line end off. */
static const char *hex_line(const struct mvmp_keyfile *kind, char *text)
{
	size_t title_len = strlen(kind->title);
	char *hex = text + title_len + 1, *end;

	if (strncmp(text, kind->title, title_len) || text[title_len] != '\n')
		return NULL;
	end = strchr(hex, '\n');
	if (!end || end[1])
		return NULL;
	*end = '\0';
	return hex;
}

static int parse(const struct mvmp_keyfile *kind, const char *path, char *text, uint8_t *to,
	struct mvmp_error *err)
{
	const char *hex = hex_line(kind, text);
	size_t len = hex ? strlen(hex) / 2 : 0;

	if (!hex || len < kind->min || len > kind->max || mvmp_unhex(to, len, hex))
		return mvmp_fail(err, MVMP_INVALID,
			"%s is not a file of kind \"%s\": that line, then one line of hex of "
			"%zu to %zu bytes",
			path, kind->title, kind->min, kind->max);
	return (int)len;
}

static int read_text(const struct mvmp_keyfile *kind, int fd, const char *path, uint8_t *to,
	struct mvmp_error *err)
{
	/* One byte more than fits, so that a longer file is seen, and a NUL. */
	size_t size = strlen(kind->title) + 2 * kind->max + 3;
	char *text = calloc(1, size + 1);
	ssize_t used;
	int ret;

	if (!text)
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot read %s: out of memory", path);
	used = read_all(fd, text, size);
	/* A NUL inside would hide the bytes after it: such a file is none of ours. */
	if (used >= 0 && strlen(text) != (size_t)used)
		text[0] = '\0';
	ret = used < 0 ? fail_read(err, path) : parse(kind, path, text, to, err);
	mvmp_wipe(text, size);
	free(text);
	return ret;
}

int mvmp_keyfile_read(
	const struct mvmp_keyfile *kind, const char *path, uint8_t *to, struct mvmp_error *err)
{
	/* Not to hang on a FIFO that somebody put there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return fail_read(err, path);
	ret = check_mode(kind, fd, path, err);
	if (!ret)
		ret = read_text(kind, fd, path, to, err);
	close(fd);
	return ret;
}

static int join(
	char to[static PATH_MAX], const char *directory, const char *name, struct mvmp_error *err)
{
	if (snprintf(to, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of %s is too long", name);
	return 0;
}

int mvmp_keyfile_read_in(
	const struct mvmp_keyfile *kind, const char *directory, uint8_t *to, struct mvmp_error *err)
{
	char path[PATH_MAX];
	int ret = join(path, directory, kind->name, err);

	return ret ? ret : mvmp_keyfile_read(kind, path, to, err);
}

int mvmp_keyfile_write(const struct mvmp_keyfile *kind, const char *path, const uint8_t *bytes,
	size_t len, bool fresh, struct mvmp_error *err)
{
	size_t size = strlen(kind->title) + 2 * len + 3;
	char *text = malloc(size);
	int n, ret;

	if (!text)
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot write %s: out of memory", path);
	n = sprintf(text, "%s\n", kind->title);
	mvmp_hex(text + n, bytes, len);
	text[size - 2] = '\n';
	text[size - 1] = '\0';
	ret = mvmp_file_write(path, text, size - 1, kind->secret ? 0600 : 0644, fresh, err);
	mvmp_wipe(text, size);
	free(text);
	return ret;
}

int mvmp_keyfile_write_in(const struct mvmp_keyfile *kind, const char *directory,
	const uint8_t *bytes, size_t len, bool fresh, struct mvmp_error *err)
{
	char path[PATH_MAX];
	int ret = join(path, directory, kind->name, err);

	return ret ? ret : mvmp_keyfile_write(kind, path, bytes, len, fresh, err);
}
