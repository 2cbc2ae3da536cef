/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIRE_BUFFER = 64 << 20, WIRE_FRAME_MAX = MVMP_FRAME_MAX + 64 };

struct wire {
	int fd;
	uint16_t mtu;
	struct ethernet_rules rules; /* its MAC is that of the sender of the moment */
	uint8_t bytes[WIRE_FRAME_MAX];
};

static int read_mtu(struct wire *wire, const char *interface)
{
	struct ifreq request = {.ifr_mtu = 0};

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
	if (ioctl(wire->fd, SIOCGIFMTU, &request))
		return -errno;
	wire->mtu = request.ifr_mtu < MVMP_FRAME_MAX ? (uint16_t)request.ifr_mtu : MVMP_FRAME_MAX;
	return 0;
}

static int enter(struct wire *wire, const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(MVMP_ETHERTYPE_CONTROL),
		.sll_ifindex = (int)if_nametoindex(interface)};
	struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
	int size = WIRE_BUFFER;

	if (!address.sll_ifindex || wire->fd < 0 ||
		bind(wire->fd, (const struct sockaddr *)&address, sizeof address) ||
		setsockopt(wire->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) ||
		setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
		return -errno;
	return read_mtu(wire, interface);
}

int wire_open(const char *interface, struct wire **ret, struct mvmp_error *err)
{
	struct wire *wire = calloc(1, sizeof *wire);
	int rc;

	if (!wire)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	wire->rules.ethertype[MVMP_CONTROL] = MVMP_ETHERTYPE_CONTROL;
	wire->rules.ethertype[MVMP_STATS] = MVMP_ETHERTYPE_STATS;
	wire->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = enter(wire, interface);
	if (rc) {
		wire_close(wire);
		return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", interface, strerror(-rc));
	}
	*ret = wire;
	return 0;
}

void wire_close(struct wire *wire)
{
	if (!wire)
		return;
	if (wire->fd >= 0)
		close(wire->fd);
	free(wire);
}

int wire_descriptor(const struct wire *wire)
{
	return wire->fd;
}

uint16_t wire_mtu(const struct wire *wire)
{
	return wire->mtu;
}

int wire_send(struct wire *wire, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	uint8_t *bytes;

	memcpy(wire->rules.mac, src, MVMP_MAC_LEN);
	bytes = ethernet_wrap(&wire->rules, dst, channel, frame, &len);
	return send(wire->fd, bytes, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

unsigned wire_receive(struct wire *wire, unsigned budget, wire_deliver *deliver, void *ctx)
{
	struct ethernet_frame frame;
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	unsigned count = 0;
	ssize_t n;

	for (; count < budget; len = sizeof from) {
		n = recvfrom(wire->fd, wire->bytes, sizeof wire->bytes, MSG_DONTWAIT,
			(struct sockaddr *)&from, &len);
		if (n < 0)
			break;
		count++;
		if (from.sll_pkttype == PACKET_OUTGOING || n < ETHERNET_HEADER_LEN)
			continue;
		memcpy(wire->rules.mac, wire->bytes, MVMP_MAC_LEN);
		if (ethernet_unwrap(&frame, &wire->rules, wire->bytes, (size_t)n))
			deliver(ctx, wire->bytes, &frame, wire->mtu);
	}
	return count;
}
