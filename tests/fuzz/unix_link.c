/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/bytes.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unix_link.h>

static void deliver(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	uint8_t answer[MVMP_LINK_HEADROOM + 1] = {0};

	fuzz_holds(channel <= MVMP_STATS && len && len <= MVMP_FRAME_MAX && !(src[0] & 1),
		"a packet is one frame of a channel from a peer");
	unix_link_send(ctx, src, channel, answer + MVMP_LINK_HEADROOM, 1);
}

static const struct mvmp_link_ops ops;

/* Packets of whoever may connect to the socket: each a byte of length (of 40 bytes), then its
 * bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t packet[255 * 40];
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct unix_link link = {.epoll = -1};
	int pair[2];

	if (unix_link_init(&link, &ops, "unix:fuzz") ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) ||
		!unix_link_add(&link, pair[0]))
		abort();
	while (r.left) {
		size_t size = mvmp_get_u8(&r) * 40u, some = size < r.left ? size : r.left;

		memset(packet, 0, size);
		if (some)
			memcpy(packet, mvmp_get_view(&r, some), some);
		if (send(pair[1], packet, size, MSG_NOSIGNAL) < 0)
			break;
	}
	unix_link_receive(&link, 64, deliver, &link, NULL);
	fuzz_holds(link.base.received + link.base.receive_drops <= 64, "the budget is kept");
	close(pair[1]);
	unix_link_receive(&link, 1000, deliver, &link, NULL);
	unix_link_clear(&link);
	return 0;
}
