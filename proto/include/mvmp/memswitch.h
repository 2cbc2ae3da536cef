/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_MEMSWITCH_H
#define MVMP_MEMSWITCH_H

/*
 * An Ethernet switch in memory, in virtual time, for tests and simulation: deterministic for
 * a seed, with loss, delay, duplication, reordering, corruption and partition. Single-threaded.
 */

#include <mvmp/link.h>

struct mvmp_memswitch;

/* Chances in parts per million for each frame and receiver. */
struct mvmp_impairment {
	uint32_t loss_ppm, duplicate_ppm, reorder_ppm, corrupt_ppm;
	uint64_t delay_ns, jitter_ns; /* each frame: delay + uniform(0, jitter) */
	bool pad;		      /* pad short frames to Ethernet's 60 bytes as real NICs do */
	uint16_t frame_max;	      /* longer frames vanish without a word; 0: none do */
	uint8_t trailer_max;	      /* up to so many random bytes follow a frame */
};

struct mvmp_memswitch *mvmp_memswitch_new(uint64_t seed);
void mvmp_memswitch_free(struct mvmp_memswitch *sw);
void mvmp_memswitch_impair(struct mvmp_memswitch *sw, const struct mvmp_impairment *how);

/* A port as a link; owned by the caller, closed before the switch is freed. */
struct mvmp_link *mvmp_memswitch_port(
	struct mvmp_memswitch *sw, const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu);

/* Ports in different groups do not hear each other; all start in group 0. */
void mvmp_memswitch_partition(struct mvmp_link *port, unsigned group);

/* What passes from one port to another, beside groups; NULL: everything. */
typedef bool mvmp_memswitch_filter(
	void *ctx, const struct mvmp_link *from, const struct mvmp_link *to);
void mvmp_memswitch_set_filter(struct mvmp_memswitch *sw, mvmp_memswitch_filter *filter, void *ctx);

/* Frames that may wait at a port; further ones are lost there (receive_drops). 0: no bound. */
void mvmp_memswitch_set_queue(struct mvmp_link *port, unsigned frames);

/* How many wait there, and who is told when the first one begins to; NULL: nobody. */
unsigned mvmp_memswitch_waiting(const struct mvmp_link *port);
typedef void mvmp_memswitch_wake(void *ctx);
void mvmp_memswitch_set_wake(struct mvmp_link *port, mvmp_memswitch_wake *wake, void *ctx);

/* Called for each frame that enters the switch (a capture); NULL switches it off. */
typedef void mvmp_memswitch_tap(void *ctx, uint64_t now, const uint8_t src[static MVMP_MAC_LEN],
	const uint8_t dst[static MVMP_MAC_LEN], enum mvmp_channel channel, const uint8_t *frame,
	size_t len);
void mvmp_memswitch_set_tap(struct mvmp_memswitch *sw, mvmp_memswitch_tap *tap, void *ctx);

/* Time of the earliest frame in flight, UINT64_MAX when there is none. */
uint64_t mvmp_memswitch_next(const struct mvmp_memswitch *sw);

/* Sets the switch's time: frames due by then wait at their ports for mvmp_link_receive(). */
void mvmp_memswitch_advance(struct mvmp_memswitch *sw, uint64_t now);

#endif
