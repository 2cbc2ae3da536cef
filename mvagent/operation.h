/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_OPERATION_H
#define MVA_OPERATION_H

/*
 * Operations that change something, from their request to their answer: intent saved, applied,
 * result saved, answered. Whoever repeats or asks for an operation that runs waits for its end.
 */

#include "journal.h"
#include <mvmp/server.h>

enum {
	MVA_OPERATIONS_MAX = 64,
	MVA_WAITERS_MAX = 256,
	MVA_ANSWER_MARGIN_MS = 20, /* answered this long before the caller gives up */
};

struct mva_agent;
struct mva_operation;

/* Must lead to exactly one mva_operation_finish(), now or later. */
typedef void mva_operation_apply(struct mva_agent *agent, struct mva_operation *op, uint64_t now);

enum mva_operation_state {
	MVA_OPERATION_FREE,
	MVA_OPERATION_INTENT, /* being saved */
	MVA_OPERATION_APPLYING,
	MVA_OPERATION_RESULT, /* being saved */
};

struct mva_operation {
	struct mva_agent *agent;
	enum mva_operation_state state;
	uint64_t batch; /* the save it waits for */
	uint64_t begun; /* the agent's time */
	struct mva_intent intent;
	char who[MVMP_NAME_MAX + 1];
	const struct mvmp_verb_info *verb;
	mva_operation_apply *apply;
	void *arguments;  /* owned */
	char object[160]; /* what it was about, as found: "web-07, UUID"; for the audit log */
	struct mvmp_error error;
	const uint8_t *body; /* a part of the arguments */
	size_t body_len;
};

/* Who is answered when an operation ends, or at `until` with MVMP_RUNNING. */
struct mva_waiter {
	mvmp_call call; /* 0: free */
	struct mva_operation *op;
	uint64_t until;
	bool reads; /* an OPERATION_READ */
};

struct mva_operations {
	struct mva_operation at[MVA_OPERATIONS_MAX];
	struct mva_waiter waiter[MVA_WAITERS_MAX];
	unsigned running;
};

/* Answers a repeated request: from the journal, by waiting, or by refusing. False: it is new. */
bool mva_operation_known(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now);

/* Begins a new one. `arguments` (malloc'd) is taken over in any case; `summary` says what is
 * asked, for the audit log. Failures are answered. */
void mva_operation_begin(struct mva_agent *agent, const struct mvmp_request *request,
	const char *summary, mva_operation_apply *apply, void *arguments, uint64_t now);

/* The operation ended; err->status MVMP_OK, MVMP_DRIFT or why not. The body is a part of
 * the arguments, which live on until all are answered. Callers repeat what is answered as BUSY or
 * RUNNING, but an operation that was begun has one end only: from a backend both become FAILED,
 * with the same sentence. */
void mva_operation_finish(struct mva_operation *op, const struct mvmp_error *err,
	const uint8_t *body, size_t body_len, uint64_t now);

/* The save number `batch` ended. */
void mva_operations_saved(struct mva_agent *agent, uint64_t batch, int rc, uint64_t now);

/* Adds a waiter; false when there is no room. */
bool mva_operation_wait(struct mva_agent *agent, struct mva_operation *op, mvmp_call call,
	uint64_t until, bool reads);
struct mva_operation *mva_operation_find(
	struct mva_agent *agent, uint64_t serial, const uint8_t operation[static MVMP_ID_LEN]);

/* Answers that mva_journal_result() failed with `rc`. */
void mva_operation_unreadable(struct mva_agent *agent, mvmp_call call, int rc, uint64_t now);

/* verb_operation.c: sends an OperationAnswer. */
void mva_operation_told(struct mva_agent *agent, mvmp_call call, uint8_t verb, uint64_t wall_ns,
	const struct mvmp_error *err, const uint8_t *body, size_t body_len, uint64_t now);

void mva_operations_advance(struct mva_agent *agent, uint64_t now);
uint64_t mva_operations_deadline(const struct mva_operations *ops);
void mva_operations_clear(struct mva_operations *ops);

#endif
