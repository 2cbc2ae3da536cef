/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CLIENT_PRIVATE_H
#define MVMP_CLIENT_PRIVATE_H

/*
 * Inside the client:
 *   client.c       the public calls, events and time
 *   call.c         one call: find the member, use a connection, send, repeat, end
 *   states.c       where a call stands, and so what it can be found by
 *   doubt.c        whose certificate proves a name that several announce
 *   connection.c   sessions by address, shared by the calls
 *   peers.c, target.c, keys.c   members heard of, and who is meant
 *
 * Nothing is found by walking: thousands of calls may be under way at once.
 */

#include "envelope.h"
#include "exchange.h"
#include "peers.h"
#include <mvmp/heap.h>
#include <mvmp/pool.h>
#include <sys/queue.h>

enum {
	CALLS_MAX = 65536,
	PROBE_FIRST_MS = 30, /* until the second probe */
	PROBE_PAUSE_MAX_MS = 300,
	/* Answers to a multicast probe are spread over this time: little for the first, which is
	 * enough for a rack; the later ones are for segments of thousands. */
	PROBE_SPREAD_FIRST_MS = 2,
	PROBE_SPREAD_MS = 50,
	RETRY_MS = 50,	   /* between attempts that failed at once */
	DOUBT_MS = 300,	   /* a name that a certificate disproved may still be another's */
	DOUBT_TURN_MS = 5, /* between looks at handshakes under way */
	DOUBTED_MAX = 8,   /* of one name, asked at once */
	INQUIRE_S = 5,	   /* what another member holds is asked anew */
	EXCHANGE_S = 5,	   /* for the answer */
	CONNECT_MS = 1000, /* an address that does not answer for so long is forgotten */
	/* Members probed alone or shaken hands with at once: more would only wait for each other,
	 * and their answers would find the receive ring full. */
	SLOTS = 64,
	SLOT_PROBES = 2, /* who does not answer so many gives its slot to others */
};

enum call_state {
	CALL_LOOKING,	 /* no address yet, or a pause before the next attempt */
	CALL_QUEUED,	 /* waits for a slot */
	CALL_CONNECTING, /* waits for its connection */
	CALL_READY,	 /* connected, the queue was full */
	CALL_SENT,
	CALL_ENDED, /* `answer.error` is set; done is to be called */
};

/* A session to one address. */
struct connection {
	LIST_ENTRY(connection) all;
	struct mvmp_index_entry by_session, by_addr, by_key[RPC_KEYS_MAX];
	LIST_HEAD(, call) calls; /* that wait for it, or for answers over it */
	uint16_t role;		 /* it was wanted for */
	mvmp_session session;
	struct mvmp_addr addr;
	bool up;
	bool kept;	    /* carries a subscription: not closed to make room */
	uint64_t used;	    /* last call */
	uint64_t exchange;  /* id of the ClusterExchange under way */
	uint64_t exchanged; /* when the last one began */
	bool told;	    /* it said what it holds: */
	struct rpc_standing theirs;
	struct rpc_standing handed; /* what was handed over last */
};

struct call {
	LIST_ENTRY(call) all, on_connection;
	TAILQ_ENTRY(call) queue; /* of those that wait for a slot, or that ended */
	struct mvmp_index_entry by_id, by_request, by_target;
	struct mvmp_timer timer;
	struct connection *connection; /* whose `calls` it is among, or NULL */
	bool slot;		       /* holds one */
	uint64_t id;
	enum call_state state;
	struct rpc_target target;
	const struct mvmp_verb_info *verb;
	uint8_t operation[MVMP_ID_LEN];
	size_t body_len;
	uint64_t started, deadline;
	uint64_t due; /* next step; call_settle() makes it count */
	unsigned probes;
	uint64_t first_probe;
	mvmp_session session;
	uint64_t request; /* id of the last request sent */
	unsigned sends;	  /* how often it may have been delivered */
	uint64_t probe_due;
	uint64_t doubted;	   /* when its name was doubted first; 0: never */
	struct mvmp_error liar;	   /* who answered in its name, and is not it */
	struct mvmp_error trouble; /* last thing that went wrong, for the sentence at the end */
	struct mvmp_error error;
	mvmp_client_done *done;
	void *ctx;
	uint8_t body[];
};

struct mvmp_client {
	struct mvmp_endpoint *ep;
	uint32_t links;
	struct rpc_peers peers;
	struct rpc_cluster cluster;
	LIST_HEAD(, connection) connections;
	struct mvmp_index sessions,
		addresses; /* connections; addresses and names of certificates */
	LIST_HEAD(, call) calls;
	TAILQ_HEAD(, call) queued, ended;
	struct mvmp_index ids, requests, looking; /* calls */
	struct mvmp_heap heap;
	struct mvmp_pool pool; /* of calls that ended */
	unsigned count, slots; /* calls in all; slots taken */
	struct asking {
		uint64_t at; /* 0: never */
		unsigned times;
	} asked[2]; /* of all on wires [0], on Unix links [1] */
	uint64_t last_id, last_request;
	uint64_t operations; /* drawn so far */
	uint64_t (*wall_s)(void *ctx);
	void *wall_ctx;
	uint64_t now;	     /* the latest that the owner told */
	bool connecting;     /* inside mvmp_endpoint_connect() */
	mvmp_session failed; /* went down before connect returned */
	struct mvmp_error failure;
};

/* ---- call.c ---- */

/* Does what is due at `now`. May mark the call ended, calls no callback of the owner. */
void call_step(struct mvmp_client *client, struct call *call, uint64_t now);
/* Its connection is up, or writable again. */
void call_connected(struct mvmp_client *client, struct call *call,
	const struct connection *connection, uint64_t now);
/* Its connection is gone, with the reason. */
void call_disconnected(struct mvmp_client *client, struct call *call, bool was_up,
	const struct mvmp_error *why, uint64_t now);
void call_end(struct mvmp_client *client, struct call *call, const struct mvmp_error *error);
/* Ends a call that nobody answered, by what may have happened to it. */
void call_end_unanswered(
	struct mvmp_client *client, struct call *call, const struct mvmp_error *why);

/* ---- states.c ---- */

/* Takes a new call into the client's tables: 0 or -ENOMEM. */
int call_enter(struct mvmp_client *client, struct call *call);
/* Takes it out of all, and frees it. */
void call_leave(struct mvmp_client *client, struct call *call);
/* The one way a call changes its state. */
void call_become(struct mvmp_client *client, struct call *call, enum call_state state);
/* After its `due` changed: wakes the client in time. */
void call_settle(struct mvmp_client *client, struct call *call);
/* Puts it among the calls of a connection. */
void call_attach(struct call *call, struct connection *connection);
/* A slot for it, or false: then it is CALL_QUEUED until one is free. */
bool call_take_slot(struct mvmp_client *client, struct call *call);
void call_give_slot(struct mvmp_client *client, struct call *call);

/* ---- doubt.c ---- */

/* A name that several members announce: each is asked for its certificate. Who does not prove
 * the name is forgotten. */
struct doubt {
	mvmp_session proved;		      /* one that does prove it, or 0 */
	struct mvmp_addr proved_at, other_at; /* where; with `proved` and `conflict` */
	bool conflict;			      /* two certificates do */
	bool pending;			      /* some handshake is under way */
};
void doubt_resolve(
	struct mvmp_client *client, struct call *call, struct doubt *doubt, uint64_t now);

/* ---- connection.c ---- */

/* The connection to an address, made when there is none; NULL when no session is free. */
struct connection *connection_get(struct mvmp_client *client, const struct mvmp_addr *addr,
	const uint8_t *expect_mac, uint16_t role, uint64_t give_up, uint64_t now);
/* The one to an address, or NULL. */
struct connection *connection_at(
	struct mvmp_client *client, const struct mvmp_addr *addr, uint16_t role);
/* One that is up and whose certificate is what the target names, or NULL. */
struct connection *connection_find(struct mvmp_client *client, const struct rpc_target *target);
struct connection *connection_by_session(struct mvmp_client *client, mvmp_session session);
void connection_up(struct mvmp_client *client, const struct mvmp_event *event, uint64_t now);
void connection_down(struct mvmp_client *client, mvmp_session session, const struct mvmp_error *why,
	uint64_t now);
/* True when the answer was one to a ClusterExchange. */
bool connection_exchanged(struct mvmp_client *client, mvmp_session session,
	const struct rpc_answer *answer, uint64_t now);
void connections_free(struct mvmp_client *client);

#endif
