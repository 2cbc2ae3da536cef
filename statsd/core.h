/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_CORE_H
#define MVS_CORE_H

/*
 * The aggregator without its process: finds nodes, keeps subscriptions, keeps the live table,
 * feeds the store, answers requests. Sans-I/O: events and time go in; what it sends leaves by
 * the endpoint it was given. main.c binds it to libev, the simulator to virtual time.
 */

#include "store.h"
#include "workers.h"
#include <mvmp/client.h>
#include <mvmp/server.h>

struct mvs_core;

struct mvs_core_config {
	struct mvmp_endpoint *endpoint;
	struct mvmp_client *client;
	struct mvmp_server *server; /* may be set later: mvs_core_set_server() */
	struct mvs_store *store;
	struct mvs_workers *workers; /* draw and read history; NULL: those verbs are unsupported */
	uint32_t links;		     /* bits: probed on */
	uint32_t interval_ms;
	uint32_t kinds;	    /* bits of enum mvmp_entity */
	bool discover;	    /* take every node that answers probes */
	uint32_t nodes_max; /* 0: 4096 */
	uint64_t (*wall_ns)(void *ctx);
	/* Open link number `index` or NULL, for LINK_READ; may be NULL. */
	const struct mvmp_link *(*link_at)(void *ctx, unsigned index);
	/* One line for the program's log; may be NULL. */
	void (*log)(void *ctx, const char *text);
	void *ctx;
};

int mvs_core_new(const struct mvs_core_config *config, uint64_t now, struct mvs_core **ret,
	struct mvmp_error *err);
void mvs_core_free(struct mvs_core *core);
void mvs_core_set_server(struct mvs_core *core, struct mvmp_server *server);

/* A node to hold whatever discovery finds: a name, node id or MAC. MVMP_INVALID, MVMP_BUSY. */
int mvs_core_add_node(struct mvs_core *core, const char *text, struct mvmp_error *err);

/* Events that neither server nor client consumed. */
void mvs_core_event(struct mvs_core *core, const struct mvmp_event *event, uint64_t now);

/* Handler of mvmp_server_new() / mvmp_run_serve(); ctx is the core. */
void mvs_core_request(void *ctx, const struct mvmp_request *request, uint64_t now);

void mvs_core_advance(struct mvs_core *core, uint64_t now);
uint64_t mvs_core_deadline(const struct mvs_core *core);

#endif
