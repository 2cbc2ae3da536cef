/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SERVER_H
#define MVMP_SERVER_H

/*
 * The asked side of requests: decodes what arrives on sessions, checks the caller's role for
 * the verb, hands it to one handler, and sends the answer whenever the handler has it.
 * Sans-I/O: driven by endpoint events. At-most-once journaling of mutating verbs is the
 * agent's (mvagent/journal.h), reached through the handler.
 */

#include <mvmp/endpoint.h>
#include <mvmp/verb.h>

struct mvmp_server;

/* Names one request being served; 0 is none. */
typedef uint64_t mvmp_call;

/* A request, checked for role and form of the envelope. Borrowed for the handler's call. */
struct mvmp_request {
	mvmp_call call;
	mvmp_session session;
	const struct mvmp_verb_info *verb;
	const struct mvmp_cert *caller;
	const uint8_t *operation; /* MVMP_ID_LEN bytes; NULL for reading verbs */
	uint32_t deadline_ms;	  /* how long the caller will wait from now */
	const uint8_t *body;	  /* the verb's message, protobuf, not yet decoded */
	size_t body_len;
};

/* Must lead to exactly one mvmp_server_answer() for request->call, now or later. */
typedef void mvmp_server_handler(void *ctx, const struct mvmp_request *request, uint64_t now);

/* A request was refused before the handler saw it, or by the installer: `error` is what the caller
 * was told. */
typedef void mvmp_server_refused(void *ctx, const struct mvmp_cert *caller,
	const struct mvmp_verb_info *verb, const struct mvmp_error *error, uint64_t now);

/* `calls_max` bounds requests being served at once (0: 256); beyond it callers get MVMP_BUSY. */
int mvmp_server_new(struct mvmp_endpoint *ep, uint16_t own_roles, mvmp_server_handler *handler,
	void *ctx, unsigned calls_max, struct mvmp_server **ret);
void mvmp_server_free(struct mvmp_server *server);

/* Tells of refused requests whose verb is known, for an audit log. The rate is the callers'. */
void mvmp_server_set_refused(struct mvmp_server *server, mvmp_server_refused *refused, void *ctx);

/* Answers MVMP_VERB_CLUSTER_EXCHANGE from `identity` (borrowed) instead of by the handler. */
void mvmp_server_set_cluster(struct mvmp_server *server, const struct mvmp_identity *identity,
	mvmp_cluster_newer *newer, void *ctx);

/* Answers MVMP_VERB_CERTIFICATE_INSTALL by this instead of the handler, for the identity of
 * mvmp_server_set_cluster(). */
void mvmp_server_set_installer(struct mvmp_server *server, mvmp_cert_installer *install, void *ctx);

/* Feeds an endpoint event; true when it was a request and is taken care of. SESSION_DOWN is
 * seen (calls of that session lose their way back) but never consumed. */
bool mvmp_server_event(struct mvmp_server *server, const struct mvmp_event *event, uint64_t now);

/* Sends the answer (status, sentence and hint from `err`; err NULL means MVMP_OK). The body is
 * copied. Answers whose session is gone are dropped silently. */
void mvmp_server_answer(struct mvmp_server *server, mvmp_call call, const struct mvmp_error *err,
	const void *body, size_t body_len, uint64_t now);

#endif
