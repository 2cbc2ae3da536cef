/* SPDX-License-Identifier: Apache-2.0 */
#include "unix_link.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_PER_WAIT = 32 };

int unix_link_init(struct unix_link *link, const struct mvmp_link_ops *ops, const char *name)
{
	link->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (link->epoll < 0)
		return -errno;
	for (unsigned i = 0; i < UNIX_CONNECTIONS_MAX; i++)
		link->connection[i].fd = -1;
	link->base.ops = ops;
	link->base.mtu = MVMP_FRAME_MAX;
	link->base.mac[0] = 0x02;
	link->base.mac[1] = 0x55;
	snprintf(link->base.name, sizeof link->base.name, "unix:%s", name);
	return 0;
}

void unix_link_clear(struct unix_link *link)
{
	for (unsigned i = 0; i < UNIX_CONNECTIONS_MAX; i++) {
		if (link->connection[i].fd >= 0)
			close(link->connection[i].fd);
	}
	close(link->epoll);
}

static uid_t peer_user(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof peer;

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.uid;
}

static struct unix_connection *free_slot(struct unix_link *link, uid_t user)
{
	struct unix_connection *slot = NULL;
	unsigned same_user = 0, available = 0;

	for (unsigned i = 0; i < UNIX_CONNECTIONS_MAX; i++) {
		struct unix_connection *connection = &link->connection[i];

		if (connection->fd < 0) {
			slot = slot ? slot : connection;
			available++;
		} else if (connection->user == user) {
			same_user++;
		}
	}
	if (user && (same_user >= UNIX_CONNECTIONS_PER_USER || available <= UNIX_CONNECTIONS_ROOT))
		return NULL;
	return slot;
}

struct unix_connection *unix_link_add(struct unix_link *link, int fd)
{
	uid_t user = peer_user(fd);
	struct unix_connection *connection = free_slot(link, user);
	struct epoll_event event = {.events = EPOLLIN};

	if (!connection)
		return NULL;
	event.data.u32 = (uint32_t)(connection - link->connection);
	if (epoll_ctl(link->epoll, EPOLL_CTL_ADD, fd, &event))
		return NULL;
	connection->fd = fd;
	connection->user = user;
	if (++connection->generation == 0) /* all zeros is this side's own address */
		connection->generation = 1;
	return connection;
}

void unix_link_drop(struct unix_link *link, struct unix_connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	connection->name[0] = '\0';
}

static void address_of(uint8_t mac[static MVMP_MAC_LEN], const struct unix_link *link,
	const struct unix_connection *connection)
{
	unsigned slot = (unsigned)(connection - link->connection);

	memcpy(mac, link->base.mac, 2);
	mac[2] = (uint8_t)(connection->generation >> 8);
	mac[3] = (uint8_t)connection->generation;
	mac[4] = (uint8_t)(slot >> 8);
	mac[5] = (uint8_t)slot;
}

static struct unix_connection *by_address(
	struct unix_link *link, const uint8_t mac[static MVMP_MAC_LEN])
{
	unsigned slot = (unsigned)mac[4] << 8 | mac[5];
	unsigned generation = (unsigned)mac[2] << 8 | mac[3];
	struct unix_connection *connection = &link->connection[slot % UNIX_CONNECTIONS_MAX];

	if (slot >= UNIX_CONNECTIONS_MAX || connection->fd < 0 ||
		connection->generation != generation)
		return NULL;
	return connection;
}

static int send_one(struct unix_link *link, struct unix_connection *connection,
	const uint8_t *packet, size_t len)
{
	if (send(connection->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len) {
		link->base.sent++;
		return 0;
	}
	link->base.send_errors++;
	if (errno == EAGAIN || errno == ENOBUFS)
		return -EAGAIN;
	unix_link_drop(link, connection);
	return -ENOTCONN;
}

int unix_link_send(struct unix_link *link, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	uint8_t *packet = frame - 1;
	struct unix_connection *connection;

	packet[0] = (uint8_t)channel;
	if (dst[0] & 1) {
		for (unsigned i = 0; i < UNIX_CONNECTIONS_MAX; i++) {
			if (link->connection[i].fd >= 0)
				(void)send_one(link, &link->connection[i], packet, len + 1);
		}
		return 0;
	}
	connection = by_address(link, dst);
	return connection ? send_one(link, connection, packet, len + 1) : -ENOTCONN;
}

/* Receives what one connection has; returns frames delivered. */
static unsigned receive_one(struct unix_link *link, struct unix_connection *connection,
	unsigned budget, mvmp_link_deliver *deliver, void *ctx)
{
	uint16_t generation = connection->generation;
	uint8_t src[MVMP_MAC_LEN];
	unsigned count = 0;

	address_of(src, link, connection);
	/* Delivering may end the connection, and give its slot to another. */
	while (count < budget && connection->fd >= 0 && connection->generation == generation) {
		ssize_t n = recv(connection->fd, link->buffer, sizeof link->buffer,
			MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			unix_link_drop(link, connection);
			break;
		}
		count++;
		if (n < 2 || (size_t)n > sizeof link->buffer || link->buffer[0] > MVMP_STATS) {
			link->base.receive_drops++;
			continue;
		}
		link->base.received++;
		deliver(ctx, src, (enum mvmp_channel)link->buffer[0], link->buffer + 1,
			(size_t)n - 1);
	}
	return count;
}

int unix_link_receive(struct unix_link *link, unsigned budget, mvmp_link_deliver *deliver,
	void *ctx, void (*accept_one)(struct unix_link *link))
{
	struct epoll_event event[EVENTS_PER_WAIT];
	int n = epoll_wait(link->epoll, event, EVENTS_PER_WAIT, 0);
	/* epoll tells of those that were not served in the same order again: without a share for
	 * each of them the first one could keep the others out. */
	unsigned share = n > 0 && budget > (unsigned)n ? budget / (unsigned)n : 1;
	unsigned count = 0;

	for (int i = 0; i < n; i++) {
		unsigned slot = event[i].data.u32;

		if (slot == UNIX_CONNECTIONS_MAX)
			accept_one(link);
		else if (link->connection[slot].fd >= 0)
			count += receive_one(link, &link->connection[slot], share, deliver, ctx);
	}
	return (int)count;
}

unsigned unix_link_descriptors(const struct mvmp_link *base, int fd[static 4])
{
	fd[0] = unix_link(base)->epoll;
	return 1;
}
