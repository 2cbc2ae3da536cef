/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_NODE_H
#define MVS_NODE_H

/* One node as the aggregator sees it, and the core around it. For statsd's own files. */

#include "core.h"
#include "live.h"
#include "timeline.h"
#include <mvmp/bytes.h>
#include <mvmp/index.h>
#include <protobuf-c/protobuf-c.h>
#include <sys/queue.h>

/* Numbers of NodesAnswer.Node.state. */
enum mvs_state {
	MVS_STATE_UNKNOWN = 0,
	MVS_STATE_UP = 1,
	MVS_STATE_STALE = 2, /* no sample for two intervals */
	MVS_STATE_DOWN = 3,  /* none for five, or the session is gone */
};

enum mvs_phase {
	MVS_IDLE,	 /* waits for retry_ns */
	MVS_READING,	 /* SAMPLE_READ under way: who is it, how does it stand */
	MVS_SUBSCRIBING, /* SUBSCRIBE under way */
	MVS_FILLING,	 /* RING_READ under way: samples come that we missed */
	MVS_RUNNING,
};

enum {
	MVS_FAILURES_MANY = 5, /* from then on a node is asked seldom, unless it is heard */
	MVS_SUBSCRIPTION = 1,  /* our number for it, one a node */
	MVS_LIFETIME_S = 60,
	MVS_CALL_MS = 3000,
	MVS_FILL_MS = 300, /* ring frames may still come this long after the answer */
	MVS_WAYS = 4,
	MVS_UNPROVED_MAX = 512, /* names heard of that no certificate proved yet */
	MVS_PROVE_S = 60,	/* then they are forgotten */
	MVS_HANDSHAKE_S = 5,	/* so long none makes room for another */
	MVS_RING_S = 600,	/* how far back nodes' rings reach */
};

/* An address that somebody called this node's. */
struct mvs_way {
	struct mvmp_addr addr;
	uint64_t heard_ns;
};

struct mvs_node {
	struct mvs_core *core;
	LIST_ENTRY(mvs_node) link, unproved;
	struct mvmp_index_entry by_name;
	char text[MVMP_NAME_MAX + 1]; /* as asked for by the owner; "" when discovered */
	char name[MVMP_NAME_MAX + 1]; /* of its certificate; "" before the first answer */
	char node_id[9];
	bool told; /* by the owner; the others are forgotten unless they prove it */
	uint64_t began_ns;
	/* Where it may be; the first one is where it answered last, when `proved`. */
	struct mvs_way way[MVS_WAYS];
	unsigned ways, turn;
	bool proved;
	uint8_t mac[MVMP_MAC_LEN];
	enum mvs_phase phase;
	mvmp_session session;
	mvmp_session counted; /* whose frames are */
	uint64_t call;	      /* under way, 0: none */
	uint64_t retry_ns, refresh_ns, fill_ns, failed_ns;
	unsigned failures;    /* in a row */
	uint32_t interval_ms; /* in force */
	struct mvs_live live;
	struct mvs_snapshot ring; /* a sample being put together from the ring */
	struct mvs_offset offset;
	uint8_t host_boot[MVMP_ID_LEN]; /* that the offset belongs to */
	struct mvs_dir *dir;
	uint64_t stored_ms;   /* store time of the newest sample stored */
	uint64_t untimely;    /* samples and records left out: of times that cannot be */
	uint64_t untimely_ns; /* until when that is worth a note */
	char note[128];	      /* why it is not up, from the last failure */
	char conflict[128];   /* a domain that another node claims too */
	uint64_t conflict_ns;
	bool refused;	  /* entities beyond the store's limit */
	bool superfluous; /* another entry is the same node: to be removed */
	bool admitted;	  /* is in the core's list of those a BEACON told */
	uint64_t due_ns;  /* turns.c */
	uint32_t turn_at;
};
LIST_HEAD(mvs_nodes, mvs_node);

/* Which node claims a domain. */
struct mvs_claim {
	uint8_t domain[MVMP_ID_LEN];
	struct mvs_node *node;
	uint64_t seen_ns;
};

/* Whose session it was the last time; a guess that is checked. Sessions' low bits are their places
 * in the endpoint's table: as many routes as nodes do not get into each other's way. */
struct mvs_route {
	mvmp_session session;
	struct mvs_node *node;
};

struct mvs_core {
	struct mvs_core_config config;
	struct mvs_route *route; /* by the session's low bits */
	uint32_t routes;	 /* a power of two */
	struct mvs_nodes nodes;
	struct mvmp_index named; /* names.c */
	struct mvs_nodes
		unproved; /* told by BEACONs; those proved since leave it when it is looked at */
	uint32_t node_count;
	struct mvs_node **turn; /* heap, see turns.c */
	uint32_t turns, turn_room;
	struct mvs_timeline timeline;
	uint64_t now; /* of the last event or advance */
	uint64_t began_ns, probe_ns, clock_ns;
	struct mvs_claim *claim;
	uint32_t claims, claim_slots;
	ProtobufCAllocator allocator; /* of requests that are decoded */
	bool starved;		      /* it found no memory: the request is not malformed */
};

/* The one place that says how a node is. */
enum mvs_state mvs_node_state(const struct mvs_node *node, uint64_t now);

/* Age of its newest sample; UINT64_MAX when there was none. */
uint64_t mvs_node_age(const struct mvs_node *node, uint64_t now);

/* What a person should know of it; "" when nothing. */
const char *mvs_node_note(const struct mvs_node *node, uint64_t now);

/* What the node is called in lists: its name, or what was asked for. */
const char *mvs_node_label(const struct mvs_node *node);

struct mvs_node *mvs_node_add(struct mvs_core *core, const char *text);
void mvs_node_remove(struct mvs_node *node);

/* Takes a name that a BEACON told, which anybody may have made up: a bounded number of them, one
 * an address, the oldest giving way. NULL when there is no place. */
struct mvs_node *mvs_node_admit(struct mvs_core *core, const struct mvmp_peer *peer, uint64_t now);

/* When it is forgotten, as a name that nobody asked for and no certificate proved in time;
 * UINT64_MAX: it is none. */
uint64_t mvs_node_forgotten_at(const struct mvs_node *node);

/* names.c: nodes by what they are called. `put` when a node is made and when its name becomes
 * known: 0 or -ENOMEM, the latter for the first node alone; `proved` finds who proved a name,
 * `heard` whom a BEACON is of. */
int mvs_names_put(struct mvs_node *node);
struct mvs_node *mvs_names_proved(const struct mvs_core *core, const char *name);
struct mvs_node *mvs_names_heard(const struct mvs_core *core, const struct mvmp_peer *peer);

/* turns.c: whose turn is next. mvs_node_arm() after whatever changed a node's timers; 0 or -ENOMEM
 * of adding. */
int mvs_turns_add(struct mvs_node *node);
void mvs_turns_remove(struct mvs_node *node);
void mvs_node_arm(struct mvs_node *node);
struct mvs_node *mvs_turns_first(const struct mvs_core *core);

/* Ways to the node. `heard` takes an address as a hint; `next` tells the one whose turn it is,
 * NULL when none is known: every other time the one where it answered last; `prove` makes an
 * address that one; `drop` forgets the one whose turn it is. */
void mvs_way_heard(struct mvs_node *node, const struct mvmp_addr *addr, uint64_t now);
const struct mvmp_addr *mvs_way_next(const struct mvs_node *node);
void mvs_way_prove(struct mvs_node *node, const struct mvmp_addr *addr);
void mvs_way_drop(struct mvs_node *node);
bool mvs_way_is(const struct mvs_way *way, const struct mvmp_addr *addr);

/* Takes the node's directory of the store, once its name is known. */
void mvs_node_adopt_dir(struct mvs_node *node, bool create);

/* Lists the nodes that the store knows, as down: they are connected to when they are heard.
 * 0 or -ENOMEM. */
int mvs_nodes_from_store(struct mvs_core *core);
struct mvs_node *mvs_node_find(struct mvs_core *core, const char *name); /* name, id or MAC */
struct mvs_node *mvs_node_of_session(struct mvs_core *core, mvmp_session session);

/* The same for a session that ended: nobody is looked up by its certificate. */
struct mvs_node *mvs_node_of_ended(struct mvs_core *core, mvmp_session session);

/* connect.c: keeps the subscription. */
void mvs_node_advance(struct mvs_node *node, uint64_t now);
uint64_t mvs_node_deadline(const struct mvs_node *node);
void mvs_node_heard(struct mvs_core *core, const struct mvmp_peer *peer, uint64_t now);
void mvs_node_lost(struct mvs_node *node, const char *why, uint64_t now);

/* ingest.c: frames to live table to rows. */
void mvs_node_frame(
	struct mvs_node *node, const uint8_t *bytes, size_t len, bool numbered, uint64_t now);
void mvs_node_frame_end(struct mvs_node *node, uint64_t now); /* of the ring */
void mvs_node_expire(struct mvs_node *node, uint64_t now);

/* claims.c: notes whose the domains are; names conflicts. */
void mvs_claims_update(struct mvs_node *node, uint64_t now);
void mvs_claims_forget(struct mvs_node *node);

#endif
