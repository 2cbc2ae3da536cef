/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CLIENT_H
#define MVMP_CLIENT_H

/*
 * The asking side: calls to members named by address, MAC, node id or name. Finds the member
 * (cache of BEACONs, probes), connects, asks, and for mutating verbs reconnects and repeats the
 * same operation id until the caller's deadline. Sans-I/O: driven by endpoint events and time.
 */

#include <mvmp/endpoint.h>
#include <mvmp/verb.h>

struct mvmp_client;

/* Who is asked. The first member that is set counts: addr, then mac, then text (a name, a node
 * id of 8 hex digits, or a MAC). `role` must be among the answering member's roles. */
struct mvmp_target {
	const struct mvmp_addr *addr;
	const uint8_t *mac;
	const char *text;
	uint16_t role; /* MVMP_ROLE_NODE or MVMP_ROLE_AGGREGATOR */
};

struct mvmp_answer {
	struct mvmp_error error; /* status MVMP_OK when it worked */
	const uint8_t *body;	 /* borrowed for the callback */
	size_t body_len;
	const struct mvmp_cert *from; /* who answered; NULL when nobody did */
	const uint8_t *operation;     /* MVMP_ID_LEN bytes, of mutating verbs */
	mvmp_session session;	      /* it came over; for stats that follow a SUBSCRIBE */
	uint64_t elapsed_ns;
};

/* Called exactly once for each call. */
typedef void mvmp_client_done(void *ctx, const struct mvmp_answer *answer);

int mvmp_client_new(struct mvmp_endpoint *ep, struct mvmp_client **ret);
void mvmp_client_free(struct mvmp_client *client); /* pending calls end with MVMP_NO_ANSWER */

/* The clock that goes into operation ids drawn by the client (seconds since 1970); without one
 * they begin with zeros. An id is 6 bytes of milliseconds since 1970, big-endian, then 10 bytes
 * that no other program and no other call has. */
void mvmp_client_set_clock(struct mvmp_client *client, uint64_t (*wall_s)(void *ctx), void *ctx);

/* Starts a call that ends by `deadline` (endpoint time) at the latest. Target and body are
 * copied. `operation` NULL: one is drawn for mutating verbs. Returns an id for
 * mvmp_client_cancel(), or 0 (MVMP_BUSY, MVMP_INVALID in *err) and `done` is not called. */
uint64_t mvmp_client_call(struct mvmp_client *client, const struct mvmp_target *target,
	enum mvmp_verb verb, const void *body, size_t body_len, const uint8_t *operation,
	uint64_t deadline, mvmp_client_done *done, void *ctx, uint64_t now, struct mvmp_error *err);

/* Forgets a call; `done` is not called. */
void mvmp_client_cancel(struct mvmp_client *client, uint64_t id);

/* False while cluster states are being exchanged with a member: who ends then neither hears of a
 * newer one nor hands his over. */
bool mvmp_client_settled(const struct mvmp_client *client);

/* Feeds an endpoint event; true when it was an answer and is taken care of. */
bool mvmp_client_event(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now);

void mvmp_client_advance(struct mvmp_client *client, uint64_t now);
uint64_t mvmp_client_deadline(const struct mvmp_client *client);

/* Links that the client probes on, as bits of link numbers; none to begin with. */
void mvmp_client_set_links(struct mvmp_client *client, uint32_t links);

/* Which of them are Unix links (mvmp_link.has_macs false): a member that is reachable on both is
 * asked there, and addresses on them say nothing of MACs. */
void mvmp_client_set_local_links(struct mvmp_client *client, uint32_t links);

/* After each connect, tells the other member which cluster state and key `identity` (borrowed)
 * holds, hands over what is newer there, and takes what is newer. */
void mvmp_client_set_cluster(struct mvmp_client *client, const struct mvmp_identity *identity,
	mvmp_cluster_newer *newer, void *ctx);

/* The identity took something over: hands it to the members connected that hold something older,
 * at most `most` of them now. True when there are more, for later. */
bool mvmp_client_share(struct mvmp_client *client, unsigned most, uint64_t now);

/* To be called each second: asks the members connected what they hold, each every 5 s, at most
 * `most` of them now, and exchanges. */
void mvmp_client_inquire(struct mvmp_client *client, unsigned most, uint64_t now);

/* Members heard of so far, most recently seen first; borrowed until the next call. A member
 * seen on a Unix link and on a wire is listed once for each. */
size_t mvmp_client_peers(const struct mvmp_client *client, const struct mvmp_peer **ret);

#endif
