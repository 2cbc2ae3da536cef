/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "mvctl.h"
#include <stdlib.h>
#include <string.h>

static const struct explanation {
	enum mvmp_status status;
	const char *text;
} explanations[] = {
	{MVMP_OK, "The command did what was asked, and what was set was read back.\n"},
	{MVMP_FAILED, "The node or the server refused for a reason that the sentence tells.\n"
		      "Nothing else is known by this code; read the sentence.\n"},
	{MVMP_INVALID,
		"A word, number or option on the line is not among those allowed, or the node\n"
		"does not have what it names (pCPU 97 on a node with pCPUs 0-63).\n"
		"Nothing was changed.\n"},
	{MVMP_NOT_FOUND, "No node, domain, object or metric has that name.\n"
			 "`mvctl nodes` lists nodes, `mvctl show domains` what runs on them.\n"},
	{MVMP_NOT_ALLOWED,
		"Your certificate's role does not allow the verb. observer reads, operator "
		"changes\n"
		"domains and resources, admin does everything. `mvctl key show` prints yours; an\n"
		"admin signs a new one with `mvctl ca sign`.\n"},
	{MVMP_NOT_TRUSTED,
		"A certificate did not stand up: expired, revoked, signed by another CA, or used\n"
		"from a MAC that is not in it. Nothing was sent to that member. A changed NIC "
		"needs\n"
		"a new certificate; if nobody changed a NIC, treat it as an attack.\n"},
	{MVMP_NO_ANSWER,
		"Nobody answered in time, and nothing was changed. Is the node's agent running, "
		"is\n"
		"the cable in, does -i name the right interface? `mvctl nodes` shows who answers.\n"
		"Who holds another cluster key gets no answer at all, not even a refusal.\n"},
	{MVMP_OUTCOME_UNKNOWN,
		"The request was sent and its answer did not come back. It ran at most once. Ask\n"
		"for its operation id: mvctl -n NODE op ID --wait\n"},
	{MVMP_RUNNING, "The operation goes on after the time you were ready to wait. Its id shows\n"
		       "the end: mvctl -n NODE op ID --wait\n"},
	{MVMP_UNSUPPORTED, "This node cannot do or tell it, and the sentence says why (no PMU, no "
			   "libvirt, an\n"
			   "older agent). It is not a zero and not a failure of the node.\n"},
	{MVMP_DRIFT,
		"The change was applied, but reading back shows another value: something else on\n"
		"the node decides too (a cpuset, libvirt, a daemon). `mvctl show drift` lists "
		"what\n"
		"differs from what was asked.\n"},
	{MVMP_INTERRUPTED,
		"The agent died between writing down what it was going to do and its result. It\n"
		"will not be run again; look at the object to learn what holds now.\n"},
	{MVMP_EXPIRED,
		"The operation id is older than what the node's journal keeps, or was never\n"
		"seen there. Look at the object itself.\n"},
	{MVMP_BUSY,
		"A limit is reached now (sessions, calls at once, one outstanding question for\n"
		"a domain). The same command may succeed a moment later.\n"},
	{MVMP_PERMISSION,
		"The operating system refused: raw frames need CAP_NET_RAW, key files must be\n"
		"readable by you and by nobody else. Members of the same host also answer on Unix\n"
		"links, which need no rights.\n"},
	{MVMP_CONFLICT, "The operation id is known with other arguments, or a newer wish for the "
			"object is\n"
			"already kept. Nothing was changed.\n"},
	{MVMP_NO_MEMORY, "The other side ran out of memory for this request.\n"},
	{MVMP_IO, "A disk is full or a device broken there; the sentence names it.\n"},
	{MVMP_TOO_LARGE,
		"The answer or the request is beyond what one message carries (1 MiB). Ask\n"
		"for less: one domain, one kind, a coarser step.\n"},
};

enum { EXPLANATIONS = sizeof explanations / sizeof explanations[0] };

/* By name ("drift") or number; NULL for another word. Exit codes below 10 are not status
 * numbers, so only names and "status N" would be unambiguous: the name is what errors print. */
static const struct explanation *find_explanation(const char *word)
{
	for (unsigned i = 0; i < EXPLANATIONS; i++) {
		if (!strcmp(word, mvmp_status_name(explanations[i].status)))
			return &explanations[i];
	}
	return NULL;
}

static void print_exit_code(struct mvctl *ctl, int code)
{
	fprintf(ctl->out, "exit code %d:\n", code);
	for (unsigned i = 0; i < EXPLANATIONS; i++) {
		if ((int)mvctl_exit_code(explanations[i].status) != code)
			continue;
		fprintf(ctl->out, "\n%s\n%s", mvmp_status_name(explanations[i].status),
			explanations[i].text);
	}
	if (code == MVCTL_EXIT_SOME_FAILED)
		fprintf(ctl->out, "\nSome of several nodes failed; each is listed with its reason. "
				  "Where all fail\nalike, the code is theirs.\n");
}

static int unknown_code(struct mvctl *ctl, const char *word)
{
	struct mvmp_error error;
	size_t used = 0;

	mvmp_fail(&error, MVMP_NOT_FOUND, "there is no outcome called %s", word);
	mvmp_hint(&error, "outcomes:");
	used = strlen(error.hint);
	for (unsigned i = 0; i < EXPLANATIONS && used < sizeof error.hint; i++)
		used += (size_t)snprintf(error.hint + used, sizeof error.hint - used, " %s",
			mvmp_status_name(explanations[i].status));
	return mvctl_report(ctl, &error, NULL, NULL);
}

static int run_explain(struct mvctl *ctl, int argc, char **argv)
{
	const struct explanation *found;
	char *end;
	long code;

	if (argc != 2)
		return mvctl_usage(ctl, "explain takes one word: an outcome or an exit code");
	found = find_explanation(argv[1]);
	code = strtol(argv[1], &end, 10);
	if (found)
		fprintf(ctl->out, "%s (exit code %d)\n%s", argv[1], mvctl_exit_code(found->status),
			found->text);
	else if (argv[1][0] && !*end && code >= 0 && code <= MVCTL_EXIT_DRIFT)
		print_exit_code(ctl, (int)code);
	else
		return unknown_code(ctl, argv[1]);
	return MVCTL_EXIT_OK;
}

const struct mvctl_command mvctl_explain = {
	.name = "explain",
	.group = MVCTL_HELP,
	.summary = "what an outcome or exit code means, and what to do",
	.help = "  mvctl explain drift\n"
		"  mvctl explain 5\n\n"
		"Outcomes are the names in `errors[].name` of --json; exit codes are 0 to 9.\n",
	.run = run_explain,
};
