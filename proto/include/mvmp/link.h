/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_LINK_H
#define MVMP_LINK_H

/*
 * A link carries MVMP frames between neighbours: an Ethernet interface through libpcap, a
 * Unix seqpacket socket to members of this host, or the in-memory switch of the tests.
 * Links know nothing of what the frames mean. An address is six bytes; where a link has no
 * MACs it makes up locally administered ones, one for each connection.
 */

#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The two EtherTypes. */
enum mvmp_channel {
	MVMP_CONTROL = 0,
	MVMP_STATS = 1,
};

struct mvmp_addr {
	uint8_t link; /* index the endpoint's owner gave the link */
	uint8_t mac[MVMP_MAC_LEN];
};

struct mvmp_link;

/* One received frame: MVMP header and payload, perhaps followed by Ethernet padding. The
 * bytes are borrowed for the call. */
typedef void mvmp_link_deliver(void *ctx, const uint8_t src[static MVMP_MAC_LEN],
	enum mvmp_channel channel, const uint8_t *frame, size_t len);

struct mvmp_link_ops {
	/* Sends one frame of `len` bytes to `dst` (a group address means everybody). The
	 * MVMP_LINK_HEADROOM bytes before `frame` may be overwritten. Never blocks. 0, or
	 * -EAGAIN (full now), -ENETDOWN (interface gone or down), -EMSGSIZE, -ENOTCONN. */
	int (*send)(struct mvmp_link *link, const uint8_t dst[static MVMP_MAC_LEN],
		enum mvmp_channel channel, uint8_t *frame, size_t len);
	/* Delivers frames that are waiting at the descriptors of `ready` (bit i: the i-th; those of
	 * others may wait on): up to `budget` from each, fewer where strangers may send without
	 * being asked. Never blocks. Returns how many, or -ENETDOWN when the link is gone for good
	 * and must be opened anew. */
	int (*receive)(struct mvmp_link *link, unsigned ready, unsigned budget,
		mvmp_link_deliver *deliver, void *ctx);
	/* Descriptors to wait on for reading; at most 4, constant for the link's life. Of those
	 * that are ready at once the first is to be served first, and all of them in turns. */
	unsigned (*descriptors)(const struct mvmp_link *link, int fd[static 4]);
	/* Brings the link's counters up to date; NULL where they always are. */
	void (*count)(struct mvmp_link *link);
	void (*close)(struct mvmp_link *link);
};

/* Base of every link, embedded in the implementation's struct. `has_macs` is false where the
 * address does not prove where a frame came from by itself (Unix link); `multicast` is the
 * group that PROBE and multicast BEACON go to. */
struct mvmp_link {
	const struct mvmp_link_ops *ops;
	char name[96]; /* "eth1", "unix:/run/mvmp" */
	uint8_t mac[MVMP_MAC_LEN];
	uint16_t mtu; /* longest MVMP frame the link sends: 576 to MVMP_FRAME_MAX */
	bool has_macs;
	uint64_t sent, received, send_errors;
	uint64_t receive_drops; /* in all; of them, where there are several rings: */
	struct mvmp_link_drops {
		uint64_t session, stranger, stats;
	} ring_drops;
};

/* Every descriptor of a link. */
#define MVMP_LINK_ALL (~0u)

/* The locally administered group address of PROBEs: 03:4d:56:4d:50:01 ("MVMP", 1). */
extern const uint8_t mvmp_group[MVMP_MAC_LEN];

static inline int mvmp_link_send(struct mvmp_link *link, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	return link->ops->send(link, dst, channel, frame, len);
}

static inline int mvmp_link_receive(
	struct mvmp_link *link, unsigned budget, mvmp_link_deliver *deliver, void *ctx)
{
	return link->ops->receive(link, MVMP_LINK_ALL, budget, deliver, ctx);
}

static inline void mvmp_link_count(struct mvmp_link *link)
{
	if (link->ops->count)
		link->ops->count(link);
}

/* Closes the link and frees it; NULL is allowed. */
void mvmp_link_close(struct mvmp_link *link);

struct mvmp_pcap_options {
	const char *interface;
	uint16_t ethertype_control, ethertype_stats; /* 0: the defaults */
	bool listen_stats;     /* open the batched receive ring (aggregators and followers) */
	bool listen_strangers; /* receive PROBE, INIT, ENROL, in a ring of their own (who is asked)
				*/
	unsigned sessions; /* that may be open at once; of more than 256 answers come in bursts */
};

/* Opens an Ethernet interface: an immediate-mode handle for control frames of sessions, one for
 * those that anybody may send, a batched one for stats, and a membership of mvmp_group. Needs
 * CAP_NET_RAW now, not later. *ret belongs to the
 * caller. Errors: MVMP_NOT_FOUND (no such interface), MVMP_PERMISSION, MVMP_INVALID (not
 * Ethernet, down), MVMP_IO. Source: packet(7), pcap(3PCAP). */
int mvmp_pcap_open(
	const struct mvmp_pcap_options *options, struct mvmp_link **ret, struct mvmp_error *err);

/* The same for programs that end soon: without libpcap's ring, whose making and closing take the
 * kernel longer than a command; for sessions alone (listen_stats and listen_strangers are not
 * looked at). Source: packet(7). */
int mvmp_plain_open(
	const struct mvmp_pcap_options *options, struct mvmp_link **ret, struct mvmp_error *err);

/* Listens on a seqpacket socket at `path` (mode 0666: sessions authenticate, not the file),
 * replacing a socket file nobody listens on. Errors: MVMP_CONFLICT (someone listens),
 * MVMP_PERMISSION, MVMP_INVALID (path too long), MVMP_IO. */
int mvmp_unix_listen(const char *path, struct mvmp_link **ret, struct mvmp_error *err);

/* Connects to every *.sock in `directory`; a frame to mvmp_group goes to each of them, and
 * sockets that appear later are connected at the next such frame. Having none is no error. */
int mvmp_unix_connect(const char *directory, struct mvmp_link **ret, struct mvmp_error *err);

#endif
