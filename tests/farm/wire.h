/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FARM_WIRE_H
#define TESTS_FARM_WIRE_H

/* One packet socket that sends from many MACs and receives for all of them. */

#include "ethernet.h"

struct wire;

/* A frame of ours for `dst`; the bytes are borrowed. */
typedef void wire_deliver(
	void *ctx, const uint8_t *dst, const struct ethernet_frame *frame, uint16_t mtu);

/* Opens an interface that is up, promiscuous. The caller frees *ret by wire_close(). */
int wire_open(const char *interface, struct wire **ret, struct mvmp_error *err);
void wire_close(struct wire *wire);

int wire_descriptor(const struct wire *wire);
uint16_t wire_mtu(const struct wire *wire);

/* `frame` has MVMP_LINK_HEADROOM bytes before it that are overwritten. 0 or -errno. */
int wire_send(struct wire *wire, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, uint8_t *frame,
	size_t len);

/* Delivers what waits, at most `budget` frames; returns how many. */
unsigned wire_receive(struct wire *wire, unsigned budget, wire_deliver *deliver, void *ctx);

#endif
