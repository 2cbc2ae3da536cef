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
};

struct mvmp_memswitch *mvmp_memswitch_new(uint64_t seed);
void mvmp_memswitch_free(struct mvmp_memswitch *sw);
void mvmp_memswitch_impair(struct mvmp_memswitch *sw, const struct mvmp_impairment *how);

/* A port as a link; owned by the caller, closed before the switch is freed. */
struct mvmp_link *mvmp_memswitch_port(
	struct mvmp_memswitch *sw, const uint8_t mac[static MVMP_MAC_LEN], uint16_t mtu);

/* Ports in different groups do not hear each other; all start in group 0. */
void mvmp_memswitch_partition(struct mvmp_link *port, unsigned group);

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
