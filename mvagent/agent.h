/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_AGENT_H
#define MVA_AGENT_H

/*
 * The agent without its process: samples the node, serves subscriptions, answers verbs, keeps
 * the journal of what it was told to change. Clock, disk and sending come in through the env,
 * so that a simulator runs the very same code; main.c binds it to libev.
 */

#include "backend.h"
#include "disk.h"
#include <mvmp/server.h>

struct mva_agent;

/* What the owner provides; outlives the agent. `now` is the endpoint's time everywhere. */
struct mva_agent_env {
	void *ctx;
	uint64_t (*mono_ns)(void *ctx);
	uint64_t (*wall_ns)(void *ctx);
	/* As mvmp_server_answer(), mvmp_endpoint_stats_room(), mvmp_endpoint_send_stats(). */
	void (*answer)(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
		size_t len, uint64_t now);
	size_t (*stats_room)(void *ctx, mvmp_session session);
	int (*send_stats)(
		void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now);
	/* Runs mva_batch_run() out of the event loop, then calls mva_agent_committed(), which it
	 * may do at once. The batch belongs to the owner until then. */
	void (*commit)(void *ctx, struct mva_batch *batch);
	/* Verbs of every member (LINK_READ, CLUSTER_EXCHANGE): answers the request. */
	void (*member_verb)(void *ctx, const struct mvmp_request *request, uint64_t now);
};

struct mva_agent_config {
	struct mva_agent_env env;
	const struct mva_backend_ops *backend;
	const char *backend_options;
	struct mva_privops *priv; /* NULL for backends that need none */
	const char *node;	  /* the member's name */
	uint8_t host_boot[MVMP_ID_LEN], instance[MVMP_ID_LEN];
	unsigned interval_ms;  /* of the agent's own samples, kept in the ring; 0: 10 s */
	struct mva_disk *disk; /* borrowed */
	const char *state;     /* the disk's path, for sentences; may be NULL */
	/* A sentence about what was found damaged at the start; may be NULL. */
	void (*warn)(void *ctx, const char *text);
};

int mva_agent_new(const struct mva_agent_config *config, uint64_t now, struct mva_agent **ret,
	struct mvmp_error *err);
void mva_agent_free(struct mva_agent *agent);

/* A mvmp_server_handler; ctx is the agent. */
void mva_agent_request(void *ctx, const struct mvmp_request *request, uint64_t now);

/* A caller was refused before the handler saw its request; for the audit log, rate-limited. */
void mva_agent_refused(struct mva_agent *agent, const struct mvmp_cert *caller,
	const struct mvmp_verb_info *verb, const struct mvmp_error *why, uint64_t now);

/* Another member brought a cluster state, a cluster key or a certificate, which was taken over: for
 * the audit log. `what` says which. */
void mva_agent_identity_changed(struct mva_agent *agent, const struct mvmp_cert *from,
	enum mvmp_verb verb, const char *what, uint64_t now);

void mva_agent_session_down(struct mva_agent *agent, mvmp_session session);
void mva_agent_committed(struct mva_agent *agent, int rc, uint64_t now);

void mva_agent_advance(struct mva_agent *agent, uint64_t now);
uint64_t mva_agent_deadline(const struct mva_agent *agent);

/* True while a batch is under way; when it ends another may begin. */
bool mva_agent_saving(const struct mva_agent *agent);

struct mva_backend *mva_agent_backend(struct mva_agent *agent);

#endif
