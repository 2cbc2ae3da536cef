/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet interface through a packet socket without a ring, for programs that end soon. Making
 * libpcap's ring waits for the kernel's other cores, 7 to 16 ms, and closing it again (packet(7),
 * docs/performance.md): longer than everything else that a command does.
 */
#include "container.h"
#include "filter.h"
#include "interface.h"
#include "watch.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 4 << 20, /* as far as the system allows */
	WIRE_MAX = MVMP_FRAME_MAX + ETHERNET_HEADER_LEN + ETHERNET_TAG_LEN,
	TAG_AT = 2 * MVMP_MAC_LEN,
};

struct plain_link {
	struct mvmp_link base;
	struct ethernet_rules rules;
	struct interface interface;
	int fd, watch;
	uint8_t wire[ETHERNET_TAG_LEN + WIRE_MAX]; /* room for a tag that the kernel took out */
};

static struct plain_link *plain_link(const struct mvmp_link *base)
{
	return container_of(base, struct plain_link, base);
}

static int link_send(struct mvmp_link *base, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	struct plain_link *link = plain_link(base);
	uint8_t *wire;

	if (len > base->mtu)
		return -EMSGSIZE;
	wire = ethernet_wrap(&link->rules, dst, channel, frame, &len);
	if (send(link->fd, wire, len, MSG_DONTWAIT) < 0) {
		base->send_errors++;
		return errno == ENOBUFS || errno == EAGAIN ? -EAGAIN : -ENETDOWN;
	}
	base->sent++;
	return 0;
}

/* The tag stands beside the frame: puts it back to where it was on the wire. */
static const uint8_t *restore_tag(
	struct plain_link *link, const struct msghdr *message, size_t *len)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(message);
	uint8_t *wire = link->wire + ETHERNET_TAG_LEN;
	struct tpacket_auxdata aux;

	if (!control || control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA ||
		control->cmsg_len < CMSG_LEN(sizeof aux))
		return wire;
	memcpy(&aux, CMSG_DATA(control), sizeof aux);
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return wire;
	memmove(link->wire, wire, TAG_AT);
	link->wire[TAG_AT] = 0x81;
	link->wire[TAG_AT + 1] = 0x00;
	link->wire[TAG_AT + 2] = (uint8_t)(aux.tp_vlan_tci >> 8);
	link->wire[TAG_AT + 3] = (uint8_t)aux.tp_vlan_tci;
	*len += ETHERNET_TAG_LEN;
	return link->wire;
}

/* One frame; 0 when none waits. That the interface went down is told once, and no end: it may come
 * up again, and the watch tells when it is gone. */
static int take_frame(struct plain_link *link, mvmp_link_deliver *deliver, void *ctx)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec part = {link->wire + ETHERNET_TAG_LEN, WIRE_MAX};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	ssize_t n = recvmsg(link->fd, &message, MSG_DONTWAIT);
	struct ethernet_frame frame;
	const uint8_t *wire;
	size_t len = n > 0 ? (size_t)n : 0;

	if (n < 0)
		return errno == ENETDOWN || errno == EINTR;
	wire = restore_tag(link, &message, &len);
	if (!ethernet_unwrap(&frame, &link->rules, wire, len))
		return 1;
	link->base.received++;
	deliver(ctx, frame.src, frame.channel, frame.payload, frame.len);
	return 1;
}

static void set_mtu(struct plain_link *link)
{
	unsigned mtu = link->interface.mtu;

	mtu = mtu < MVMP_FRAME_MAX ? mtu : MVMP_FRAME_MAX;
	link->base.mtu = mtu < MVMP_MTU_MIN ? MVMP_MTU_MIN : (uint16_t)mtu;
}

/* As link_descriptors() lists them: frames, then what happens to the interface. */
static int link_receive(struct mvmp_link *base, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	struct plain_link *link = plain_link(base);
	struct interface_news news = {false};
	unsigned count = 0;

	while (ready & 1 && count < budget && take_frame(link, deliver, ctx))
		count++;
	if (ready & 2 && link->watch >= 0)
		news = interface_hear(link->watch, &link->interface);
	if (news.gone || news.mac)
		return -ENETDOWN;
	if (news.mtu)
		set_mtu(link);
	return (int)count;
}

static unsigned link_descriptors(const struct mvmp_link *base, int fd[static 4])
{
	struct plain_link *link = plain_link(base);

	fd[0] = link->fd;
	fd[1] = link->watch;
	return link->watch >= 0 ? 2 : 1;
}

/* The kernel begins anew at each reading. */
static void link_count(struct mvmp_link *base)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof stats;

	if (getsockopt(plain_link(base)->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		return;
	base->ring_drops.session += stats.tp_drops;
	base->receive_drops = base->ring_drops.session;
}

static void link_close(struct mvmp_link *base)
{
	struct plain_link *link = plain_link(base);

	if (link->fd >= 0)
		close(link->fd);
	if (link->watch >= 0)
		close(link->watch);
	free(link);
}

static const struct mvmp_link_ops plain_link_ops = {
	.send = link_send,
	.receive = link_receive,
	.descriptors = link_descriptors,
	.count = link_count,
	.close = link_close,
};

/* libpcap's compiler, and the kernel's filter: their programs are the same (bpf(4)). */
static int set_filter(struct plain_link *link)
{
	pcap_t *compiler = pcap_open_dead(DLT_EN10MB, WIRE_MAX);
	struct bpf_program program;
	struct sock_fprog filter;
	char text[FILTER_TEXT_SIZE];
	int rc = -ENOMEM;

	if (!compiler)
		return rc;
	filter_text(text, &link->rules, FILTER_SESSION);
	if (!pcap_compile(compiler, &program, text, 1, PCAP_NETMASK_UNKNOWN)) {
		filter.len = (unsigned short)program.bf_len;
		filter.filter = (struct sock_filter *)(void *)program.bf_insns;
		rc = setsockopt(link->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter)
			     ? -errno
			     : 0;
		pcap_freecode(&program);
	}
	pcap_close(compiler);
	return rc;
}

static void set_options(struct plain_link *link)
{
	int bytes = BUFFER_BYTES, yes = 1;

	if (setsockopt(link->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes))
		(void)setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	/* A kernel before 4.20 copies what we send; it is refused further up. */
	(void)setsockopt(link->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
}

/* Bound last, and only once: a socket that already hears something waits for other cores. */
static int open_socket(struct plain_link *link, struct mvmp_error *err)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = link->interface.index};
	const char *name = link->interface.name;
	int yes = 1, rc;

	link->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0 && (errno == EPERM || errno == EACCES))
		return mvmp_fail(err, MVMP_PERMISSION,
			"cannot open %s: raw frames need CAP_NET_RAW, this process has none", name);
	if (link->fd < 0)
		return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", name, strerror(errno));
	set_options(link);
	rc = set_filter(link);
	if (!rc && (setsockopt(link->fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) ||
			   bind(link->fd, (const struct sockaddr *)&address, sizeof address)))
		rc = -errno;
	if (rc)
		return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", name, strerror(-rc));
	return interface_join(link->fd, &link->interface, mvmp_group, err);
}

int mvmp_plain_open(
	const struct mvmp_pcap_options *options, struct mvmp_link **ret, struct mvmp_error *err)
{
	struct plain_link *link = calloc(1, sizeof *link);
	char name[16];
	int rc;

	if (!link)
		return mvmp_fail(
			err, MVMP_NO_MEMORY, "cannot open %s: out of memory", options->interface);
	link->fd = link->watch = -1;
	ethernet_set_types(&link->rules, options);
	rc = ethernet_parse_interface(name, &link->rules, options->interface, err);
	if (!rc)
		rc = interface_read(&link->interface, name, err);
	if (!rc) {
		memcpy(link->rules.mac, link->interface.mac, MVMP_MAC_LEN);
		rc = open_socket(link, err);
	}
	if (rc) {
		link_close(&link->base);
		return rc;
	}
	link->base.ops = &plain_link_ops;
	link->base.has_macs = true;
	snprintf(link->base.name, sizeof link->base.name, "%s", options->interface);
	memcpy(link->base.mac, link->interface.mac, MVMP_MAC_LEN);
	set_mtu(link);
	link->watch = interface_watch(&link->interface);
	*ret = &link->base;
	return 0;
}
