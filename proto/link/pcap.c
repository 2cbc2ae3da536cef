/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet interface through libpcap: an immediate-mode handle for control, because
 * libpcap's default mode holds frames back until its timeout, and a batched one for stats,
 * because a wake-up for each frame costs ten times the work (docs/performance.md).
 */
#include "container.h"
#include "ethernet.h"
#include "interface.h"
#include "watch.h"
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONTROL_RING_BYTES = 1 << 20,
	STATS_RING_BYTES = 8 << 20,
	STATS_BATCH_MS = 10,
	DROPS_EVERY = 64, /* receives */
};

struct pcap_link {
	struct mvmp_link base;
	struct ethernet_rules rules;
	pcap_t *handle[2]; /* by enum mvmp_channel; stats may be NULL */
	unsigned receives;
	int membership; /* packet socket that keeps the NIC listening to mvmp_group */
	int watch;	/* tells of the interface's changes; -1: none */
	struct interface interface;
	uint16_t mtu_opened; /* the rings hold no longer frames */
};

struct delivery {
	struct pcap_link *link;
	mvmp_link_deliver *deliver;
	void *ctx;
	unsigned count;
};

static struct pcap_link *pcap_link(const struct mvmp_link *base)
{
	return container_of(base, struct pcap_link, base);
}

static void set_mtu(struct pcap_link *link)
{
	unsigned mtu = link->interface.mtu;

	if (mtu > link->mtu_opened)
		mtu = link->mtu_opened;
	link->base.mtu = mtu < MVMP_MTU_MIN ? MVMP_MTU_MIN : (uint16_t)mtu;
}

static int link_send(struct mvmp_link *base, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	struct pcap_link *link = pcap_link(base);
	uint8_t *wire;

	if (len > base->mtu)
		return -EMSGSIZE;
	wire = ethernet_wrap(&link->rules, dst, channel, frame, &len);
	if (pcap_inject(link->handle[MVMP_CONTROL], wire, len) < 0) {
		base->send_errors++;
		return errno == ENOBUFS || errno == EAGAIN ? -EAGAIN : -ENETDOWN;
	}
	base->sent++;
	return 0;
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *wire)
{
	struct delivery *delivery = (struct delivery *)(void *)user;
	struct ethernet_frame frame;

	delivery->count++;
	if (!ethernet_unwrap(&frame, &delivery->link->rules, wire, header->caplen))
		return;
	delivery->link->base.received++;
	delivery->deliver(delivery->ctx, frame.src, frame.channel, frame.payload, frame.len);
}

/* What the rings had no room for, as libpcap sums it up. A system call, so only now and then. */
static void note_drops(struct pcap_link *link)
{
	struct pcap_stat stat;
	uint64_t drops = 0;

	for (unsigned channel = 0; channel < 2; channel++) {
		if (link->handle[channel] && !pcap_stats(link->handle[channel], &stat))
			drops += stat.ps_drop;
	}
	link->base.receive_drops = drops;
}

/* An interface that goes down and comes up goes on by itself; of one that has another name now
 * libpcap says that it disappeared. One with another MAC must be opened anew: peers would not know
 * it, nor the filters. */
static int hear(struct pcap_link *link)
{
	struct interface_news news = interface_hear(link->watch, &link->interface);

	if (news.gone || news.mac)
		return -ENETDOWN;
	if (news.mtu)
		set_mtu(link);
	return 0;
}

static int link_receive(
	struct mvmp_link *base, unsigned budget, mvmp_link_deliver *deliver, void *ctx)
{
	struct delivery delivery = {.link = pcap_link(base), .deliver = deliver, .ctx = ctx};

	for (unsigned channel = 0; channel < 2; channel++) {
		pcap_t *handle = delivery.link->handle[channel];

		if (handle &&
			pcap_dispatch(handle, (int)budget, on_packet, (u_char *)&delivery) < 0)
			return -ENETDOWN;
	}
	if (++delivery.link->receives % DROPS_EVERY == 0)
		note_drops(delivery.link);
	/* Whoever woke us for no frame may be the watch. */
	if (!delivery.count && delivery.link->watch >= 0 && hear(delivery.link))
		return -ENETDOWN;
	return (int)delivery.count;
}

static unsigned link_descriptors(const struct mvmp_link *base, int fd[static 4])
{
	struct pcap_link *link = pcap_link(base);
	unsigned n = 0;

	for (unsigned channel = 0; channel < 2; channel++) {
		if (link->handle[channel])
			fd[n++] = pcap_get_selectable_fd(link->handle[channel]);
	}
	if (link->watch >= 0)
		fd[n++] = link->watch;
	return n;
}

static void link_close(struct mvmp_link *base)
{
	struct pcap_link *link = pcap_link(base);

	for (unsigned channel = 0; channel < 2; channel++) {
		if (link->handle[channel])
			pcap_close(link->handle[channel]);
	}
	if (link->membership >= 0)
		close(link->membership);
	if (link->watch >= 0)
		close(link->watch);
	free(link);
}

static const struct mvmp_link_ops pcap_link_ops = {
	.send = link_send,
	.receive = link_receive,
	.descriptors = link_descriptors,
	.close = link_close,
};

static int open_failed(struct mvmp_error *err, const char *interface, int code, pcap_t *handle)
{
	if (code == PCAP_ERROR_PERM_DENIED) {
		mvmp_fail(err, MVMP_PERMISSION,
			"cannot open %s: raw frames need CAP_NET_RAW, this process has none",
			interface);
		return -MVMP_PERMISSION;
	}
	return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", interface,
		code == PCAP_ERROR ? pcap_geterr(handle) : pcap_statustostr(code));
}

/*
 * In words: our EtherType, with or without an 802.1Q tag, to our MAC or the group, not from us.
 * ("vlan" shifts all offsets after it, so it stands last.)
 */
static void filter_text(
	char *to, size_t size, const struct ethernet_rules *rules, enum mvmp_channel channel)
{
	char mac[18], group[18];
	unsigned type = rules->ethertype[channel];
	const uint8_t *m = rules->mac, *g = mvmp_group;

	snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		m[5]);
	snprintf(group, sizeof group, "%02x:%02x:%02x:%02x:%02x:%02x", g[0], g[1], g[2], g[3], g[4],
		g[5]);
	snprintf(to, size,
		"(ether dst %s or ether dst %s) and not ether src %s and "
		"(ether proto 0x%04x or (vlan and ether proto 0x%04x))",
		mac, group, mac, type, type);
}

static int set_filter(pcap_t *handle, const char *text)
{
	struct bpf_program program;
	int rc;

	if (pcap_compile(handle, &program, text, 1, PCAP_NETMASK_UNKNOWN))
		return PCAP_ERROR;
	rc = pcap_setfilter(handle, &program);
	pcap_freecode(&program);
	return rc ? PCAP_ERROR : 0;
}

/* In immediate mode every place of the ring has room for the longest frame: one that is made for
 * this MTU holds six times as many frames at 1500 as one made for jumbo frames. */
static int activate(pcap_t *handle, enum mvmp_channel channel, uint16_t mtu)
{
	int rc;

	pcap_set_snaplen(handle, mtu + ETHERNET_HEADER_LEN + ETHERNET_TAG_LEN);
	pcap_set_promisc(handle, 0);
	pcap_set_immediate_mode(handle, channel == MVMP_CONTROL);
	pcap_set_timeout(handle, STATS_BATCH_MS);
	pcap_set_buffer_size(
		handle, channel == MVMP_CONTROL ? CONTROL_RING_BYTES : STATS_RING_BYTES);
	rc = pcap_activate(handle);
	return rc < 0 ? rc : 0;
}

static int open_handle(struct pcap_link *link, const char *interface, enum mvmp_channel channel,
	struct mvmp_error *err)
{
	char errbuf[PCAP_ERRBUF_SIZE], filter[256];
	pcap_t *handle = pcap_create(interface, errbuf);
	int rc;

	if (!handle)
		return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", interface, errbuf);
	filter_text(filter, sizeof filter, &link->rules, channel);
	rc = activate(handle, channel, link->base.mtu);
	if (!rc)
		rc = set_filter(handle, filter);
	if (!rc)
		rc = pcap_setdirection(handle, PCAP_D_IN) ? PCAP_ERROR : 0;
	if (!rc)
		rc = pcap_setnonblock(handle, 1, errbuf) ? PCAP_ERROR : 0;
	if (rc) {
		rc = open_failed(err, interface, rc, handle);
		pcap_close(handle);
		return rc;
	}
	link->handle[channel] = handle;
	return 0;
}

static void set_rules(struct ethernet_rules *rules, const struct mvmp_pcap_options *options)
{
	*rules = (struct ethernet_rules){0};
	rules->ethertype[MVMP_CONTROL] =
		options->ethertype_control ? options->ethertype_control : MVMP_ETHERTYPE_CONTROL;
	rules->ethertype[MVMP_STATS] =
		options->ethertype_stats ? options->ethertype_stats : MVMP_ETHERTYPE_STATS;
}

static void set_base(struct mvmp_link *base, const char *text, const struct interface *interface)
{
	base->ops = &pcap_link_ops;
	snprintf(base->name, sizeof base->name, "%s", text);
	memcpy(base->mac, interface->mac, MVMP_MAC_LEN);
	base->mtu = interface->mtu < MVMP_FRAME_MAX ? (uint16_t)interface->mtu : MVMP_FRAME_MAX;
	base->has_macs = true;
}

int mvmp_pcap_open(
	const struct mvmp_pcap_options *options, struct mvmp_link **ret, struct mvmp_error *err)
{
	struct pcap_link *link;
	struct interface interface;
	struct ethernet_rules rules;
	char name[16];
	int rc;

	set_rules(&rules, options);
	rc = ethernet_parse_interface(name, &rules, options->interface, err);
	if (!rc)
		rc = interface_read(&interface, name, err);
	if (rc)
		return rc;
	link = calloc(1, sizeof *link);
	if (!link)
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot open %s: out of memory", name);
	link->membership = link->watch = -1;
	link->interface = interface;
	set_base(&link->base, options->interface, &interface);
	link->mtu_opened = link->base.mtu;
	link->rules = rules;
	memcpy(link->rules.mac, link->base.mac, MVMP_MAC_LEN);
	rc = open_handle(link, name, MVMP_CONTROL, err);
	if (!rc && options->listen_stats)
		rc = open_handle(link, name, MVMP_STATS, err);
	if (!rc)
		rc = interface_join(&link->membership, &interface, mvmp_group, err);
	if (rc) {
		link_close(&link->base);
		return rc;
	}
	link->watch = interface_watch(&interface);
	*ret = &link->base;
	return 0;
}
