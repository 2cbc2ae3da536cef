/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_UNIX_LINK_H
#define MVMP_UNIX_LINK_H

/*
 * Connected seqpacket sockets as one link: what the listening and the connecting side share.
 * Each connection has an address that this side made up (02:55, a generation, a slot). A
 * packet is one byte of enum mvmp_channel and the frame.
 */

#include "container.h"
#include <mvmp/link.h>
#include <sys/types.h>

enum {
	UNIX_CONNECTIONS_MAX = 128,
	UNIX_CONNECTIONS_PER_USER = 32, /* one user cannot lock the others out; root is free */
	UNIX_CONNECTIONS_ROOT = 16,	/* all users together cannot lock root out */
};

struct unix_connection {
	int fd; /* -1: free slot */
	uint16_t generation;
	uid_t user;
	char name[64]; /* of the socket file connected to; empty on the listening side */
};

struct unix_link {
	struct mvmp_link base;
	int epoll;
	struct unix_connection connection[UNIX_CONNECTIONS_MAX];
	uint8_t buffer[1 + MVMP_FRAME_MAX];
};

/* Sets up a zeroed link, embedded in its owner's struct. 0 or -errno. */
int unix_link_init(struct unix_link *link, const struct mvmp_link_ops *ops, const char *name);

/* Closes all descriptors of the link; the memory is the owner's. */
void unix_link_clear(struct unix_link *link);

/* Takes over a connected, non-blocking socket. Its slot, or NULL when the link is full. */
struct unix_connection *unix_link_add(struct unix_link *link, int fd);
void unix_link_drop(struct unix_link *link, struct unix_connection *connection);

/* Shared ops. `receive` calls `accept_one` (may be NULL) for the listening socket's slot number
 * UNIX_CONNECTIONS_MAX. */
int unix_link_send(struct unix_link *link, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len);
int unix_link_receive(struct unix_link *link, unsigned budget, mvmp_link_deliver *deliver,
	void *ctx, void (*accept_one)(struct unix_link *link));
unsigned unix_link_descriptors(const struct mvmp_link *base, int fd[static 4]);

static inline struct unix_link *unix_link(const struct mvmp_link *base)
{
	return container_of(base, struct unix_link, base);
}

#endif
