/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet interface through libpcap: immediate-mode handles for control, because libpcap's
 * default mode holds frames back until its timeout, and a batched one for stats, because a wake-up
 * for each frame costs ten times the work (docs/performance.md). What anybody may send unasked has
 * a ring of its own: a flood of it takes no place from the frames of sessions.
 */
#include "container.h"
#include "ethernet.h"
#include "interface.h"
#include "ring.h"
#include "watch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SESSION_RING_BYTES = 1 << 20,
	BURSTS_RING_BYTES = 4 << 20, /* of sessions, too, when they are many */
	BURSTS_SESSIONS = 256,
	STRANGER_RING_BYTES = 1 << 19,
	STATS_RING_BYTES = 8 << 20,
	/* Of the frames that sessions may have in a turn: what a flood can take of our time before
	 * sessions, timers and all others are looked after again, some 100 us. */
	STRANGER_SHARE = 8,
	DROPS_EVERY = 1 << 16, /* receives: before libpcap's sums begin anew */
};

/* In the order in which they are served. */
enum { SESSION, STATS, STRANGER, RINGS };

struct pcap_link {
	struct mvmp_link base;
	struct ethernet_rules rules;
	struct ring ring[RINGS]; /* but for that of sessions they may not be open */
	unsigned receives;
	int watch; /* tells of the interface's changes; -1: none */
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
	if (pcap_inject(link->ring[SESSION].handle, wire, len) < 0) {
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

static void link_count(struct mvmp_link *base)
{
	struct pcap_link *link = pcap_link(base);
	struct mvmp_link_drops *drops = &base->ring_drops;

	drops->session += ring_new_drops(&link->ring[SESSION]);
	drops->stranger += ring_new_drops(&link->ring[STRANGER]);
	drops->stats += ring_new_drops(&link->ring[STATS]);
	base->receive_drops = drops->session + drops->stranger + drops->stats;
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

/* Which of `ready` is a descriptor's; they are counted as link_descriptors() lists them. */
static bool take_bit(unsigned *ready)
{
	bool set = *ready & 1;

	*ready >>= 1;
	return set;
}

static int serve(struct delivery *delivery, const struct ring *ring, unsigned budget)
{
	if (!ring->handle)
		return 0;
	return pcap_dispatch(ring->handle, (int)budget, on_packet, (u_char *)delivery);
}

static int link_receive(struct mvmp_link *base, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	struct pcap_link *link = pcap_link(base);
	struct delivery delivery = {.link = link, .deliver = deliver, .ctx = ctx};
	unsigned share = budget / STRANGER_SHARE + !(budget / STRANGER_SHARE);

	if (take_bit(&ready) && serve(&delivery, &link->ring[SESSION], budget) < 0)
		return -ENETDOWN;
	if (link->ring[STATS].handle && take_bit(&ready) &&
		serve(&delivery, &link->ring[STATS], budget) < 0)
		return -ENETDOWN;
	if (link->watch >= 0 && take_bit(&ready) && !delivery.count && hear(link))
		return -ENETDOWN;
	if (take_bit(&ready) && serve(&delivery, &link->ring[STRANGER], share) < 0)
		return -ENETDOWN;
	if (++link->receives % DROPS_EVERY == 0)
		link_count(base);
	return (int)delivery.count;
}

static unsigned link_descriptors(const struct mvmp_link *base, int fd[static 4])
{
	struct pcap_link *link = pcap_link(base);
	unsigned n = 0;

	fd[n++] = pcap_get_selectable_fd(link->ring[SESSION].handle);
	if (link->ring[STATS].handle)
		fd[n++] = pcap_get_selectable_fd(link->ring[STATS].handle);
	if (link->watch >= 0)
		fd[n++] = link->watch;
	if (link->ring[STRANGER].handle)
		fd[n++] = pcap_get_selectable_fd(link->ring[STRANGER].handle);
	return n;
}

static void link_close(struct mvmp_link *base)
{
	struct pcap_link *link = pcap_link(base);

	for (unsigned i = 0; i < RINGS; i++)
		ring_close(&link->ring[i]);
	if (link->watch >= 0)
		close(link->watch);
	free(link);
}

static const struct mvmp_link_ops pcap_link_ops = {
	.send = link_send,
	.receive = link_receive,
	.descriptors = link_descriptors,
	.count = link_count,
	.close = link_close,
};

/* Frames of strangers are of three lengths, the longest of which fits every path: their ring has
 * places for no longer ones, and so twice as many. What is cut off would be refused uncut as well.
 */
static int open_rings(struct pcap_link *link, const struct mvmp_pcap_options *options,
	const char *interface, struct mvmp_error *err)
{
	const bool bursts = options->sessions > BURSTS_SESSIONS;
	struct ring_plan plan = {.interface = interface,
		.rules = &link->rules,
		.frames = FILTER_SESSION,
		.frame_max = link->base.mtu,
		.bytes = bursts ? BURSTS_RING_BYTES : SESSION_RING_BYTES};
	int rc = ring_open(&link->ring[SESSION], &plan, err);

	plan.frames = FILTER_STATS;
	plan.bytes = STATS_RING_BYTES;
	if (!rc && options->listen_stats)
		rc = ring_open(&link->ring[STATS], &plan, err);
	plan.frames = FILTER_STRANGER;
	plan.bytes = STRANGER_RING_BYTES;
	plan.frame_max = MVMP_MTU_MIN;
	if (!rc && options->listen_strangers)
		rc = ring_open(&link->ring[STRANGER], &plan, err);
	return rc;
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
	struct ethernet_rules rules = {.vlan = 0};
	char name[16];
	int rc;

	ethernet_set_types(&rules, options);
	rc = ethernet_parse_interface(name, &rules, options->interface, err);
	if (!rc)
		rc = interface_read(&interface, name, err);
	if (rc)
		return rc;
	link = calloc(1, sizeof *link);
	if (!link)
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot open %s: out of memory", name);
	link->watch = -1;
	link->interface = interface;
	set_base(&link->base, options->interface, &interface);
	link->mtu_opened = link->base.mtu;
	link->rules = rules;
	memcpy(link->rules.mac, link->base.mac, MVMP_MAC_LEN);
	rc = open_rings(link, options, name, err);
	if (!rc)
		/* By the ring's own socket: each more costs a program 15 ms at its end. */
		rc = interface_join(
			pcap_fileno(link->ring[SESSION].handle), &interface, mvmp_group, err);
	if (rc) {
		link_close(&link->base);
		return rc;
	}
	link->watch = interface_watch(&interface);
	*ret = &link->base;
	return 0;
}
