/* SPDX-License-Identifier: Apache-2.0 */
/* What a protocol over IP would begin with, blocking: UDP, TCP with the connection kept, and TCP
 * with a connection for each request. */
#include "rung.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7000 };

static struct sockaddr_in far_address(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, RUNG_FAR_IP, &address.sin_addr);
	return address;
}

static int listening(int type)
{
	struct sockaddr_in address = far_address();
	int fd = socket(AF_INET, type, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) ||
		(type == SOCK_STREAM && listen(fd, 16))) {
		perror(RUNG_FAR_IP);
		return -1;
	}
	return fd;
}

static int connected(int type)
{
	struct sockaddr_in address = far_address();
	int fd = socket(AF_INET, type, 0), on = 1;

	if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
		perror(RUNG_FAR_IP);
		close(fd);
		return -1;
	}
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void answer_udp(struct rung_channel *told)
{
	uint8_t bytes[RUNG_BYTES];
	struct sockaddr_in from;
	int fd = listening(SOCK_DGRAM);

	for (;;) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &len);

		if (n < 0 || sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
			break;
	}
}

/* Answers what comes over each connection until its other end closes it. */
static void answer_tcp(struct rung_channel *told)
{
	uint8_t bytes[RUNG_BYTES];
	int all = listening(SOCK_STREAM), fd, on = 1;

	while ((fd = accept(all, NULL, NULL)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		while (recv(fd, bytes, sizeof bytes, MSG_WAITALL) == RUNG_BYTES &&
			send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) == RUNG_BYTES)
			;
		close(fd);
	}
}

static int ping(int fd)
{
	uint8_t bytes[RUNG_BYTES] = {0};

	if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0)
		return -1;
	return recv(fd, bytes, sizeof bytes, MSG_WAITALL) == RUNG_BYTES ? 0 : -1;
}

static int ask_over(struct rung_times *times, int type)
{
	int fd = connected(type), rc = fd < 0 ? -1 : 0;

	for (size_t i = 0; !rc && i < times->count; i++) {
		uint64_t start = rung_now();

		rc = ping(fd);
		times->ns[i] = rung_now() - start;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int ask_udp(struct rung_times *times)
{
	return ask_over(times, SOCK_DGRAM);
}

static int ask_tcp(struct rung_times *times)
{
	return ask_over(times, SOCK_STREAM);
}

/* Closed by a reset: 28,000 ports that wait for a minute each would soon be all there are. */
static int ask_connect(struct rung_times *times)
{
	struct linger reset = {.l_onoff = 1};
	int rc = 0;

	for (size_t i = 0; !rc && i < times->count; i++) {
		uint64_t start = rung_now();
		int fd = connected(SOCK_STREAM);

		if (fd < 0)
			return -1;
		rc = ping(fd);
		times->ns[i] = rung_now() - start;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	return rc;
}

const struct rung rung_udp = {"udp", "UDP", answer_udp, ask_udp, .inet = true};
const struct rung rung_tcp = {"tcp", "TCP, connection kept", answer_tcp, ask_tcp, .inet = true};
const struct rung rung_connect = {"connect", "TCP, a connection for each", answer_tcp, ask_connect,
	.inet = true, .slow = true};
