/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_link.h"
#include "fault.h"

static const struct mvmp_link_ops *real;

static int link_send(struct mvmp_link *link, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	int error = fault_here(FAULT_SEND, __builtin_return_address(0));

	fault_pause();
	error = error ? -error : real->send(link, dst, channel, frame, len);
	fault_resume();
	return error;
}

static int link_receive(struct mvmp_link *link, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	return real->receive(link, ready, budget, deliver, ctx);
}

static unsigned link_descriptors(const struct mvmp_link *link, int fd[static 4])
{
	return real->descriptors(link, fd);
}

static void link_close(struct mvmp_link *link)
{
	real->close(link);
}

static const struct mvmp_link_ops ops = {
	.send = link_send,
	.receive = link_receive,
	.descriptors = link_descriptors,
	.close = link_close,
};

void fault_link(struct mvmp_link *link)
{
	if (link->ops != &ops)
		real = link->ops;
	link->ops = &ops;
}
