/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

void mvctl_bad_answer(struct mvctl_reply *reply)
{
	mvmp_fail(&reply->error, MVMP_FAILED, "%s answered with something this mvctl cannot read",
		reply->name);
	mvmp_hint(&reply->error, "are the versions far apart? mvctl -n %s show link", reply->name);
}

/* Puts words in front of a sentence of the other side. */
static void prefix(struct mvmp_error *error, const char *what, const char *words, const char *who)
{
	char *text = mvctl_format_text("%s%s%s: %s", what, words, who, error->text);

	snprintf(error->text, sizeof error->text, "%s", text);
	free(text);
}

/* The node did answer: its own sentence says what it knows. */
static void complete_told(
	struct mvmp_error *error, const struct mvctl_reply *reply, const char *what)
{
	char id[2 * MVMP_ID_LEN + 1];

	prefix(error, what, ": ", reply->name);
	if (error->status == MVMP_RUNNING)
		mvmp_hint(error, "it runs at most once; ask: mvctl -n %s op %s --wait", reply->name,
			mvmp_hex(id, reply->operation, MVMP_ID_LEN));
}

static void complete_lost(struct mvctl *ctl, struct mvmp_error *error,
	const struct mvctl_reply *reply, const char *what)
{
	bool unknown = error->status == MVMP_OUTCOME_UNKNOWN;
	char id[2 * MVMP_ID_LEN + 1];

	mvmp_hex(id, reply->operation, MVMP_ID_LEN);
	mvmp_fail(error, error->status, "%s: %s %s in %.1f s; %s, operation %s", what,
		unknown ? "no answer from" : "not done by", reply->name, ctl->opt.timeout_s,
		unknown ? "outcome unknown" : "still running", id);
	mvmp_hint(error, "it runs at most once; ask: mvctl -n %s op %s --wait", reply->name, id);
}

/* The sentence for a person: who, what, and the next step where the library cannot know it. */
static void complete(struct mvctl *ctl, struct mvmp_error *error, const struct mvctl_reply *reply,
	const char *what)
{
	switch (error->status) {
	case MVMP_OUTCOME_UNKNOWN:
	case MVMP_RUNNING:
		if (reply->mutates && reply->session)
			complete_told(error, reply, what);
		else if (reply->mutates)
			complete_lost(ctl, error, reply, what);
		break;
	case MVMP_NO_ANSWER:
		prefix(error, what, "", "");
		break;
	case MVMP_NOT_ALLOWED:
		prefix(error, what, " refused by ", reply->name);
		if (!error->hint[0])
			mvmp_hint(error, "who keeps the CA can sign a new one: mvctl ca sign CADIR "
					 "member.request --role ROLE -o OUTDIR");
		break;
	default:
		break;
	}
}

static bool same_error(const struct mvmp_error *a, const struct mvmp_error *b)
{
	return a->status == b->status && !strcmp(a->text, b->text);
}

struct failure {
	struct mvmp_error error;
	const struct mvctl_reply *reply;
	bool printed;
};

static void print_folded(struct mvctl *ctl, struct failure *failures, unsigned count, unsigned from)
{
	struct mvctl_names names = {0};
	const struct mvmp_error *error = &failures[from].error;
	char *folded;

	for (unsigned i = from; i < count; i++) {
		if (failures[i].printed || !same_error(error, &failures[i].error))
			continue;
		failures[i].printed = true;
		mvctl_names_add(&names, failures[i].reply->name);
	}
	folded = mvctl_nodeset_fold(&names);
	if (names.count > 1 || !strstr(error->text, folded))
		fprintf(ctl->err, "%s: %s: %s\n", ctl->program, folded, error->text);
	else
		fprintf(ctl->err, "%s: %s\n", ctl->program, error->text);
	if (error->hint[0])
		fprintf(ctl->err, "  hint: %s\n", error->hint);
	free(folded);
	mvctl_names_clear(&names);
}

void mvctl_report_replies(
	struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count, const char *what)
{
	struct failure *failures = mvctl_alloc(count, sizeof failures[0]);
	unsigned failed = 0;

	fflush(ctl->out);
	for (unsigned i = 0; i < count; i++) {
		const struct mvctl_reply *reply = &replies[i];
		struct failure *failure = &failures[failed];

		if (reply->error.status == MVMP_OK) {
			ctl->done++;
			continue;
		}
		failure->error = reply->error;
		failure->reply = reply;
		complete(ctl, &failure->error, reply, what);
		mvctl_keep_error(ctl, &failure->error, reply->name,
			reply->mutates ? reply->operation : NULL);
		failed++;
	}
	for (unsigned i = 0; i < failed; i++) {
		if (!failures[i].printed)
			print_folded(ctl, failures, failed, i);
	}
	if (count > 1 && failed)
		fprintf(ctl->err, "%u of %u nodes answered, %u failed\n", count - failed, count,
			failed);
	free(failures);
}
