/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"
#include "exchange.h"
#include "mvmp.pb-c.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/server.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALLS_DEFAULT = 256,
	/* Bytes of answers that wait, beside the first: whoever asks and does not take the answers
	 * fills memory until his sessions die. */
	WAITING_MAX = 16 << 20,
};

/* A request being served, or an answer that waits for room in its session's queue. */
struct served {
	mvmp_call call;	      /* 0: free */
	mvmp_session session; /* 0: gone */
	uint64_t id;
	uint8_t caller[MVMP_KEY_LEN]; /* key of his certificate */
	bool secret;		      /* the answer may hold a cluster key */
	uint8_t *answer;	      /* encoded and refused by the endpoint for now */
	size_t answer_len;
};

struct mvmp_server {
	struct mvmp_endpoint *ep;
	uint16_t roles;
	mvmp_server_handler *handler;
	void *ctx;
	mvmp_server_refused *refused; /* may be NULL */
	void *refused_ctx;
	struct rpc_cluster cluster;
	mvmp_cert_installer *install; /* may be NULL */
	void *install_ctx;
	mvmp_call last;
	size_t waiting;		   /* bytes of answers kept */
	unsigned calls_max, taken; /* slots; of them in use */
	struct served served[];
};

int mvmp_server_new(struct mvmp_endpoint *ep, uint16_t own_roles, mvmp_server_handler *handler,
	void *ctx, unsigned calls_max, struct mvmp_server **ret)
{
	unsigned max = calls_max ? calls_max : CALLS_DEFAULT;
	struct mvmp_server *server = calloc(1, sizeof *server + max * sizeof *server->served);

	if (!server)
		return -ENOMEM;
	server->ep = ep;
	server->roles = own_roles;
	server->handler = handler;
	server->ctx = ctx;
	server->calls_max = max;
	*ret = server;
	return 0;
}

static void drop_answer(struct served *served)
{
	if (served->secret && served->answer)
		mvmp_wipe(served->answer, served->answer_len);
	free(served->answer);
	served->answer = NULL;
}

static void forget(struct mvmp_server *server, struct served *served)
{
	server->taken -= served->call != 0;
	drop_answer(served);
	*served = (struct served){0};
}

void mvmp_server_free(struct mvmp_server *server)
{
	if (!server)
		return;
	for (unsigned i = 0; i < server->calls_max; i++)
		forget(server, &server->served[i]);
	free(server);
}

void mvmp_server_set_refused(struct mvmp_server *server, mvmp_server_refused *refused, void *ctx)
{
	server->refused = refused;
	server->refused_ctx = ctx;
}

void mvmp_server_set_cluster(struct mvmp_server *server, const struct mvmp_identity *identity,
	mvmp_cluster_newer *newer, void *ctx)
{
	server->cluster = (struct rpc_cluster){.identity = identity, .newer = newer, .ctx = ctx};
}

void mvmp_server_set_installer(struct mvmp_server *server, mvmp_cert_installer *install, void *ctx)
{
	server->install = install;
	server->install_ctx = ctx;
}

/* Sends the encoded answer; true when it has to wait until the session is writable. Frees the slot
 * when it is of no more use. */
static bool send_or_forget(struct mvmp_server *server, struct served *served, uint64_t now)
{
	int err = mvmp_endpoint_send(
		server->ep, served->session, served->answer, served->answer_len, now);

	if (err == -EAGAIN)
		return true;
	forget(server, served);
	return false;
}

static void send_kept(struct mvmp_server *server, struct served *served, uint64_t now)
{
	size_t len = served->answer_len;

	if (!send_or_forget(server, served, now))
		server->waiting -= len;
}

/* An answer that cannot be sent as it is becomes one that says so. */
static int encode(struct rpc_answer *answer, uint8_t **ret)
{
	int len = rpc_answer_encode(answer, ret);

	if (len == -EMSGSIZE) {
		mvmp_fail(&answer->error, MVMP_TOO_LARGE,
			"the answer has %zu bytes, a message holds %d", answer->body_len,
			MVMP_MESSAGE_MAX);
		mvmp_hint(&answer->error, "ask for less at once");
		answer->body_len = 0;
		len = rpc_answer_encode(answer, ret);
	}
	return len;
}

/* What would fill memory becomes a sentence that says so. */
static void keep(struct mvmp_server *server, struct served *served)
{
	struct rpc_answer answer = {.id = served->id};
	int len;

	if (server->waiting && server->waiting + served->answer_len > WAITING_MAX) {
		mvmp_fail(&answer.error, MVMP_BUSY,
			"too many answers wait to be taken: %zu bytes, at most %d are kept",
			server->waiting, WAITING_MAX);
		drop_answer(served);
		len = rpc_answer_encode(&answer, &served->answer);
		if (len < 0) {
			forget(server, served);
			return;
		}
		served->answer_len = (size_t)len;
	}
	server->waiting += served->answer_len;
}

static void answer_call(struct mvmp_server *server, struct served *served,
	const struct mvmp_error *err, const void *body, size_t body_len, uint64_t now)
{
	struct rpc_answer answer = {.id = served->id, .body = body, .body_len = body_len};
	int len;

	if (err)
		answer.error = *err;
	len = served->session ? encode(&answer, &served->answer) : -ENOTCONN;
	if (len < 0) {
		forget(server, served);
		return;
	}
	served->answer_len = (size_t)len;
	if (send_or_forget(server, served, now))
		keep(server, served);
}

void mvmp_server_answer(struct mvmp_server *server, mvmp_call call, const struct mvmp_error *err,
	const void *body, size_t body_len, uint64_t now)
{
	struct served *served = &server->served[call % server->calls_max];

	if (call && served->call == call && !served->answer)
		answer_call(server, served, err, body, body_len, now);
}

/* One certificate gets three quarters of the slots at most: who asks more than he takes answers of
 * leaves some to others. */
static bool has_enough(const struct mvmp_server *server, const struct mvmp_cert *caller)
{
	unsigned most = server->calls_max - server->calls_max / 4, held = 0;

	if (server->taken < most)
		return false;
	for (unsigned i = 0; i < server->calls_max; i++) {
		const struct served *served = &server->served[i];

		held += served->call && !memcmp(served->caller, caller->key, MVMP_KEY_LEN);
	}
	return held >= most;
}

/* Numbers of calls are such that the slot is the remainder. */
static struct served *take_slot(struct mvmp_server *server, const struct mvmp_cert *caller)
{
	if (has_enough(server, caller))
		return NULL;
	for (unsigned i = 0; i < server->calls_max; i++) {
		mvmp_call call = ++server->last;
		struct served *served = &server->served[call % server->calls_max];

		if (served->call)
			continue;
		served->call = call;
		server->taken++;
		memcpy(served->caller, caller->key, MVMP_KEY_LEN);
		return served;
	}
	return NULL;
}

static int check(struct mvmp_server *server, const struct rpc_request *request,
	const struct mvmp_cert *caller, struct mvmp_error *err)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(request->verb);
	int refused = mvmp_verb_allowed(request->verb, server->roles, caller, err);

	if (refused)
		return -refused;
	if (info->mutates && !request->operation)
		return mvmp_fail(err, MVMP_INVALID, "%s needs an operation id of %d bytes",
			info->name, MVMP_ID_LEN);
	return 0;
}

static void refuse(struct mvmp_server *server, struct served *served,
	const struct rpc_request *request, const struct mvmp_cert *caller,
	const struct mvmp_error *err, uint64_t now)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(request->verb);

	answer_call(server, served, err, NULL, 0, now);
	if (info && server->refused)
		server->refused(server->refused_ctx, caller, info, err, now);
}

static void exchange(struct mvmp_server *server, struct served *served,
	const struct rpc_request *request, const struct mvmp_cert *caller, uint64_t now)
{
	struct mvmp_error err = {.status = MVMP_OK};
	struct rpc_standing theirs;
	uint8_t *body = NULL;
	int len = 0;

	if (rpc_exchange_take(&server->cluster, caller, request->body, request->body_len, &theirs))
		mvmp_fail(&err, MVMP_INVALID, "the body is no ClusterExchange");
	else if ((len = rpc_exchange_encode(&server->cluster, &theirs, &body)) < 0)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	served->secret = true;
	answer_call(server, served, &err, body, len < 0 ? 0 : (size_t)len, now);
	if (len > 0)
		mvmp_wipe(body, (size_t)len); /* the key may be in it */
	free(body);
}

static void install(struct mvmp_server *server, struct served *served,
	const struct rpc_request *request, const struct mvmp_cert *caller, uint64_t now)
{
	const struct mvmp_cert *own = &server->cluster.identity->cert;
	Mvmp__CertificateInstall *asked =
		mvmp__certificate_install__unpack(NULL, request->body_len, request->body);
	Mvmp__CertificateAnswer told = MVMP__CERTIFICATE_ANSWER__INIT;
	struct mvmp_error err = {.status = MVMP_OK};
	uint8_t body[32];
	size_t len;

	told.former = own->serial;
	if (!asked)
		mvmp_fail(&err, MVMP_INVALID, "the body is no CertificateInstall");
	else
		server->install(server->install_ctx, caller, asked->certificate.data,
			asked->certificate.len, &err);
	told.serial = own->serial;
	len = mvmp__certificate_answer__pack(&told, body);
	if (err.status)
		refuse(server, served, request, caller, &err, now);
	else
		answer_call(server, served, NULL, body, len, now);
	if (asked)
		mvmp__certificate_install__free_unpacked(asked, NULL);
}

static void serve(struct mvmp_server *server, struct served *served, const struct rpc_request *from,
	const struct mvmp_cert *caller, uint64_t now)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(from->verb);
	struct mvmp_request request = {
		.call = served->call,
		.session = served->session,
		.verb = info,
		.caller = caller,
		.operation = info->mutates ? from->operation : NULL,
		.deadline_ms = from->deadline_ms,
		.body = from->body,
		.body_len = from->body_len,
	};

	if (info->verb == MVMP_VERB_CLUSTER_EXCHANGE && server->cluster.identity)
		exchange(server, served, from, caller, now);
	else if (info->verb == MVMP_VERB_CERTIFICATE_INSTALL && server->install)
		install(server, served, from, caller, now);
	else
		server->handler(server->ctx, &request, now);
}

/* All slots are taken: the answer goes without one, and is lost if the queue is full as well. */
static void refuse_busy(struct mvmp_server *server, mvmp_session session, uint64_t id, uint64_t now)
{
	struct served none = {.session = session, .id = id};
	struct mvmp_error err;

	mvmp_fail(&err, MVMP_BUSY,
		"too many requests are being served: at most %u at once, three quarters of them "
		"for one certificate",
		server->calls_max);
	answer_call(server, &none, &err, NULL, 0, now);
	server->waiting -= none.answer ? none.answer_len : 0;
	forget(server, &none);
}

static void take_request(struct mvmp_server *server, mvmp_session session,
	const struct rpc_request *request, uint64_t now)
{
	const struct mvmp_cert *cert = mvmp_endpoint_cert(server->ep, session);
	struct mvmp_cert caller;
	struct mvmp_error err;
	struct served *served;

	if (!cert)
		return;
	caller = *cert; /* the endpoint's own copy may move while the handler runs */
	served = take_slot(server, &caller);
	if (!served) {
		refuse_busy(server, session, request->id, now);
		return;
	}
	served->session = session;
	served->id = request->id;
	if (check(server, request, &caller, &err))
		refuse(server, served, request, &caller, &err, now);
	else
		serve(server, served, request, &caller, now);
}

static bool take_message(struct mvmp_server *server, const struct mvmp_event *event, uint64_t now)
{
	struct rpc_envelope envelope;
	bool mine;

	if (rpc_envelope_decode(&envelope, event->bytes, event->len))
		return false;
	mine = envelope.is_request;
	if (mine)
		take_request(server, event->session, &envelope.request, now);
	rpc_envelope_free(&envelope);
	return mine;
}

/* The session is gone: what waits for it is forgotten, what is being served loses its way back. */
static void drop_session(struct mvmp_server *server, mvmp_session session)
{
	for (unsigned i = 0; i < server->calls_max; i++) {
		struct served *served = &server->served[i];

		if (!served->call || served->session != session)
			continue;
		served->session = 0;
		if (!served->answer)
			continue;
		server->waiting -= served->answer_len;
		forget(server, served);
	}
}

static void send_waiting(struct mvmp_server *server, mvmp_session session, uint64_t now)
{
	for (unsigned i = 0; i < server->calls_max; i++) {
		struct served *served = &server->served[i];

		if (served->call && served->session == session && served->answer)
			send_kept(server, served, now);
	}
}

bool mvmp_server_event(struct mvmp_server *server, const struct mvmp_event *event, uint64_t now)
{
	switch (event->type) {
	case MVMP_EVENT_MESSAGE:
		return take_message(server, event, now);
	case MVMP_EVENT_SESSION_DOWN:
		drop_session(server, event->session);
		return false;
	case MVMP_EVENT_WRITABLE:
		send_waiting(server, event->session, now);
		return false;
	default:
		return false;
	}
}
