/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_private.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void digest_of(uint8_t to[static MVMP_ID_LEN], const struct mvmp_request *request)
{
	uint8_t verb = (uint8_t)request->verb->verb, hash[MVMP_HASH_LEN];

	mvmp_crypto_openssl.hash(hash, &verb, 1, request->body, request->body_len);
	memcpy(to, hash, MVMP_ID_LEN);
}

struct mva_operation *mva_operation_find(
	struct mva_agent *agent, uint64_t serial, const uint8_t operation[static MVMP_ID_LEN])
{
	for (unsigned i = 0; i < MVA_OPERATIONS_MAX; i++) {
		struct mva_operation *op = &agent->operations.at[i];

		if (op->state != MVA_OPERATION_FREE && op->intent.serial == serial &&
			memcmp(op->intent.operation, operation, MVMP_ID_LEN) == 0)
			return op;
	}
	return NULL;
}

bool mva_operation_wait(struct mva_agent *agent, struct mva_operation *op, mvmp_call call,
	uint64_t until, bool reads)
{
	for (unsigned i = 0; i < MVA_WAITERS_MAX; i++) {
		struct mva_waiter *w = &agent->operations.waiter[i];

		if (w->call)
			continue;
		*w = (struct mva_waiter){.call = call, .op = op, .until = until, .reads = reads};
		return true;
	}
	return false;
}

static bool waiter_is_free(const struct mva_agent *agent)
{
	for (unsigned i = 0; i < MVA_WAITERS_MAX; i++) {
		if (!agent->operations.waiter[i].call)
			return true;
	}
	return false;
}

static uint64_t answer_by(const struct mvmp_request *request, uint64_t now)
{
	uint64_t ms = request->deadline_ms;

	ms = ms > 2 * MVA_ANSWER_MARGIN_MS ? ms - MVA_ANSWER_MARGIN_MS : ms / 2;
	return now + ms * MVMP_NS_PER_MS;
}

static void wait_or_refuse(struct mva_agent *agent, struct mva_operation *op,
	const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err;

	if (mva_operation_wait(agent, op, request->call, answer_by(request, now), false))
		return;
	mvmp_fail(&err, MVMP_RUNNING, "%s is still running, and %d callers wait already",
		op->intent.summary, MVA_WAITERS_MAX);
	mva_refuse(agent, request->call, &err, now);
}

static int interrupted(struct mvmp_error *err, const struct mva_intent *intent)
{
	mvmp_fail(err, MVMP_INTERRUPTED, "%s was interrupted: the agent ended while applying it",
		intent->summary);
	return mvmp_hint(err, "it will not be run again; read back what the node has now");
}

void mva_operation_unreadable(struct mva_agent *agent, mvmp_call call, int rc, uint64_t now)
{
	struct mvmp_error err;

	if (rc == -EAGAIN) {
		mvmp_fail(&err, MVMP_OUTCOME_UNKNOWN,
			"the operation has ended, but %s cannot save its result", agent->node);
		mvmp_hint(&err, "read back what the node has now");
	} else {
		mvmp_fail(&err, MVMP_IO, "the journal of %s cannot be read: %s", agent->node,
			strerror(-rc));
	}
	mva_refuse(agent, call, &err, now);
}

static void answer_from_journal(
	struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err = {.status = MVMP_OK};
	struct mva_intent intent;
	struct mva_result result;
	int rc = mva_journal_result(
		agent->journal, request->caller->serial, request->operation, &intent, &result);

	if (rc) {
		mva_operation_unreadable(agent, request->call, rc, now);
		return;
	}
	if (result.status == MVMP_INTERRUPTED && !result.text) {
		interrupted(&err, &intent);
	} else {
		err.status = result.status;
		snprintf(err.text, sizeof err.text, "%s", result.text);
		snprintf(err.hint, sizeof err.hint, "%s", result.hint);
	}
	agent->env.answer(agent->env.ctx, request->call, &err, result.body, result.body_len, now);
}

bool mva_operation_known(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	uint64_t serial = request->caller->serial;
	struct mva_operation *op = mva_operation_find(agent, serial, request->operation);
	uint8_t digest[MVMP_ID_LEN];
	struct mvmp_error err;

	digest_of(digest, request);
	switch (mva_journal_find(agent->journal, serial, request->operation, digest)) {
	case MVA_JOURNAL_NEW:
		return false;
	case MVA_JOURNAL_CONFLICT:
		mvmp_fail(&err, MVMP_CONFLICT, "this operation id was used with other arguments");
		break;
	case MVA_JOURNAL_EXPIRED:
		mvmp_fail(&err, MVMP_EXPIRED,
			"this operation id is older than what the journal of %s remembers",
			agent->node);
		mvmp_hint(&err, "read back what the node has now");
		break;
	case MVA_JOURNAL_RUNNING:
	case MVA_JOURNAL_DONE:
	case MVA_JOURNAL_INTERRUPTED:
		if (op)
			wait_or_refuse(agent, op, request, now);
		else
			answer_from_journal(agent, request, now);
		return true;
	}
	mva_refuse_change(agent, request, &err, now);
	return true;
}

static struct mva_operation *free_operation(struct mva_agent *agent)
{
	for (unsigned i = 0; i < MVA_OPERATIONS_MAX; i++) {
		if (agent->operations.at[i].state == MVA_OPERATION_FREE)
			return &agent->operations.at[i];
	}
	return NULL;
}

/* Text of a caller, made fit for logs. */
static void clean_copy(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++) {
		to[i] = '?';
		if (from[i] >= ' ' && from[i] < 0x7f)
			to[i] = from[i];
	}
	to[i] = '\0';
}

static void fill(struct mva_operation *op, const struct mvmp_request *request, const char *summary)
{
	op->intent.serial = request->caller->serial;
	op->intent.verb = (uint8_t)request->verb->verb;
	memcpy(op->intent.operation, request->operation, MVMP_ID_LEN);
	digest_of(op->intent.digest, request);
	clean_copy(op->intent.summary, sizeof op->intent.summary, summary);
	snprintf(op->who, sizeof op->who, "%s", request->caller->name);
	op->verb = request->verb;
}

static void release(struct mva_operation *op)
{
	op->agent->operations.running--;
	free(op->arguments);
	*op = (struct mva_operation){.state = MVA_OPERATION_FREE};
}

void mva_operation_begin(struct mva_agent *agent, const struct mvmp_request *request,
	const char *summary, mva_operation_apply *apply, void *arguments, uint64_t now)
{
	struct mva_operation *op = free_operation(agent);
	struct mvmp_error err;

	/* BUSY must mean that nothing was begun: whoever hears it asks again. */
	if (!op || !waiter_is_free(agent)) {
		free(arguments);
		mvmp_fail(&err, MVMP_BUSY, "%s works on %d operations for %d callers already",
			agent->node, agent->operations.running, MVA_WAITERS_MAX);
		mvmp_hint(&err, "nothing was begun; ask again");
		mva_refuse_change(agent, request, &err, now);
		return;
	}
	*op = (struct mva_operation){.agent = agent,
		.state = MVA_OPERATION_INTENT,
		.batch = agent->batch_number,
		.begun = now,
		.apply = apply,
		.arguments = arguments};
	agent->operations.running++;
	fill(op, request, summary);
	op->intent.wall_ns = agent->env.wall_ns(agent->env.ctx);
	if (mva_journal_begin(agent->journal, &op->intent)) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
		mva_refuse(agent, request->call, &err, now);
		release(op);
		return;
	}
	wait_or_refuse(agent, op, request, now);
	mva_agent_save(agent, now);
}

static void audit(struct mva_agent *agent, const struct mva_operation *op)
{
	char arguments[sizeof op->intent.summary + sizeof op->object + 4];
	struct mva_audit_entry entry = {
		.wall_ns = agent->env.wall_ns(agent->env.ctx),
		.serial = op->intent.serial,
		.who = op->who,
		.verb = op->verb->name,
		.arguments = arguments,
		.result = mvmp_status_name(op->error.status),
		.text = op->error.text,
		.operation = op->intent.operation,
	};

	snprintf(arguments, sizeof arguments, op->object[0] ? "%s (%s)" : "%s", op->intent.summary,
		op->object);
	mva_audit_add(agent->audit, &entry);
}

/* "Ask again" cannot be the end of an operation: its id would be answered so for ever. */
static void not_done(struct mvmp_error *err)
{
	err->status = MVMP_FAILED;
	if (!err->hint[0])
		mvmp_hint(err, "nothing was changed; ask for it anew");
}

static void answer_read(struct mva_agent *agent, const struct mva_operation *op,
	const struct mvmp_error *err, mvmp_call call, uint64_t now)
{
	mva_operation_told(agent, call, op->intent.verb, op->intent.wall_ns, err, op->body,
		err->status == MVMP_RUNNING ? 0 : op->body_len, now);
}

/* Answers all who wait for it. */
static void answer_waiters(struct mva_agent *agent, const struct mva_operation *op, uint64_t now)
{
	for (unsigned i = 0; i < MVA_WAITERS_MAX; i++) {
		struct mva_waiter w = agent->operations.waiter[i];

		if (!w.call || w.op != op)
			continue;
		agent->operations.waiter[i].call = 0;
		if (w.reads)
			answer_read(agent, op, &op->error, w.call, now);
		else
			agent->env.answer(
				agent->env.ctx, w.call, &op->error, op->body, op->body_len, now);
	}
}

static void intent_saved(struct mva_agent *agent, struct mva_operation *op, int rc, uint64_t now)
{
	if (!rc) {
		op->state = MVA_OPERATION_APPLYING;
		op->apply(agent, op, now);
		return;
	}
	mvmp_fail(&op->error, MVMP_IO,
		"the journal of %s cannot be written: %s; nothing was changed", agent->node,
		strerror(-rc));
	mva_journal_abandon(agent->journal, op->intent.serial, op->intent.operation);
	audit(agent, op);
	answer_waiters(agent, op, now);
	release(op);
}

/* Without the result on the disk nothing may be answered as done. */
static void result_saved(struct mva_agent *agent, struct mva_operation *op, int rc, uint64_t now)
{
	if (rc) {
		struct mvmp_error was = op->error;

		mvmp_fail(&op->error, MVMP_OUTCOME_UNKNOWN,
			"%s ended as %s, but the journal of %s cannot be written: %s",
			op->intent.summary, mvmp_status_name(was.status), agent->node,
			strerror(-rc));
		mvmp_hint(&op->error, "read back what the node has now");
	}
	answer_waiters(agent, op, now);
	release(op);
}

void mva_operation_finish(struct mva_operation *op, const struct mvmp_error *err,
	const uint8_t *body, size_t body_len, uint64_t now)
{
	struct mva_agent *agent = op->agent;
	struct mva_result result = {
		.text = op->error.text, .hint = op->error.hint, .body = body, .body_len = body_len};
	int rc;

	op->error = *err;
	if (err->status == MVMP_BUSY || err->status == MVMP_RUNNING)
		not_done(&op->error);
	result.status = op->error.status;
	op->body = body;
	op->body_len = body_len;
	op->state = MVA_OPERATION_RESULT;
	op->batch = agent->batch_number;
	audit(agent, op);
	rc = mva_journal_end(agent->journal, op->intent.serial, op->intent.operation, &result);
	if (rc)
		result_saved(agent, op, rc, now); /* it never will be */
	mva_agent_save(agent, now);
}

void mva_operations_saved(struct mva_agent *agent, uint64_t batch, int rc, uint64_t now)
{
	for (unsigned i = 0; i < MVA_OPERATIONS_MAX; i++) {
		struct mva_operation *op = &agent->operations.at[i];

		if (op->batch != batch)
			continue;
		if (op->state == MVA_OPERATION_INTENT)
			intent_saved(agent, op, rc, now);
		else if (op->state == MVA_OPERATION_RESULT)
			result_saved(agent, op, rc, now);
	}
}

static void still_running(struct mva_agent *agent, const struct mva_waiter *w, uint64_t now)
{
	char id[2 * MVMP_ID_LEN + 1];
	struct mvmp_error err;

	mvmp_fail(&err, MVMP_RUNNING, "%s is still running", w->op->intent.summary);
	mvmp_hint(&err, "ask for operation %s", mvmp_hex(id, w->op->intent.operation, MVMP_ID_LEN));
	if (w->reads)
		answer_read(agent, w->op, &err, w->call, now);
	else
		mva_refuse(agent, w->call, &err, now);
}

void mva_operations_advance(struct mva_agent *agent, uint64_t now)
{
	for (unsigned i = 0; agent->operations.running && i < MVA_WAITERS_MAX; i++) {
		struct mva_waiter w = agent->operations.waiter[i];

		if (!w.call || w.until > now)
			continue;
		agent->operations.waiter[i].call = 0;
		still_running(agent, &w, now);
	}
}

uint64_t mva_operations_deadline(const struct mva_operations *ops)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; ops->running && i < MVA_WAITERS_MAX; i++) {
		if (ops->waiter[i].call && ops->waiter[i].until < at)
			at = ops->waiter[i].until;
	}
	return at;
}

void mva_operations_clear(struct mva_operations *ops)
{
	for (unsigned i = 0; i < MVA_OPERATIONS_MAX; i++) {
		free(ops->at[i].arguments);
	}
	*ops = (struct mva_operations){0};
}
