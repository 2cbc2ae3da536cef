/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of everything: AF_PACKET, one blocking send and one blocking receive. */
#include "rung.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TYPE = 0x88B5, HEADER = 14 };

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

static void put_header(uint8_t *frame)
{
	memset(frame, 0xff, 6);
	memset(frame + 6, 0x02, 6);
	frame[12] = TYPE >> 8;
	frame[13] = TYPE & 0xff;
}

/* Everything sent on the interface is heard on it too; only what came in counts. */
static int receive(int fd, uint8_t *frame, size_t size)
{
	struct sockaddr_ll from;

	do {
		socklen_t len = sizeof from;

		if (recvfrom(fd, frame, size, 0, (struct sockaddr *)&from, &len) < 0)
			return -1;
	} while (from.sll_pkttype == PACKET_OUTGOING);
	return 0;
}

static void answer(void)
{
	uint8_t frame[HEADER + RUNG_BYTES];
	int fd = open_socket(RUNG_FAR);

	while (fd >= 0 && !receive(fd, frame, sizeof frame)) {
		put_header(frame);
		if (send(fd, frame, sizeof frame, 0) < 0)
			break;
	}
}

static int ask(struct rung_times *times)
{
	uint8_t frame[HEADER + RUNG_BYTES] = {0};
	int fd = open_socket(RUNG_NEAR);

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < times->count; i++) {
		uint64_t start = rung_now();

		put_header(frame);
		if (send(fd, frame, sizeof frame, 0) < 0 || receive(fd, frame, sizeof frame))
			return -1;
		times->ns[i] = rung_now() - start;
	}
	close(fd);
	return 0;
}

const struct rung rung_raw = {.name = "AF_PACKET, blocking", .answer = answer, .ask = ask};
