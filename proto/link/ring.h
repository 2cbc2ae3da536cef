/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_RING_H
#define MVMP_RING_H

/* One libpcap handle: a ring of received frames that the kernel fills by a filter. */

#include "filter.h"
#include <pcap/pcap.h>

struct ring {
	pcap_t *handle; /* NULL: not open */
	uint32_t drops; /* as libpcap counted them last */
};

struct ring_plan {
	const char *interface;
	const struct ethernet_rules *rules;
	enum filter_frames frames;
	uint16_t frame_max; /* longest MVMP frame; longer ones are cut */
	unsigned bytes;
};

/* Control rings tell of each frame at once, those of stats now and then. */
int ring_open(struct ring *ring, const struct ring_plan *plan, struct mvmp_error *err);
void ring_close(struct ring *ring);

/* Frames that the ring had no room for since it was asked last. A system call. */
uint32_t ring_new_drops(struct ring *ring);

#endif
