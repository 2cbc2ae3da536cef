/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_text(struct mvmp_writer *w, const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	mvmp_put_u16(w, (uint16_t)len);
	mvmp_put_bytes(w, text, len);
}

void mva_wire_put_error(struct mvmp_writer *w, const struct mvmp_error *err)
{
	mvmp_put_u32(w, err->status);
	put_text(w, err->text, sizeof err->text - 1);
	put_text(w, err->hint, sizeof err->hint - 1);
}

static void get_text(struct mvmp_reader *r, char *to, size_t size)
{
	size_t len = mvmp_get_u16(r);

	if (len >= size)
		r->bad = true;
	else
		mvmp_get_bytes(r, to, len);
	to[r->bad ? 0 : len] = '\0';
}

void mva_wire_get_error(struct mvmp_reader *r, struct mvmp_error *err)
{
	err->status = mvmp_get_u32(r);
	get_text(r, err->text, sizeof err->text);
	get_text(r, err->hint, sizeof err->hint);
}

int mva_wire_send(int socket, const void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec part = {(void *)bytes, len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof control.room;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	}
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t mva_wire_receive(int socket, void *bytes, size_t size, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {bytes, size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room};
	struct cmsghdr *head;
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(head), sizeof *fd);
	if (message.msg_flags & MSG_TRUNC) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return -EMSGSIZE;
	}
	return got;
}
