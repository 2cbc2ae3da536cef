/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KERNEL_EVENTS = 1 }; /* the group that the kernel itself speaks to */

/* Devices of guests that come and go would fill the buffer and push out the one event that counts,
 * which is none of "add@..." or "remove@...". Words of packets are compared in network order. */
static int take_changes_only(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6368616e, 0, 1), /* "chan" */
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int generation_watch(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS};
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (take_changes_only(fd) || bind(fd, (const struct sockaddr *)&address, sizeof address)) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

bool generation_event_is_new(const char *event, size_t len)
{
	static const char wanted[] = "NEW_VMGENID=1";
	const char *end = event + len, *nul;

	for (; event < end; event = nul + 1) {
		nul = memchr(event, '\0', (size_t)(end - event));
		if (!nul)
			return false;
		if ((size_t)(nul - event) == sizeof wanted - 1 &&
			!memcmp(event, wanted, sizeof wanted))
			return true;
	}
	return false;
}

bool generation_changed(int fd)
{
	char event[4096];
	bool changed = false;
	struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
	socklen_t from_len = sizeof from;
	ssize_t n;

	while ((n = recvfrom(fd, event, sizeof event, MSG_DONTWAIT, (struct sockaddr *)&from,
			&from_len)) > 0 ||
		errno == ENOBUFS) {
		/* Only the kernel has port 0; other programs may write to the group, too. */
		if (n > 0 && from_len == sizeof from && from.nl_pid == 0)
			changed |= generation_event_is_new(event, (size_t)n);
		from_len = sizeof from;
		errno = 0;
	}
	return changed;
}
