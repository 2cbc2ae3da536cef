/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_ENDPOINT_H
#define MVMP_ENDPOINT_H

/*
 * One member on its links: discovery, handshakes, sessions, the reliable control channel and
 * the unacknowledged stats channel. A pure state machine: frames and time go in, frames and
 * events come out. It reads no clock, opens no socket, keeps no global.
 *
 *   owner                     endpoint
 *   frame from a link  ---->  mvmp_endpoint_receive()  ---> env.event, env.send
 *   timer expired      ---->  mvmp_endpoint_advance()  ---> env.event, env.send
 *   when to come back  <----  mvmp_endpoint_deadline()
 *
 * `now` is monotonic nanoseconds from the owner and never goes back. Events are delivered
 * from inside the calls; a handler may call the endpoint again except mvmp_endpoint_free(),
 * mvmp_endpoint_receive() and mvmp_endpoint_advance().
 */

#include <mvmp/identity.h>
#include <mvmp/link.h>
#include <mvmp/verdict.h>

struct mvmp_endpoint;

/* Names a session of this endpoint; 0 is none. Stays the same across rekeying; never reused
 * while the endpoint lives. */
typedef uint64_t mvmp_session;

/* What a BEACON (or an authenticated session) told of a member. A hint until a session proves
 * it. */
struct mvmp_peer {
	struct mvmp_addr addr;
	char name[MVMP_NAME_MAX + 1];
	uint16_t roles;
	uint8_t host_boot[MVMP_ID_LEN];		   /* changes when the machine reboots */
	uint8_t instance[MVMP_ID_LEN];		   /* changes when the program restarts */
	uint8_t fingerprint[MVMP_FINGERPRINT_LEN]; /* of its certificate */
	uint16_t mtu;
	unsigned macs;
	uint8_t mac[MVMP_CERT_MACS_MAX][MVMP_MAC_LEN];
	uint64_t cluster_number; /* of its cluster state; 0 in BEACONs, which do not tell it */
	uint64_t seen;		 /* endpoint time of the last BEACON or valid DATA */
};

enum mvmp_event_type {
	MVMP_EVENT_BEACON,	 /* peer */
	MVMP_EVENT_SESSION_UP,	 /* session, peer, cert, initiated */
	MVMP_EVENT_SESSION_DOWN, /* session, status, text: pending messages are lost; also the end
				    of a connect that failed */
	MVMP_EVENT_MESSAGE,	 /* session, bytes: one whole reliable message */
	MVMP_EVENT_STATS,	 /* session, bytes: payload of one stats frame */
	MVMP_EVENT_WRITABLE,	 /* session: mvmp_endpoint_send() that said -EAGAIN may work now */
};

/* Valid during the callback only. */
struct mvmp_event {
	enum mvmp_event_type type;
	mvmp_session session;
	const struct mvmp_peer *peer;
	const struct mvmp_cert *cert; /* the peer's, checked */
	bool initiated;		      /* SESSION_UP: we connected */
	enum mvmp_status status;
	const char *text;
	const uint8_t *bytes;
	size_t len;
};

/* What a responder gave us in a session: shown in the next handshake with it, the ticket keeps us
 * apart from whoever floods it. Secret; worth keeping over a restart. */
struct mvmp_ticket {
	uint8_t responder[MVMP_FINGERPRINT_LEN]; /* fingerprint of its certificate */
	uint8_t id[MVMP_TICKET_ID_LEN];
	uint8_t secret[MVMP_TICKET_SECRET_LEN];
};

/* What the owner provides; must outlive the endpoint. */
struct mvmp_endpoint_env {
	void *ctx;
	/* As mvmp_link_ops.send on link number `to->link`; the endpoint counts failures and
	 * carries on: the reliable channel repeats. */
	int (*send)(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel,
		uint8_t *frame, size_t len);
	void (*random)(void *ctx, void *to, size_t len);
	uint64_t (*wall_s)(void *ctx); /* seconds since 1970, for certificates */
	void (*event)(void *ctx, const struct mvmp_event *event);
};

struct mvmp_endpoint_config {
	struct mvmp_identity *identity; /* borrowed; must outlive the endpoint */
	struct mvmp_endpoint_env env;
	uint8_t host_boot[MVMP_ID_LEN];
	unsigned sessions_max;	/* table size; 0: 64 */
	unsigned half_open_max; /* unconfirmed handshakes a responder holds; 0: 64 */
	unsigned asked_max;	/* bytes of a message taken on sessions that others opened; 0:
				   MVMP_MESSAGE_MAX */
	bool answer_probes;	/* send BEACONs and accept INITs (role node or aggregator) */
	/* Gets a line for every key that opens frames of this endpoint, secrets in hex, as
	 * docs/wireshark.md says; called with env.ctx. NULL (the default): nothing is told. */
	void (*key_log)(void *ctx, const char *line);
	/* A ticket that was not known yet, with env.ctx; borrowed. May be NULL. */
	void (*ticket)(void *ctx, const struct mvmp_ticket *ticket);
};

/* Allocates all tables now. *ret is freed by mvmp_endpoint_free(). */
int mvmp_endpoint_new(const struct mvmp_endpoint_config *config, uint64_t now,
	struct mvmp_endpoint **ret, struct mvmp_error *err);
void mvmp_endpoint_free(struct mvmp_endpoint *ep);

/* Gives back a ticket that was kept. What does not fit replaces the one used least lately. */
void mvmp_endpoint_add_ticket(struct mvmp_endpoint *ep, const struct mvmp_ticket *ticket);

/* Announces link number `index` (0 to MVMP_LINKS_MAX - 1) or its changed properties. */
int mvmp_endpoint_set_link(struct mvmp_endpoint *ep, unsigned index, const struct mvmp_link *link);
void mvmp_endpoint_drop_link(struct mvmp_endpoint *ep, unsigned index, uint64_t now);

/* Takes one frame (header and payload, perhaps padding). The bytes are borrowed. */
enum mvmp_verdict mvmp_endpoint_receive(struct mvmp_endpoint *ep, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len, uint64_t now);

/* Runs what is due at `now`. */
void mvmp_endpoint_advance(struct mvmp_endpoint *ep, uint64_t now);

/* When mvmp_endpoint_advance() is wanted next; UINT64_MAX: not before something arrives. */
uint64_t mvmp_endpoint_deadline(const struct mvmp_endpoint *ep);

/* Asks who is there: to everybody on the link (mac NULL), answers spread over `spread_ms`, or
 * to one address. Answers arrive as MVMP_EVENT_BEACON. */
int mvmp_endpoint_probe(struct mvmp_endpoint *ep, unsigned link, const uint8_t *mac,
	unsigned spread_ms, uint64_t now);

/*
 * Starts a session with the member at an address: probes for its boot id where it is not known,
 * then shakes hands, repeating lost frames until `give_up` (endpoint time). Ends with
 * SESSION_UP or SESSION_DOWN (MVMP_NO_ANSWER, MVMP_NOT_TRUSTED with the reason). `expect_mac`
 * (may be NULL) must stand in the certificate that answers, and one of `expect_roles` (0: any)
 * must be among its roles: an agent and an aggregator may share a MAC. Returns 0 when no session
 * is free.
 */
mvmp_session mvmp_endpoint_connect(struct mvmp_endpoint *ep, const struct mvmp_addr *to,
	const uint8_t *expect_mac, uint16_t expect_roles, uint64_t give_up, uint64_t now);

/* Says goodbye and forgets; no event follows. Unknown sessions are ignored. */
void mvmp_endpoint_close(struct mvmp_endpoint *ep, mvmp_session session, uint64_t now);

/* Queues one message (copied) of 1 to MVMP_MESSAGE_MAX bytes. 0, -ENOTCONN, -EAGAIN (queue
 * full: WRITABLE follows), -EMSGSIZE, -ENOMEM. */
int mvmp_endpoint_send(struct mvmp_endpoint *ep, mvmp_session session, const void *bytes,
	size_t len, uint64_t now);

/* Payload bytes that one stats frame of this session carries; 0 when there is no session. */
size_t mvmp_endpoint_stats_room(const struct mvmp_endpoint *ep, mvmp_session session);

/* Seals and sends one stats frame, never queued, never repeated. 0, -ENOTCONN, -EMSGSIZE, or
 * what the link said. Allocates nothing. */
int mvmp_endpoint_send_stats(struct mvmp_endpoint *ep, mvmp_session session, const void *bytes,
	size_t len, uint64_t now);

/* The authenticated peer of a session that is up, NULL otherwise. Valid until the next call. */
const struct mvmp_cert *mvmp_endpoint_cert(const struct mvmp_endpoint *ep, mvmp_session session);
const struct mvmp_peer *mvmp_endpoint_peer(const struct mvmp_endpoint *ep, mvmp_session session);

struct mvmp_endpoint_counters {
	uint64_t frames_in[2], frames_out[2], bytes_in[2], bytes_out[2]; /* by mvmp_channel */
	uint64_t send_failures;
	uint64_t sessions_up, handshakes_started, handshakes_answered, rekeys;
	uint64_t handshakes_by_ticket; /* of those answered, under load by a ticket */
	uint64_t cookies_sent;	       /* and refusals */
	uint64_t fragments_sent, retransmissions, spurious_retransmissions;
	uint64_t beacons_sent, probes_answered, probes_ignored;
	struct mvmp_drops drops;
};
const struct mvmp_endpoint_counters *mvmp_endpoint_counters(const struct mvmp_endpoint *ep);

/* This endpoint's own instance boot id (drawn at mvmp_endpoint_new). */
const uint8_t *mvmp_endpoint_instance(const struct mvmp_endpoint *ep);

/* The identity holds other cluster keys than before. Sessions go on, and renew under the newer
 * one; nothing is accepted any more under one that it holds no longer. */
void mvmp_endpoint_take_keys(struct mvmp_endpoint *ep, uint64_t now);

/* The identity has another certificate than before: PROBEs, BEACONs and handshakes show it from
 * now on, and sessions that this side made renew their keys soon. */
void mvmp_endpoint_take_cert(struct mvmp_endpoint *ep, uint64_t now);

/* The cluster state changed (identity updated by the owner), or time passed: sessions and
 * handshakes of members whose certificate is revoked or expired now, or was signed by a CA key that
 * was taken away, end. */
void mvmp_endpoint_recheck(struct mvmp_endpoint *ep, uint64_t now);

#endif
