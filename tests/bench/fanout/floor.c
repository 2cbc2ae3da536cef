/* SPDX-License-Identifier: Apache-2.0 */
/* As many frames of the same length, sent at once and echoed: what the wire and the kernel take. */
#include "fanout.h"
#include "farm.h"
#include "wire.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES = 200, ROUNDS = 21, PATIENCE_MS = 2000, AT_ONCE = 64 };

static struct wire *wire;
static const uint8_t near_mac[MVMP_MAC_LEN] = {0x02, 0x4d, 0x56, 0xff, 0, 0};

static void echo(void *ctx, const uint8_t *dst, const struct ethernet_frame *frame, uint16_t mtu)
{
	uint8_t bytes[MVMP_LINK_HEADROOM + BYTES];

	memcpy(bytes + MVMP_LINK_HEADROOM, frame->payload, BYTES);
	wire_send(wire, dst, frame->src, MVMP_CONTROL, bytes + MVMP_LINK_HEADROOM, BYTES);
}

static void answer(unsigned nodes, int ready)
{
	struct pollfd fd = {.events = POLLIN};

	if (wire_open(FANOUT_FAR, &wire, NULL) || write(ready, "r", 1) != 1)
		return;
	fd.fd = wire_descriptor(wire);
	while (poll(&fd, 1, -1) > 0)
		wire_receive(wire, AT_ONCE, echo, NULL);
}

static void count(void *ctx, const uint8_t *dst, const struct ethernet_frame *frame, uint16_t mtu)
{
	if (!memcmp(dst, near_mac, MVMP_MAC_LEN))
		++*(unsigned *)ctx;
}

static unsigned ask(unsigned nodes, uint64_t *ns)
{
	uint8_t bytes[MVMP_LINK_HEADROOM + BYTES] = {0}, mac[MVMP_MAC_LEN];
	struct pollfd fd = {.events = POLLIN};
	unsigned answered = 0;
	uint64_t begun;

	if (!wire && wire_open(FANOUT_NEAR, &wire, NULL))
		return nodes;
	fd.fd = wire_descriptor(wire);
	begun = fanout_now();
	for (unsigned i = 0; i < nodes; i++) {
		farm_mac(mac, i);
		wire_send(wire, near_mac, mac, MVMP_CONTROL, bytes + MVMP_LINK_HEADROOM, BYTES);
	}
	while (answered < nodes && poll(&fd, 1, PATIENCE_MS) > 0)
		wire_receive(wire, AT_ONCE, count, &answered);
	*ns = fanout_now() - begun;
	return nodes - answered;
}

static void end(void)
{
	wire_close(wire);
	wire = NULL;
}

const struct fanout_way fanout_floor = {
	.name = "raw frames, echoed", .rounds = ROUNDS, .answer = answer, .ask = ask, .end = end};
