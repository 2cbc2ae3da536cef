/* SPDX-License-Identifier: Apache-2.0 */
#include "backend.h"
#include <errno.h>
#include <mvmp/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * rrdcached's protocol (rrdcached(1), "PROTOCOL"): lines of at most 4096 bytes; BATCH, then one
 * command a line, ended by a dot; the answer is "N Errors" and N lines, each "LINE MESSAGE".
 * Files are created by ourselves: the daemon sees them at their first UPDATE.
 */

enum { LINE_MAX_LEN = 4096, BUFFER = 64 * 1024, ANSWER_MAX = 8192, TIMEOUT_S = 5 };

struct cached {
	struct mvs_backend base;
	char *socket;
	int fd;
	unsigned lines;
	size_t used;
	char buffer[BUFFER];
	char answer[ANSWER_MAX];
};

static struct cached *cached_of(struct mvs_backend *backend)
{
	return (struct cached *)backend; /* base is the first member */
}

static int fail(struct cached *cached, struct mvmp_error *err, const char *what, int error)
{
	if (cached->fd >= 0)
		close(cached->fd);
	cached->fd = -1;
	return mvmp_fail(err, MVMP_NO_ANSWER, "rrdcached at %s: cannot %s: %s", cached->socket,
		what, strerror(error));
}

static int connect_socket(struct cached *cached, struct mvmp_error *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = TIMEOUT_S};

	if (cached->fd >= 0)
		return 0;
	if (strlen(cached->socket) >= sizeof addr.sun_path)
		return fail(cached, err, "connect", ENAMETOOLONG);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", cached->socket);
	cached->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (cached->fd < 0)
		return fail(cached, err, "connect", errno);
	setsockopt(cached->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(cached->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	if (connect(cached->fd, (struct sockaddr *)&addr, sizeof addr))
		return fail(cached, err, "connect", errno);
	return 0;
}

static int send_all(struct cached *cached, const char *bytes, size_t len, struct mvmp_error *err)
{
	while (len) {
		ssize_t n = send(cached->fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return fail(cached, err, "send", n ? errno : EPIPE);
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Reads an answer: a first line that begins with a number, and as many lines more as it says
 * (negative: an error, no more lines). Returns the number or -status. */
static int read_answer(struct cached *cached, int *number, struct mvmp_error *err)
{
	size_t used = 0;
	long wanted = 0;

	for (;;) {
		ssize_t n = recv(cached->fd, cached->answer + used, ANSWER_MAX - 1 - used, 0);
		long lines = 0;

		if (n <= 0)
			return fail(cached, err, "read its answer", n ? errno : EPIPE);
		used += (size_t)n;
		cached->answer[used] = '\0';
		for (size_t i = 0; i < used; i++) {
			lines += cached->answer[i] == '\n';
			if (!cached->answer[i])
				cached->answer[i] = ' ';
		}
		if (lines == 0)
			continue;
		wanted = strtol(cached->answer, NULL, 10);
		if (lines > (wanted > 0 ? wanted : 0))
			break;
		if (used == ANSWER_MAX - 1) /* more errors than we want to read */
			return fail(cached, err, "take so long an answer", EMSGSIZE);
	}
	*number = (int)wanted;
	return 0;
}

static int cached_sync(struct mvs_backend *backend, struct mvmp_error *err)
{
	struct cached *cached = cached_of(backend);
	int number = 0, rc;

	if (cached->lines == 0)
		return 0;
	rc = connect_socket(cached, err);
	if (rc == 0)
		rc = send_all(cached, "BATCH\n", 6, err);
	if (rc == 0)
		rc = read_answer(cached, &number, err); /* "0 Go ahead. ..." */
	if (rc == 0)
		rc = send_all(cached, cached->buffer, cached->used, err);
	if (rc == 0)
		rc = send_all(cached, ".\n", 2, err);
	if (rc == 0)
		rc = read_answer(cached, &number, err);
	cached->lines = 0;
	cached->used = 0;
	if (rc || number == 0)
		return rc;
	return mvmp_fail(err, MVMP_FAILED, "%d updates refused: %.100s", number,
		strchr(cached->answer, '\n') + 1);
}

/* Adds "UPDATE path row row...\n", as many rows a line as it holds. */
static int cached_update(struct mvs_backend *backend, const char *path, unsigned rows,
	const char *const *row, struct mvmp_error *err)
{
	struct cached *cached = cached_of(backend);
	int rc = connect_socket(cached, err);

	for (unsigned i = 0; rc == 0 && i < rows;) {
		size_t start, len;

		if (cached->used + LINE_MAX_LEN > BUFFER) {
			rc = cached_sync(backend, err);
			continue;
		}
		start = cached->used;
		len = (size_t)sprintf(cached->buffer + start, "UPDATE %s", path);
		do {
			len += (size_t)sprintf(cached->buffer + start + len, " %s", row[i++]);
		} while (i < rows && len + 2 + strlen(row[i]) < LINE_MAX_LEN - 1);
		cached->buffer[start + len] = '\n';
		cached->used += len + 1;
		cached->lines++;
	}
	return rc;
}

static int command(
	struct cached *cached, const char *verb, const char *path, struct mvmp_error *err)
{
	char line[MVS_PATH_MAX + 16];
	int number, len = snprintf(line, sizeof line, "%s %s\n", verb, path);
	int rc = connect_socket(cached, err);

	if (rc == 0)
		rc = send_all(cached, line, (size_t)len, err);
	return rc ? rc : read_answer(cached, &number, err);
}

static int cached_flush(struct mvs_backend *backend, const char *path, struct mvmp_error *err)
{
	int rc = cached_sync(backend, err);

	return rc && rc != -MVMP_FAILED ? rc : command(cached_of(backend), "FLUSH", path, err);
}

static void cached_forget(struct mvs_backend *backend, const char *path)
{
	struct mvmp_error err;

	command(cached_of(backend), "FORGET", path, &err);
}

static void cached_free(struct mvs_backend *backend)
{
	struct cached *cached = cached_of(backend);

	if (cached->fd >= 0)
		close(cached->fd);
	free(cached->socket);
	free(cached);
}

static const struct mvs_backend_ops cached_ops = {
	.flush = cached_flush,
	.update = cached_update,
	.sync = cached_sync,
	.forget = cached_forget,
	.free = cached_free,
};

struct mvs_backend *mvs_backend_cached(const char *socket)
{
	struct cached *cached = calloc(1, sizeof *cached);

	if (!cached)
		return NULL;
	cached->base.ops = &cached_ops;
	cached->fd = -1;
	cached->socket = strdup(socket);
	if (cached->socket)
		return &cached->base;
	free(cached);
	return NULL;
}
