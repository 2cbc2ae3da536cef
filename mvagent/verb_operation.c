/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdio.h>
#include <string.h>

void mva_operation_told(struct mva_agent *agent, mvmp_call call, uint8_t verb, uint64_t wall_ns,
	const struct mvmp_error *err, const uint8_t *body, size_t body_len, uint64_t now)
{
	Mvmp__OperationAnswer answer = MVMP__OPERATION_ANSWER__INIT;
	const struct mvmp_verb_info *info = mvmp_verb_info(verb);

	answer.verb = (char *)(info ? info->name : "");
	answer.status = err->status;
	answer.text = (char *)err->text;
	answer.body = (ProtobufCBinaryData){body_len, (uint8_t *)body};
	answer.wall_ns = wall_ns;
	mva_answer(agent, call, &answer.base, now);
}

static void tell_from_journal(struct mva_agent *agent, const struct mvmp_request *request,
	const uint8_t *operation, uint64_t now)
{
	struct mvmp_error err = {.status = MVMP_OK};
	struct mva_intent intent;
	struct mva_result result;
	int rc = mva_journal_result(
		agent->journal, request->caller->serial, operation, &intent, &result);

	if (rc) {
		mva_operation_unreadable(agent, request->call, rc, now);
		return;
	}
	err.status = result.status;
	if (result.text)
		snprintf(err.text, sizeof err.text, "%s", result.text);
	else
		snprintf(err.text, sizeof err.text, "%s was interrupted: the agent ended meanwhile",
			intent.summary);
	mva_operation_told(agent, request->call, intent.verb, intent.wall_ns, &err, result.body,
		result.body_len, now);
}

static void wait(struct mva_agent *agent, struct mva_operation *op,
	const struct mvmp_request *request, uint32_t wait_ms, uint64_t now)
{
	struct mvmp_error err;
	uint32_t most = request->deadline_ms > MVA_ANSWER_MARGIN_MS
				? request->deadline_ms - MVA_ANSWER_MARGIN_MS
				: 0;
	uint64_t until = now + (wait_ms < most ? wait_ms : most) * MVMP_NS_PER_MS;

	if (mva_operation_wait(agent, op, request->call, until, true))
		return;
	mvmp_fail(&err, MVMP_BUSY, "%d callers wait for operations already", MVA_WAITERS_MAX);
	mva_refuse(agent, request->call, &err, now);
}

static void tell(struct mva_agent *agent, const struct mvmp_request *request,
	const uint8_t *operation, uint32_t wait_ms, uint64_t now)
{
	uint64_t serial = request->caller->serial;
	struct mva_operation *op = mva_operation_find(agent, serial, operation);
	enum mva_journal_state state = mva_journal_find(agent->journal, serial, operation, NULL);
	struct mvmp_error err;

	if (op) {
		wait(agent, op, request, wait_ms, now);
	} else if (state == MVA_JOURNAL_DONE || state == MVA_JOURNAL_INTERRUPTED) {
		tell_from_journal(agent, request, operation, now);
	} else if (state == MVA_JOURNAL_EXPIRED) {
		mvmp_fail(&err, MVMP_EXPIRED,
			"this operation is older than what the journal of %s remembers",
			agent->node);
		mva_refuse(agent, request->call, &err, now);
	} else {
		mvmp_fail(&err, MVMP_NOT_FOUND,
			"%s never heard of this operation from certificate %llu; nothing was "
			"changed",
			agent->node, (unsigned long long)serial);
		mva_refuse(agent, request->call, &err, now);
	}
}

void mva_verb_operation_read(
	struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__OperationRead *body =
		mvmp__operation_read__unpack(&agent->allocator, request->body_len, request->body);

	if (!body || body->operation.len != MVMP_ID_LEN)
		mva_refuse_body(agent, request, now);
	else
		tell(agent, request, body->operation.data, body->wait_ms, now);
	if (body)
		mvmp__operation_read__free_unpacked(body, &agent->allocator);
}
