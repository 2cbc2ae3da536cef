/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_NET_H
#define MVCTL_NET_H

/* The connection of one mvctl: identity, links, who is there, and calls to many at once. */

#include "mvctl.h"
#include "nodeset.h"
#include <mvmp/run.h>

#define MVCTL_RUN_DIR "/run/mvmp"

struct mvctl_net {
	struct ev_loop *loop;
	struct mvmp_identity identity;
	char *directory; /* it came from */
	struct mvmp_run *run;
	struct mvmp_key_log *key_log;
	struct ev_signal sigint, sigterm;
	bool interrupted;
	bool wire; /* an Ethernet interface is among the links */
	bool listen_stats;
	char links[64];	    /* "eth1", "this host" for sentences */
	char left_out[300]; /* why a configured interface is not used; "" when it is */
	bool probed;
	/* Stats frames and sessions that end, for `stats --follow`. */
	void (*event)(void *ctx, const struct mvmp_event *event);
	void *event_ctx;
};

/* Loads the identity and opens the links, once. 0 or an exit code (reported). `listen_stats`
 * also opens what receives stats frames. */
int mvctl_connect(struct mvctl *ctl, bool listen_stats);
void mvctl_disconnect(struct mvctl *ctl);

/* Runs the loop until `done` says so (NULL: never), time is up, or a signal came. */
void mvctl_wait(struct mvctl *ctl, double seconds, bool (*done)(void *ctx), void *ctx);

/* A member to be asked. */
struct mvctl_node {
	char name[MVMP_NAME_MAX + 1]; /* or the MAC that was asked for */
	char id[9];		      /* node id, "" when not known */
	bool found;		      /* `peer` holds what it said */
	struct mvmp_peer peer;
	uint8_t mac[MVMP_MAC_LEN];
	bool by_mac; /* asked for by MAC, not looked for */
};

struct mvctl_nodes {
	struct mvctl_node *node;
	unsigned count;
};

void mvctl_nodes_clear(struct mvctl_nodes *nodes);

/* Who answers probes now and has one of the roles, in natural order, each member once (by its
 * Unix link where it has both). Stops early when `enough` (may be NULL) is satisfied. */
int mvctl_discover(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret,
	bool (*enough)(void *ctx, const struct mvctl_nodes *so_far), void *ctx);

/* -i without --run: nodes count only where they are heard on the wire. */
static inline bool mvctl_wire_only(const struct mvctl *ctl)
{
	return ctl->opt.interface && !ctl->opt.run_dir;
}

/* Those heard of so far, without asking again. */
void mvctl_heard(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret);

/* The nodes that -n, --all or nothing means. 0 or an exit code (reported). */
int mvctl_select_nodes(struct mvctl *ctl, struct mvctl_nodes *ret);

/* The aggregator to ask. 0 or an exit code (reported). */
int mvctl_select_aggregator(struct mvctl *ctl, struct mvctl_node *ret);

/* One member's answer. */
struct mvctl_reply {
	const struct mvctl_node *node;
	char name[MVMP_NAME_MAX + 1]; /* of who answered, else of who was asked */
	struct mvmp_error error;      /* status MVMP_OK when it worked */
	uint8_t *body;
	size_t body_len;
	uint8_t operation[MVMP_ID_LEN];
	bool mutates, started, ended;
	mvmp_session session;
	uint64_t elapsed_ns;
	struct mvmp_cert cert; /* of who answered */
	/* private */
	struct mvctl_ask *ask;
	uint64_t call;
};

/* Asks all nodes the same, in parallel; replies[i] is nodes[i]'s (zeroed by the caller). Returns 0
 * when every reply has an end, or MVCTL_EXIT_INTERRUPTED (reported, with the operation ids that
 * are under way). `role` is that of the members asked. */
int mvctl_ask_all(struct mvctl *ctl, const struct mvctl_nodes *nodes, uint16_t role,
	enum mvmp_verb verb, const void *body, size_t len, struct mvctl_reply *replies);

/* mvctl_ask_all() of one. */
int mvctl_ask_one(struct mvctl *ctl, const struct mvctl_node *node, uint16_t role,
	enum mvmp_verb verb, const void *body, size_t len, struct mvctl_reply *reply);

void mvctl_replies_clear(struct mvctl_reply *replies, unsigned count);

/* Reports the failed replies, equal ones folded; counts those that did well. `what` names the
 * request in sentences ("pin web-07 vCPU 0"). */
void mvctl_report_replies(
	struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count, const char *what);

/* Marks an answer that could not be understood. */
void mvctl_bad_answer(struct mvctl_reply *reply);

#endif
