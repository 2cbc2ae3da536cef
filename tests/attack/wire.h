/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_WIRE_H
#define ATTACK_WIRE_H

/*
 * The attacker's end of the segment: whole Ethernet frames from any source address, in batches,
 * and everything that arrives at the interface. An attacker owns as many MACs as it likes; they
 * are 02:4d:56:xx:xx:xx, and what is sent to one of them counts as received.
 */

#include "tally.h"
#include <mvmp/limits.h>
#include <signal.h>
#include <stdbool.h>

enum {
	WIRE_HEADER_LEN = 14,
	WIRE_FRAME_MAX = 9600,
	WIRE_BATCH = 64,
};

struct wire {
	int out, in;
	uint8_t mac[MVMP_MAC_LEN];  /* of the interface */
	uint8_t also[MVMP_MAC_LEN]; /* whose frames count as received, too */
	uint64_t rate;		    /* frames a second; 0: as fast as it goes */
	uint64_t started;	    /* ns, of the first frame */
	uint64_t count;		    /* frames sent */
	unsigned queued;
	struct tally sent, got;
	uint8_t (*batch)[WIRE_FRAME_MAX];
	size_t len[WIRE_BATCH];
	uint8_t incoming[WIRE_FRAME_MAX];
};

struct wire_frame {
	const uint8_t *dst, *src;
	uint16_t ethertype;
	const uint8_t *bytes; /* after the Ethernet header */
	size_t len;
};

/* SIGTERM came: what is under way ends, and is reported. */
extern volatile sig_atomic_t wire_ended;

/* Exits with a sentence when the interface cannot be had. */
void wire_open(struct wire *wire, const char *interface, uint64_t rate);
void wire_close(struct wire *wire);

/* Queues a frame; full batches go out, wire_flush() sends the rest. The EtherTypes are those of
 * <mvmp/limits.h> or any other. */
void wire_send(struct wire *wire, const uint8_t dst[static MVMP_MAC_LEN],
	const uint8_t src[static MVMP_MAC_LEN], uint16_t ethertype, const void *bytes, size_t len);
void wire_flush(struct wire *wire);

/* The next frame that others sent, until `until` (ns of wire_now()); false when none came. */
bool wire_receive(struct wire *wire, struct wire_frame *frame, uint64_t until);

/* Counts what comes for some time. */
void wire_listen(struct wire *wire, uint64_t ms);

uint64_t wire_now(void); /* CLOCK_MONOTONIC, ns */

/* The n-th of the attacker's MACs. */
void wire_mac(uint8_t mac[static MVMP_MAC_LEN], uint32_t n);

/* Frames a second from the first one until now. */
double wire_rate(const struct wire *wire);

#endif
