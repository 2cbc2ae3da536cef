/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/memswitch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	ETHERNET_PAYLOAD_MIN = 46, /* IEEE 802.3: shorter frames are padded */
	REORDER_EXTRA_NS = 300000, /* a reordered frame comes up to this much later */
	TRUNCATED_OF = 8,	   /* one corrupted frame in so many is cut short instead */
	BUCKETS_FIRST = 64,
};

/* A frame on its way to one port, or waiting there. */
struct flight {
	uint64_t due, number; /* equal times keep the order of sending */
	struct port *to;      /* NULL: the port was closed */
	struct flight *next;  /* in the port's queue */
	uint8_t src[MVMP_MAC_LEN];
	uint8_t channel;
	uint16_t len;
	uint8_t bytes[];
};

struct port {
	struct mvmp_link link;
	struct mvmp_memswitch *sw;
	LIST_ENTRY(port) all, same_bucket;
	unsigned group;
	struct flight *first, **last;
	unsigned waiting, waiting_max;
	mvmp_memswitch_wake *wake;
	void *wake_ctx;
};
LIST_HEAD(ports, port);

struct mvmp_memswitch {
	uint64_t random, now, number;
	struct mvmp_impairment how;
	struct ports ports, *bucket; /* all, and by MAC */
	struct port *newest;
	uint32_t port_count, buckets; /* a power of two, or 0 */
	struct flight **heap;	      /* by due, then number */
	size_t count, size;
	mvmp_memswitch_filter *filter;
	void *filter_ctx;
	mvmp_memswitch_tap *tap;
	void *tap_ctx;
};

/* splitmix64 (Steele, Lea, Flood 2014): the same frames for the same seed. */
static uint64_t draw(struct mvmp_memswitch *sw)
{
	uint64_t z = (sw->random += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool chance(struct mvmp_memswitch *sw, uint32_t ppm)
{
	return ppm && draw(sw) % 1000000 < ppm;
}

static bool flight_before(const struct flight *a, const struct flight *b)
{
	return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static int heap_push(struct mvmp_memswitch *sw, struct flight *f)
{
	size_t at = sw->count;

	if (sw->count == sw->size) {
		size_t size = sw->size ? 2 * sw->size : 64;
		struct flight **heap = realloc(sw->heap, size * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		sw->heap = heap;
		sw->size = size;
	}
	sw->count++;
	for (; at && flight_before(f, sw->heap[(at - 1) / 2]); at = (at - 1) / 2)
		sw->heap[at] = sw->heap[(at - 1) / 2];
	sw->heap[at] = f;
	return 0;
}

static struct flight *heap_pop(struct mvmp_memswitch *sw)
{
	struct flight *top = sw->heap[0];
	struct flight *moved = sw->heap[--sw->count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < sw->count && flight_before(sw->heap[child + 1], sw->heap[child]))
			child++;
		if (child >= sw->count || !flight_before(sw->heap[child], moved))
			break;
		sw->heap[at] = sw->heap[child];
		at = child;
	}
	if (sw->count)
		sw->heap[at] = moved;
	return top;
}

static void corrupt(struct mvmp_memswitch *sw, struct flight *f)
{
	uint64_t bit = draw(sw) % (8u * f->len);

	f->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	if (draw(sw) % TRUNCATED_OF == 0)
		f->len = (uint16_t)(bit / 8);
}

/* What an Ethernet receiver gets beside the frame: padding, and what some hardware appends. */
static size_t tail_len(struct mvmp_memswitch *sw, const struct port *to, size_t len)
{
	size_t tail = sw->how.pad && len < ETHERNET_PAYLOAD_MIN ? ETHERNET_PAYLOAD_MIN - len : 0;

	if (sw->how.trailer_max)
		tail += draw(sw) % (sw->how.trailer_max + 1u);
	if (len + tail > to->link.mtu)
		tail = len < to->link.mtu ? to->link.mtu - len : 0;
	return tail;
}

static uint64_t transit_ns(struct mvmp_memswitch *sw)
{
	uint64_t ns = sw->how.delay_ns;

	if (sw->how.jitter_ns)
		ns += draw(sw) % (sw->how.jitter_ns + 1);
	if (chance(sw, sw->how.reorder_ppm))
		ns += 1 + draw(sw) % REORDER_EXTRA_NS;
	return ns;
}

static int launch(struct mvmp_memswitch *sw, struct port *from, struct port *to,
	enum mvmp_channel channel, const uint8_t *frame, size_t len)
{
	size_t tail = tail_len(sw, to, len);
	struct flight *f = calloc(1, sizeof(*f) + len + tail);

	if (!f)
		return -EAGAIN;
	f->due = sw->now + transit_ns(sw);
	f->number = sw->number++;
	f->to = to;
	f->channel = (uint8_t)channel;
	f->len = (uint16_t)(len + tail);
	memcpy(f->src, from->link.mac, MVMP_MAC_LEN);
	memcpy(f->bytes, frame, len);
	for (size_t i = 0; sw->how.trailer_max && i < tail; i++)
		f->bytes[len + i] = (uint8_t)draw(sw);
	if (chance(sw, sw->how.corrupt_ppm))
		corrupt(sw, f);
	if (heap_push(sw, f)) {
		free(f);
		return -EAGAIN;
	}
	return 0;
}

static bool port_hears(const struct port *from, const struct port *to)
{
	struct mvmp_memswitch *sw = from->sw;

	if (to == from || to->group != from->group)
		return false;
	return !sw->filter || sw->filter(sw->filter_ctx, &from->link, &to->link);
}

static int transmit(struct port *from, struct port *to, enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct mvmp_memswitch *sw = from->sw;
	int ret;

	if (!port_hears(from, to) || chance(sw, sw->how.loss_ppm))
		return 0;
	ret = launch(sw, from, to, channel, frame, len);
	if (!ret && chance(sw, sw->how.duplicate_ppm))
		ret = launch(sw, from, to, channel, frame, len);
	return ret;
}

/* FNV-1a. */
static struct ports *bucket_of(struct mvmp_memswitch *sw, const uint8_t mac[static MVMP_MAC_LEN])
{
	uint32_t hash = 2166136261u;

	for (unsigned i = 0; i < MVMP_MAC_LEN; i++)
		hash = (hash ^ mac[i]) * 16777619u;
	return &sw->bucket[(hash ^ hash >> 15) & (sw->buckets - 1)];
}

static int port_send(struct mvmp_link *link, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	struct port *from = (struct port *)link, *to;
	struct mvmp_memswitch *sw = from->sw;
	int ret = 0;

	if (!len || len > link->mtu)
		return -EMSGSIZE;
	link->sent++;
	if (sw->tap)
		sw->tap(sw->tap_ctx, sw->now, link->mac, dst, channel, frame, len);
	if (sw->how.frame_max && len > sw->how.frame_max)
		return 0;
	if (dst[0] & 1) {
		for (to = LIST_FIRST(&sw->ports); to && !ret; to = LIST_NEXT(to, all))
			ret = transmit(from, to, channel, frame, len);
		return ret;
	}
	for (to = LIST_FIRST(bucket_of(sw, dst)); to && !ret; to = LIST_NEXT(to, same_bucket)) {
		if (memcmp(dst, to->link.mac, MVMP_MAC_LEN) == 0)
			ret = transmit(from, to, channel, frame, len);
	}
	return ret;
}

static int port_receive(struct mvmp_link *link, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	struct port *port = (struct port *)link;
	unsigned n = 0;

	for (; n < budget && port->first; n++) {
		struct flight *f = port->first;

		port->first = f->next;
		if (!port->first)
			port->last = &port->first;
		port->waiting--;
		link->received++;
		deliver(ctx, f->src, (enum mvmp_channel)f->channel, f->bytes, f->len);
		free(f);
	}
	return (int)n;
}

static unsigned port_descriptors(const struct mvmp_link *link, int fd[static 4])
{
	return 0;
}

static void port_drain(struct port *port)
{
	while (port->first) {
		struct flight *f = port->first;

		port->first = f->next;
		free(f);
	}
	for (size_t i = 0; i < port->sw->count; i++) {
		if (port->sw->heap[i]->to == port)
			port->sw->heap[i]->to = NULL;
	}
}

static void port_close(struct mvmp_link *link)
{
	struct port *port = (struct port *)link;

	port_drain(port);
	if (port->sw->newest == port)
		port->sw->newest = NULL;
	LIST_REMOVE(port, all);
	LIST_REMOVE(port, same_bucket);
	port->sw->port_count--;
	free(port);
}

static const struct mvmp_link_ops port_ops = {
	.send = port_send,
	.receive = port_receive,
	.descriptors = port_descriptors,
	.close = port_close,
};

struct mvmp_memswitch *mvmp_memswitch_new(uint64_t seed)
{
	struct mvmp_memswitch *sw = calloc(1, sizeof(*sw));

	if (sw)
		sw->random = seed;
	return sw;
}

void mvmp_memswitch_free(struct mvmp_memswitch *sw)
{
	if (!sw)
		return;
	while (sw->count)
		free(heap_pop(sw));
	free(sw->heap);
	free(sw->bucket);
	free(sw);
}

void mvmp_memswitch_impair(struct mvmp_memswitch *sw, const struct mvmp_impairment *how)
{
	sw->how = *how;
}

/* Keeps the table of ports by MAC about as long as the list. */
static int make_room(struct mvmp_memswitch *sw)
{
	uint32_t buckets = sw->buckets ? 2 * sw->buckets : BUCKETS_FIRST;
	struct ports *bucket;
	struct port *port;

	if (sw->port_count < sw->buckets)
		return 0;
	bucket = calloc(buckets, sizeof(*bucket));
	if (!bucket)
		return -ENOMEM;
	free(sw->bucket);
	sw->bucket = bucket;
	sw->buckets = buckets;
	for (port = LIST_FIRST(&sw->ports); port; port = LIST_NEXT(port, all))
		LIST_INSERT_HEAD(bucket_of(sw, port->link.mac), port, same_bucket);
	return 0;
}

/* Frames to all reach the ports in the order they were made. */
static void add_port(struct mvmp_memswitch *sw, struct port *port)
{
	struct port *last = sw->newest ? sw->newest : LIST_FIRST(&sw->ports);

	while (last && LIST_NEXT(last, all))
		last = LIST_NEXT(last, all);
	if (last)
		LIST_INSERT_AFTER(last, port, all);
	else
		LIST_INSERT_HEAD(&sw->ports, port, all);
	LIST_INSERT_HEAD(bucket_of(sw, port->link.mac), port, same_bucket);
	sw->newest = port;
	sw->port_count++;
}

struct mvmp_link *mvmp_memswitch_port(
	struct mvmp_memswitch *sw, const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port || make_room(sw)) {
		free(port);
		return NULL;
	}
	port->link.ops = &port_ops;
	port->link.mtu = mtu;
	port->link.has_macs = true;
	memcpy(port->link.name, "memory", sizeof("memory"));
	memcpy(port->link.mac, mac, MVMP_MAC_LEN);
	port->sw = sw;
	port->last = &port->first;
	add_port(sw, port);
	return &port->link;
}

void mvmp_memswitch_partition(struct mvmp_link *port, unsigned group)
{
	((struct port *)port)->group = group;
}

void mvmp_memswitch_set_filter(struct mvmp_memswitch *sw, mvmp_memswitch_filter *filter, void *ctx)
{
	sw->filter = filter;
	sw->filter_ctx = ctx;
}

void mvmp_memswitch_set_queue(struct mvmp_link *port, unsigned frames)
{
	((struct port *)port)->waiting_max = frames;
}

unsigned mvmp_memswitch_waiting(const struct mvmp_link *port)
{
	return ((const struct port *)port)->waiting;
}

void mvmp_memswitch_set_wake(struct mvmp_link *port, mvmp_memswitch_wake *wake, void *ctx)
{
	((struct port *)port)->wake = wake;
	((struct port *)port)->wake_ctx = ctx;
}

void mvmp_memswitch_set_tap(struct mvmp_memswitch *sw, mvmp_memswitch_tap *tap, void *ctx)
{
	sw->tap = tap;
	sw->tap_ctx = ctx;
}

uint64_t mvmp_memswitch_next(const struct mvmp_memswitch *sw)
{
	return sw->count ? sw->heap[0]->due : UINT64_MAX;
}

/* A frame longer than the receiving interface takes is lost there, as on a wire; one that finds
 * the queue full is lost as well. */
static void arrive(struct flight *f)
{
	struct port *port = f->to;

	if (!port || f->len > port->link.mtu ||
		(port->waiting_max && port->waiting >= port->waiting_max)) {
		if (port)
			port->link.receive_drops++;
		free(f);
		return;
	}
	f->next = NULL;
	*port->last = f;
	port->last = &f->next;
	if (!port->waiting++ && port->wake)
		port->wake(port->wake_ctx);
}

void mvmp_memswitch_advance(struct mvmp_memswitch *sw, uint64_t now)
{
	if (now > sw->now)
		sw->now = now;
	while (sw->count && sw->heap[0]->due <= sw->now)
		arrive(heap_pop(sw));
}
