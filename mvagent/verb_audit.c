/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdlib.h>
#include <string.h>

static void add(void *ctx, const struct mva_audit_entry *from)
{
	Mvmp__AuditAnswer *list = ctx;
	Mvmp__AuditAnswer__Entry *to;

	if (list->n_entry == MVA_AUDIT_READ_MAX)
		return;
	to = calloc(1, sizeof *to);
	if (!to)
		return;
	mvmp__audit_answer__entry__init(to);
	to->wall_ns = from->wall_ns;
	to->serial = from->serial;
	to->who = strdup(from->who);
	to->verb = strdup(from->verb);
	to->arguments = strdup(from->arguments);
	to->result = strdup(from->result);
	to->text = strdup(from->text);
	if (from->operation && (to->operation.data = malloc(MVMP_ID_LEN))) {
		memcpy(to->operation.data, from->operation, MVMP_ID_LEN);
		to->operation.len = MVMP_ID_LEN;
	}
	list->entry[list->n_entry++] = to;
}

/* An empty answer with room for entries; freed as if it had been unpacked. */
static Mvmp__AuditAnswer *make(void)
{
	Mvmp__AuditAnswer *answer = malloc(sizeof *answer);

	if (!answer)
		return NULL;
	mvmp__audit_answer__init(answer);
	answer->entry = calloc(MVA_AUDIT_READ_MAX, sizeof *answer->entry);
	if (answer->entry)
		return answer;
	free(answer);
	return NULL;
}

void mva_verb_audit_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__AuditRead *body = mvmp__audit_read__unpack(NULL, request->body_len, request->body);
	Mvmp__AuditAnswer *answer = make();
	unsigned newest = body && body->newest ? body->newest : 20;

	if (!body || !answer) {
		mva_refuse_body(agent, request, now);
	} else {
		mva_audit_read(agent->audit,
			newest > MVA_AUDIT_READ_MAX ? MVA_AUDIT_READ_MAX : newest, add, answer);
		mva_answer(agent, request->call, &answer->base, now);
	}
	if (answer)
		mvmp__audit_answer__free_unpacked(answer, NULL);
	if (body)
		mvmp__audit_read__free_unpacked(body, NULL);
}
