/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KERNEL_EVENTS = 1 }; /* the group that the kernel itself speaks to */

int generation_watch(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS};
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address)) {
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
	struct sockaddr_nl from;
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
