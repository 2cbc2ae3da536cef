/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An answer that grows; freed as if it had been unpacked. */
struct listing {
	Mvmp__AuditAnswer *answer;
	bool starved; /* an entry, or a part of one, found no memory */
};

static char *copy(struct listing *list, const char *from)
{
	char *to = strdup(from);

	list->starved |= !to;
	return to;
}

static void add(void *ctx, const struct mva_audit_entry *from)
{
	struct listing *list = ctx;
	Mvmp__AuditAnswer__Entry *to;

	if (list->answer->n_entry == MVA_AUDIT_READ_MAX)
		return;
	to = calloc(1, sizeof *to);
	list->starved |= !to;
	if (!to)
		return;
	mvmp__audit_answer__entry__init(to);
	to->wall_ns = from->wall_ns;
	to->serial = from->serial;
	to->who = copy(list, from->who);
	to->verb = copy(list, from->verb);
	to->arguments = copy(list, from->arguments);
	to->result = copy(list, from->result);
	to->text = copy(list, from->text);
	if (from->operation)
		to->operation.data = malloc(MVMP_ID_LEN);
	list->starved |= from->operation && !to->operation.data;
	if (from->operation && to->operation.data) {
		memcpy(to->operation.data, from->operation, MVMP_ID_LEN);
		to->operation.len = MVMP_ID_LEN;
	}
	list->answer->entry[list->answer->n_entry++] = to;
}

/* An empty answer with room for entries. */
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

static void tell(struct mva_agent *agent, const struct mvmp_request *request,
	Mvmp__AuditAnswer *answer, unsigned newest, uint64_t now)
{
	struct listing list = {.answer = answer};
	struct mvmp_error err;
	int rc = mva_audit_read(agent->audit,
		newest > MVA_AUDIT_READ_MAX ? MVA_AUDIT_READ_MAX : newest, add, &list);

	if (rc == -ENOMEM || list.starved) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
		mva_refuse(agent, request->call, &err, now);
	} else if (rc < 0) {
		mvmp_fail(&err, MVMP_IO, "the audit log of %s cannot be read: %s", agent->node,
			strerror(-rc));
		mva_refuse(agent, request->call, &err, now);
	} else {
		mva_answer(agent, request->call, &answer->base, now);
	}
}

void mva_verb_audit_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__AuditRead *body =
		mvmp__audit_read__unpack(&agent->allocator, request->body_len, request->body);
	Mvmp__AuditAnswer *answer = make();

	agent->starved |= !answer;
	if (!body || !answer)
		mva_refuse_body(agent, request, now);
	else
		tell(agent, request, answer, body->newest ? body->newest : 20, now);
	if (answer)
		mvmp__audit_answer__free_unpacked(answer, NULL);
	if (body)
		mvmp__audit_read__free_unpacked(body, &agent->allocator);
}
