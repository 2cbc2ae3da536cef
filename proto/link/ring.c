/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"
#include <linux/if_packet.h>
#include <sys/socket.h>

enum { STATS_BATCH_MS = 10 };

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

static int set_filter(pcap_t *handle, const struct ring_plan *plan)
{
	struct bpf_program program;
	char text[FILTER_TEXT_SIZE];
	int rc;

	filter_text(text, plan->rules, plan->frames);
	if (pcap_compile(handle, &program, text, 1, PCAP_NETMASK_UNKNOWN))
		return PCAP_ERROR;
	rc = pcap_setfilter(handle, &program);
	pcap_freecode(&program);
	return rc ? PCAP_ERROR : 0;
}

/* In immediate mode every place of the ring has room for the longest frame: one that is made for
 * this MTU holds six times as many frames at 1500 as one made for jumbo frames. */
static int activate(pcap_t *handle, const struct ring_plan *plan)
{
	int rc;

	pcap_set_snaplen(handle, plan->frame_max + ETHERNET_HEADER_LEN + ETHERNET_TAG_LEN);
	pcap_set_promisc(handle, 0);
	pcap_set_immediate_mode(handle, plan->frames != FILTER_STATS);
	pcap_set_timeout(handle, STATS_BATCH_MS);
	pcap_set_buffer_size(handle, (int)plan->bytes);
	rc = pcap_activate(handle);
	return rc < 0 ? rc : 0;
}

/* The filter refuses what we send ourselves, and libpcap's direction as well, but only after the
 * kernel has made a copy of it for each handle. A kernel before 4.20 goes on doing so. */
static void ignore_own_frames(pcap_t *handle)
{
	int yes = 1;

	(void)setsockopt(pcap_fileno(handle), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
}

int ring_open(struct ring *ring, const struct ring_plan *plan, struct mvmp_error *err)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *handle = pcap_create(plan->interface, errbuf);
	int rc;

	if (!handle)
		return mvmp_fail(err, MVMP_IO, "cannot open %s: %s", plan->interface, errbuf);
	rc = activate(handle, plan);
	if (!rc)
		rc = set_filter(handle, plan);
	if (!rc)
		rc = pcap_setdirection(handle, PCAP_D_IN) ? PCAP_ERROR : 0;
	if (!rc)
		rc = pcap_setnonblock(handle, 1, errbuf) ? PCAP_ERROR : 0;
	if (rc) {
		rc = open_failed(err, plan->interface, rc, handle);
		pcap_close(handle);
		return rc;
	}
	ignore_own_frames(handle);
	*ring = (struct ring){.handle = handle};
	return 0;
}

void ring_close(struct ring *ring)
{
	if (ring->handle)
		pcap_close(ring->handle);
	ring->handle = NULL;
}

/* libpcap's sum has 32 bits and begins anew after them. */
uint32_t ring_new_drops(struct ring *ring)
{
	struct pcap_stat stat;
	uint32_t before = ring->drops;

	if (!ring->handle || pcap_stats(ring->handle, &stat))
		return 0;
	ring->drops = stat.ps_drop;
	return ring->drops - before;
}
