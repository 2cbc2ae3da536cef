/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

static mvs_query *const query_of[] = {
	[MVMP_VERB_LINK_READ] = mvs_query_link,
	[MVMP_VERB_PING] = mvs_query_ping,
	[MVMP_VERB_NODES_READ] = mvs_query_nodes,
	[MVMP_VERB_CURRENT_READ] = mvs_query_current,
	[MVMP_VERB_HISTORY_READ] = mvs_query_history,
	[MVMP_VERB_GRAPH] = mvs_query_graph,
	[MVMP_VERB_STORE_READ] = mvs_query_store,
};

void mvs_answer_error(
	struct mvs_core *core, mvmp_call call, const struct mvmp_error *err, uint64_t now)
{
	mvmp_server_answer(core->config.server, call, err, NULL, 0, now);
}

void mvs_answer(
	struct mvs_core *core, mvmp_call call, const ProtobufCMessage *message, uint64_t now)
{
	struct mvmp_error err;
	struct mvs_bytes body;

	if (mvs_pack(&body, message)) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "no memory for the answer");
		mvs_answer_error(core, call, &err, now);
		return;
	}
	if (body.len > MVMP_MESSAGE_MAX - 1024) {
		mvmp_fail(&err, MVMP_TOO_LARGE, "the answer has %zu bytes, more than %d", body.len,
			MVMP_MESSAGE_MAX - 1024);
		mvmp_hint(&err, "ask for one domain, fewer kinds, or a shorter time");
		mvs_answer_error(core, call, &err, now);
	} else {
		mvmp_server_answer(core->config.server, call, NULL, body.at, body.len, now);
	}
	mvs_bytes_free(&body);
}

void mvs_fail_decode(const struct mvs_core *core, struct mvmp_error *err)
{
	if (core->starved)
		mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the request");
	else
		mvmp_fail(err, MVMP_INVALID, "malformed request");
}

void mvs_core_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct mvs_core *core = ctx;
	unsigned verb = request->verb->verb;
	struct mvmp_error err;

	core->now = now;
	core->starved = false;
	if (verb < sizeof query_of / sizeof *query_of && query_of[verb]) {
		query_of[verb](core, request, now);
		return;
	}
	mvmp_fail(&err, MVMP_UNSUPPORTED, "an aggregator does not serve %s", request->verb->name);
	mvs_answer_error(core, request->call, &err, now);
}
