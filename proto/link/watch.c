/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel answers with the present state: nothing is missed between reading the interface's
 * properties and listening, nor when so much was told that some of it got lost. */
static void ask(int fd, const struct interface *interface)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} question = {
		.head = {.nlmsg_len = sizeof question,
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST},
		.body = {.ifi_family = AF_UNSPEC, .ifi_index = interface->index},
	};

	(void)send(fd, &question, sizeof question, MSG_DONTWAIT);
}

int interface_watch(const struct interface *interface)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address)) {
		close(fd);
		return -1;
	}
	ask(fd, interface);
	return fd;
}

static void take_attribute(
	const struct rtattr *a, struct interface *interface, struct interface_news *news)
{
	unsigned mtu;

	if (a->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(a) == MVMP_MAC_LEN &&
		memcmp(interface->mac, RTA_DATA(a), MVMP_MAC_LEN)) {
		memcpy(interface->mac, RTA_DATA(a), MVMP_MAC_LEN);
		news->mac = true;
	} else if (a->rta_type == IFLA_MTU && RTA_PAYLOAD(a) == sizeof mtu) {
		memcpy(&mtu, RTA_DATA(a), sizeof mtu);
		news->mtu |= mtu != interface->mtu;
		interface->mtu = mtu;
	}
}

/* A bridge tells of its ports in messages of its own family; a port that leaves is not gone. */
static void take_message(
	const struct nlmsghdr *head, struct interface *interface, struct interface_news *news)
{
	const struct ifinfomsg *body = NLMSG_DATA(head);
	const struct rtattr *a = IFLA_RTA(body);
	int left;

	if ((head->nlmsg_type != RTM_NEWLINK && head->nlmsg_type != RTM_DELLINK) ||
		head->nlmsg_len < NLMSG_LENGTH(sizeof *body) || body->ifi_family != AF_UNSPEC ||
		body->ifi_index != interface->index)
		return;
	if (head->nlmsg_type == RTM_DELLINK)
		news->gone = true;
	for (left = (int)IFLA_PAYLOAD(head); RTA_OK(a, left); a = RTA_NEXT(a, left))
		take_attribute(a, interface, news);
}

struct interface_news interface_hear(int fd, struct interface *interface)
{
	_Alignas(struct nlmsghdr) char bytes[16384];
	struct interface_news news = {false};
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)bytes;
		size_t left = n > 0 ? (size_t)n : 0;

		if (n < 0)
			ask(fd, interface);
		while (NLMSG_OK(head, left)) {
			take_message(head, interface, &news);
			if (NLMSG_ALIGN(head->nlmsg_len) >= left)
				break; /* the last one may lack its padding */
			head = NLMSG_NEXT(head, left);
		}
	}
	return news;
}
