/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_QUERY_H
#define MVS_QUERY_H

/* Requests to the aggregator: one file a family, one function a verb. */

#include "message.h"

typedef void mvs_query(struct mvs_core *core, const struct mvmp_request *request, uint64_t now);

mvs_query mvs_query_nodes, mvs_query_current, mvs_query_history, mvs_query_graph, mvs_query_store,
	mvs_query_link, mvs_query_ping;

/* Answers with a message, or with the error when `err` is not NULL. */
void mvs_answer(
	struct mvs_core *core, mvmp_call call, const ProtobufCMessage *message, uint64_t now);
void mvs_answer_error(
	struct mvs_core *core, mvmp_call call, const struct mvmp_error *err, uint64_t now);

/* What is wrong with a request that could not be decoded. */
void mvs_fail_decode(const struct mvs_core *core, struct mvmp_error *err);

#endif
