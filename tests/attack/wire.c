/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t wire_ended;

static const uint8_t own_prefix[3] = {0x02, 0x4d, 0x56};

uint64_t wire_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * MVMP_NS_PER_S + (uint64_t)t.tv_nsec;
}

void wire_mac(uint8_t mac[static MVMP_MAC_LEN], uint32_t n)
{
	memcpy(mac, own_prefix, sizeof own_prefix);
	mac[3] = (uint8_t)(n >> 16);
	mac[4] = (uint8_t)(n >> 8);
	mac[5] = (uint8_t)n;
}

static int packet_socket(const char *interface, int protocol)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons((uint16_t)protocol));

	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof at))
		err(1, "cannot open %s", interface);
	return fd;
}

static void read_mac(struct wire *wire, const char *interface)
{
	struct ifreq request = {0};

	strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
	if (ioctl(wire->out, SIOCGIFHWADDR, &request))
		err(1, "no MAC of %s", interface);
	memcpy(wire->mac, request.ifr_hwaddr.sa_data, MVMP_MAC_LEN);
}

void wire_open(struct wire *wire, const char *interface, uint64_t rate)
{
	struct packet_mreq all = {
		.mr_ifindex = (int)if_nametoindex(interface), .mr_type = PACKET_MR_PROMISC};
	int yes = 1, buffer = 16 << 20;

	*wire = (struct wire){.rate = rate};
	wire->out = packet_socket(interface, 0); /* receives nothing */
	wire->in = packet_socket(interface, ETH_P_ALL);
	setsockopt(wire->out, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
	setsockopt(wire->in, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
	setsockopt(wire->in, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all);
	setsockopt(wire->in, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
	read_mac(wire, interface);
	wire->batch = calloc(WIRE_BATCH, sizeof *wire->batch);
	if (!wire->batch)
		err(1, "no memory");
}

void wire_close(struct wire *wire)
{
	close(wire->out);
	close(wire->in);
	free(wire->batch);
}

static void keep_pace(struct wire *wire)
{
	uint64_t now = wire_now(), due;

	if (!wire->started)
		wire->started = now;
	due = wire->started + (wire->rate ? wire->count * MVMP_NS_PER_S / wire->rate : 0);
	if (due > now)
		nanosleep(&(struct timespec){.tv_sec = (time_t)((due - now) / MVMP_NS_PER_S),
				  .tv_nsec = (long)((due - now) % MVMP_NS_PER_S)},
			NULL);
}

void wire_flush(struct wire *wire)
{
	struct mmsghdr message[WIRE_BATCH] = {0};
	struct iovec part[WIRE_BATCH];
	unsigned done = 0;

	for (unsigned i = 0; i < wire->queued; i++) {
		part[i] = (struct iovec){.iov_base = wire->batch[i], .iov_len = wire->len[i]};
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	keep_pace(wire);
	while (done < wire->queued) {
		int n = sendmmsg(wire->out, message + done, wire->queued - done, 0);

		if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			err(1, "cannot send");
		done += n > 0 ? (unsigned)n : 0;
	}
	wire->count += wire->queued;
	wire->queued = 0;
}

void wire_send(struct wire *wire, const uint8_t dst[static MVMP_MAC_LEN],
	const uint8_t src[static MVMP_MAC_LEN], uint16_t ethertype, const void *bytes, size_t len)
{
	uint8_t *frame = wire->batch[wire->queued];

	if (len > WIRE_FRAME_MAX - WIRE_HEADER_LEN)
		errx(1, "a frame of %zu bytes", len);
	memcpy(frame, dst, MVMP_MAC_LEN);
	memcpy(frame + MVMP_MAC_LEN, src, MVMP_MAC_LEN);
	frame[12] = (uint8_t)(ethertype >> 8);
	frame[13] = (uint8_t)ethertype;
	memcpy(frame + WIRE_HEADER_LEN, bytes, len);
	wire->len[wire->queued++] = WIRE_HEADER_LEN + len;
	tally_add(&wire->sent, len ? frame[WIRE_HEADER_LEN] & 15 : 0, WIRE_HEADER_LEN + len);
	if (wire->queued == WIRE_BATCH)
		wire_flush(wire);
}

static bool is_ours(const struct wire *wire, const uint8_t *mac)
{
	return !memcmp(mac, own_prefix, sizeof own_prefix) ||
	       !memcmp(mac, wire->mac, MVMP_MAC_LEN) || !memcmp(mac, wire->also, MVMP_MAC_LEN);
}

static bool is_mvmp(uint16_t ethertype)
{
	return ethertype == MVMP_ETHERTYPE_CONTROL || ethertype == MVMP_ETHERTYPE_STATS;
}

bool wire_receive(struct wire *wire, struct wire_frame *frame, uint64_t until)
{
	for (;;) {
		uint64_t now = wire_now();
		struct pollfd in = {.fd = wire->in, .events = POLLIN};
		struct timespec left = {0};
		ssize_t len = recv(wire->in, wire->incoming, sizeof wire->incoming, MSG_DONTWAIT);
		const uint8_t *at = wire->incoming;

		if (len < WIRE_HEADER_LEN && (now >= until || wire_ended))
			return false;
		if (len < WIRE_HEADER_LEN) {
			left.tv_sec = (time_t)((until - now) / MVMP_NS_PER_S);
			left.tv_nsec = (long)((until - now) % MVMP_NS_PER_S);
			ppoll(&in, 1, &left, NULL);
			continue;
		}
		*frame = (struct wire_frame){.dst = at,
			.src = at + MVMP_MAC_LEN,
			.ethertype = (uint16_t)(at[12] << 8 | at[13]),
			.bytes = at + WIRE_HEADER_LEN,
			.len = (size_t)len - WIRE_HEADER_LEN};
		if (!is_mvmp(frame->ethertype) || !frame->len)
			continue;
		if (is_ours(wire, frame->dst))
			tally_add(&wire->got, frame->bytes[0] & 15, (size_t)len);
		return true;
	}
}

void wire_listen(struct wire *wire, uint64_t ms)
{
	uint64_t until = wire_now() + ms * MVMP_NS_PER_MS;
	struct wire_frame frame;

	while (wire_receive(wire, &frame, until))
		;
}

double wire_rate(const struct wire *wire)
{
	uint64_t ns = wire_now() - wire->started;

	return wire->started && ns ? (double)wire->count * 1e9 / (double)ns : 0;
}
