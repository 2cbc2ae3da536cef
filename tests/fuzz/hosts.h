/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTS_H
#define HOSTS_H

/*
 * Whole members on one segment in virtual time, for targets that feed sequences: an endpoint
 * with a client, or with a server and an agent over the null backend. Whatever happens, what an
 * owner may rely on is checked at each step; what does not hold aborts.
 */

#include "cheap.h"
#include <mvmp/client.h>
#include <mvmp/server.h>
#include <world.h>

enum hosts_limits { HOSTS_MAX = 4, HOST_HANDLES = 1024, HOST_CALLS = 64 };

enum host_kind {
	HOST_CLIENT, /* asks */
	HOST_AGENT,  /* is asked */
	HOST_BARE,   /* answers handshakes; what comes is the hook's */
};

struct hosts;
struct mva_agent;
struct mva_batch;
struct mva_disk;

/* One request; it ends once. Its place is used again after that. */
struct host_call {
	uint64_t deadline;
	bool under_way;
	struct mvmp_error error;
};

struct host {
	struct hosts *hosts;
	enum host_kind kind;
	struct mvmp_identity identity;
	struct test_node *member;
	struct mvmp_client *client;
	struct mvmp_server *server;
	struct mva_agent *agent;
	struct mva_disk *disk;
	struct mva_batch *batch;
	mvmp_session last;	       /* session that came up last */
	mvmp_session up[HOST_HANDLES]; /* the latest, by number; 0: ended */
	unsigned ups;
	struct host_call call[HOST_CALLS];
	/* Sees each event beside client and server; may be NULL. */
	void (*hook)(struct host *host, const struct mvmp_event *event);
};

struct hosts {
	struct test_world world;
	struct host host[HOSTS_MAX];
	unsigned count;
};

void hosts_init(struct hosts *hosts, uint64_t seed);
void hosts_clear(struct hosts *hosts);
struct host *hosts_add(struct hosts *hosts, enum host_kind kind);

void host_kill(struct host *host);
void host_start(struct host *host);

/* Runs for a while. */
void hosts_run_ms(struct hosts *hosts, uint64_t ms);

/* Asks; NULL when the client refuses or all places are used. */
struct host_call *host_ask(struct host *host, const struct host *of, enum mvmp_verb verb,
	const void *body, size_t len, uint64_t timeout_ms);
struct host_call *host_ping(struct host *host, const struct host *of, uint64_t timeout_ms);

/* A ping that must be answered within `ms`. */
void host_must_reach(struct host *host, const struct host *of, uint64_t ms);

#endif
