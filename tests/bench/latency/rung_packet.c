/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET without libpcap: the floor of everything, and what waiting by epoll and by libev adds
 * to it. */
#include "rung.h"
#include <arpa/inet.h>
#include <ev.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TYPE = 0x88B5, HEADER = 14 };

enum waiting { BLOCKING, EPOLL, LIBEV };

struct end {
	int fd, epoll;
	struct ev_loop *loop;
	struct ev_io io;
	enum waiting waiting;
	uint8_t frame[HEADER + RUNG_BYTES];
};

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE),
		.sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address)) {
		perror(interface);
		return -1;
	}
	return fd;
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
}

static int open_end(struct end *end, const char *interface, enum waiting waiting)
{
	struct epoll_event event = {.events = EPOLLIN};

	*end = (struct end){.fd = open_socket(interface), .waiting = waiting};
	if (end->fd < 0)
		return -1;
	if (waiting == EPOLL) {
		end->epoll = epoll_create1(0);
		return epoll_ctl(end->epoll, EPOLL_CTL_ADD, end->fd, &event);
	}
	if (waiting == LIBEV) {
		end->loop = ev_loop_new(0);
		ev_io_init(&end->io, on_readable, end->fd, EV_READ);
		ev_io_start(end->loop, &end->io);
	}
	return 0;
}

static void close_end(struct end *end)
{
	close(end->fd);
	if (end->waiting == EPOLL)
		close(end->epoll);
	if (end->waiting == LIBEV)
		ev_loop_destroy(end->loop);
}

static void wait_readable(struct end *end)
{
	struct epoll_event event;

	if (end->waiting == EPOLL)
		epoll_wait(end->epoll, &event, 1, -1);
	else if (end->waiting == LIBEV)
		ev_run(end->loop, EVRUN_ONCE);
}

static int transmit(struct end *end)
{
	memset(end->frame, 0xff, 6);
	memset(end->frame + 6, 0x02, 6);
	end->frame[12] = TYPE >> 8;
	end->frame[13] = TYPE & 0xff;
	return send(end->fd, end->frame, sizeof end->frame, 0) < 0 ? -1 : 0;
}

/* Everything sent on the interface is heard on it too; only what came in counts. */
static int receive(struct end *end)
{
	struct sockaddr_ll from;

	do {
		socklen_t len = sizeof from;

		wait_readable(end);
		if (recvfrom(end->fd, end->frame, sizeof end->frame, 0, (struct sockaddr *)&from,
			    &len) < 0)
			return -1;
	} while (from.sll_pkttype == PACKET_OUTGOING);
	return 0;
}

static void answer(enum waiting waiting)
{
	struct end end;

	if (open_end(&end, RUNG_FAR, waiting))
		return;
	while (!receive(&end) && !transmit(&end))
		;
}

static int ask(struct rung_times *times, enum waiting waiting)
{
	struct end end;
	int rc = open_end(&end, RUNG_NEAR, waiting);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < times->count; i++) {
		uint64_t start = rung_now();

		rc = transmit(&end) || receive(&end) ? -1 : 0;
		times->ns[i] = rung_now() - start;
	}
	close_end(&end);
	return rc;
}

static void answer_blocking(struct rung_channel *told)
{
	answer(BLOCKING);
}

static int ask_blocking(struct rung_times *times)
{
	return ask(times, BLOCKING);
}

static void answer_epoll(struct rung_channel *told)
{
	answer(EPOLL);
}

static int ask_epoll(struct rung_times *times)
{
	return ask(times, EPOLL);
}

static void answer_libev(struct rung_channel *told)
{
	answer(LIBEV);
}

static int ask_libev(struct rung_times *times)
{
	return ask(times, LIBEV);
}

const struct rung rung_blocking = {"packet", "AF_PACKET, blocking", answer_blocking, ask_blocking};
const struct rung rung_epoll = {"epoll", "AF_PACKET + epoll", answer_epoll, ask_epoll};
const struct rung rung_libev = {"libev", "AF_PACKET + libev", answer_libev, ask_libev};
