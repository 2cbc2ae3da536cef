/* SPDX-License-Identifier: Apache-2.0 */
/* The listening side of the Unix link: one socket for each program instance. */
#include "unix_link.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

struct unix_listener {
	struct unix_link link;
	int fd;
};

static struct unix_listener *unix_listener(struct unix_link *link)
{
	return container_of(link, struct unix_listener, link);
}

static void accept_one(struct unix_link *link)
{
	int fd = accept4(unix_listener(link)->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && !unix_link_add(link, fd)) {
		link->base.receive_drops++;
		close(fd);
	}
}

static int listener_send(struct mvmp_link *base, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	return unix_link_send(unix_link(base), dst, channel, frame, len);
}

static int listener_receive(struct mvmp_link *base, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	return unix_link_receive(unix_link(base), budget, deliver, ctx, accept_one);
}

static void listener_close(struct mvmp_link *base)
{
	struct unix_listener *listener = unix_listener(unix_link(base));

	unix_link_clear(&listener->link);
	close(listener->fd);
	free(listener);
}

static const struct mvmp_link_ops listener_ops = {
	.send = listener_send,
	.receive = listener_receive,
	.descriptors = unix_link_descriptors,
	.close = listener_close,
};

/* Whether somebody answers at the address; -errno of connect(2) otherwise. */
static int try_connect(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)address, sizeof *address) ? -errno : 0;
	close(fd);
	return rc;
}

/* A socket file that nobody listens on is left from a program that was killed. */
static int clear_path(const struct sockaddr_un *address, struct mvmp_error *err)
{
	int rc = try_connect(address);

	if (rc == 0 || rc == -EAGAIN)
		return mvmp_fail(
			err, MVMP_CONFLICT, "another program listens on %s", address->sun_path);
	if (rc == -ECONNREFUSED && unlink(address->sun_path))
		return mvmp_fail(err, MVMP_PERMISSION, "cannot replace %s: %s", address->sun_path,
			strerror(errno));
	return 0;
}

static int open_socket(const struct sockaddr_un *address, struct mvmp_error *err)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return mvmp_fail(err, MVMP_IO, "cannot make a Unix socket: %s", strerror(errno));
	if (bind(fd, (const struct sockaddr *)address, sizeof *address) ||
		chmod(address->sun_path, 0666) || listen(fd, BACKLOG)) {
		mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot listen on %s: %s", address->sun_path, strerror(errno));
		close(fd);
		return -(int)MVMP_IO;
	}
	return fd;
}

static int watch(struct unix_listener *listener)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = UNIX_CONNECTIONS_MAX};

	return epoll_ctl(listener->link.epoll, EPOLL_CTL_ADD, listener->fd, &event);
}

/* Takes over the listening descriptor; NULL leaves it to the caller. */
static struct unix_listener *listener_new(const char *path, int fd)
{
	struct unix_listener *listener = calloc(1, sizeof *listener);

	if (!listener)
		return NULL;
	listener->fd = fd;
	if (unix_link_init(&listener->link, &listener_ops, path))
		goto fail;
	if (watch(listener))
		goto fail_link;
	return listener;

fail_link:
	unix_link_clear(&listener->link);
fail:
	free(listener);
	return NULL;
}

int mvmp_unix_listen(const char *path, struct mvmp_link **ret, struct mvmp_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct unix_listener *listener;
	int fd, rc;

	if (strlen(path) >= sizeof address.sun_path)
		return mvmp_fail(err, MVMP_INVALID, "socket path %s is longer than %zu characters",
			path, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	rc = clear_path(&address, err);
	if (rc)
		return rc;
	fd = open_socket(&address, err);
	if (fd < 0)
		return fd;
	listener = listener_new(path, fd);
	if (!listener) {
		close(fd);
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot listen on %s: out of memory", path);
	}
	*ret = &listener->link.base;
	return 0;
}
