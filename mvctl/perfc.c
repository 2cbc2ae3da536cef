/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include "options.h"
#include "perfcout.h"
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>

/* mvctl-perfc: reads and resets the performance counters of a node. */

static const char usage_text[] =
	"mvctl-perfc reads the performance counters of hypervisor nodes by Ethernet.\n\n"
	"  mvctl-perfc -i eth1 --mvmac a0369f2058c4 --perfc-dump\n"
	"  mvctl-perfc -i eth1 --mvmac a0369f2058c4 --perfc-get 'apic timer interrupts'\n"
	"  mvctl-perfc --mvmac a0369f2058c4 --perf-reset\n\n"
	"  --perfc-dump          every counter: name, TOTAL, and each CPU where the total is not "
	"0\n"
	"  --perfc-get NAME      one counter\n"
	"  --perf-reset          count from 0 again for you alone (also --perfc-reset); the "
	"answer\n"
	"                        says so where the node's own counters had to be reset for all\n"
	"  --arrays              arrays by index instead of by CPU\n"
	"  -d DOMAIN             the counters of one domain: name, UUID or number\n"
	"  --json                for programs: also sources, and what the node cannot count\n\n"
	"Nodes, links and identity as of mvctl: see mvctl help options. `now` is ns since the\n"
	"hypervisor started. Role: observer.\n"
	"Exit codes: 2 usage, 3 no such counter, 4 not allowed, 5 no answer, 6 some failed.\n";

enum perfc_what {
	PERFC_NOTHING,
	PERFC_DUMP,
	PERFC_GET,
	PERFC_RESET,
};

struct perfc {
	struct mvctl *ctl;
	enum perfc_what what;
	const char *name, *domain;
	bool arrays;
	struct mvctl_nodes nodes;
	struct mvctl_reply *replies;
};

static int ask_counters(struct perfc *perfc, const char *name)
{
	Mvmp__PerfRead request = MVMP__PERF_READ__INIT;
	char *copy = mvctl_text(name ? name : ""),
	     *domain = mvctl_text(perfc->domain ? perfc->domain : "");
	uint8_t *body;
	int rc;

	request.name = copy;
	request.domain = domain;
	request.arrays = perfc->arrays;
	body = mvctl_alloc(mvmp__perf_read__get_packed_size(&request), 1);
	rc = mvctl_ask_all(perfc->ctl, &perfc->nodes, MVMP_ROLE_NODE, MVMP_VERB_PERF_READ, body,
		mvmp__perf_read__pack(&request, body), perfc->replies);
	free(body);
	free(copy);
	free(domain);
	return rc;
}

static void emit_answer(
	struct perfc *perfc, const struct mvctl_reply *reply, const Mvmp__PerfAnswer *answer)
{
	struct mvctl *ctl = perfc->ctl;
	unsigned unsupported = mvctl_perfc_unsupported(answer);

	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, mvctl_perfc_json(reply->name, answer, perfc->arrays));
		return;
	}
	if (perfc->nodes.count > 1)
		fprintf(ctl->out, "node %s\n", reply->name);
	mvctl_perfc_print(ctl->out, answer, perfc->arrays);
	if (answer->simulated)
		mvctl_note(ctl, "%s: simulated", reply->name);
	if (unsupported)
		mvctl_note(ctl, "%s cannot count %u of %zu; --json says which and why", reply->name,
			unsupported, answer->n_counter);
}

/* One counter that is there but cannot be counted: its reason is the answer. */
static void check_single(
	struct perfc *perfc, struct mvctl_reply *reply, const Mvmp__PerfAnswer *answer)
{
	if (perfc->what != PERFC_GET)
		return;
	if (!answer->n_counter)
		mvmp_fail(&reply->error, MVMP_NOT_FOUND, "%s has no counter %s", reply->name,
			perfc->name);
	else if (answer->counter[0]->unsupported[0])
		mvmp_fail(&reply->error, MVMP_UNSUPPORTED, "%s cannot count %s: %s", reply->name,
			perfc->name, answer->counter[0]->unsupported);
}

static void take_answer(struct perfc *perfc, struct mvctl_reply *reply)
{
	Mvmp__PerfAnswer *answer = mvmp__perf_answer__unpack(NULL, reply->body_len, reply->body);

	if (!answer) {
		mvctl_bad_answer(reply);
		return;
	}
	check_single(perfc, reply, answer);
	if (reply->error.status != MVMP_NOT_FOUND &&
		(reply->error.status == MVMP_OK || mvctl_wants_json(perfc->ctl)))
		emit_answer(perfc, reply, answer);
	mvmp__perf_answer__free_unpacked(answer, NULL);
}

/* Asks the node for all names and suggests those that resemble the unknown one. */
static void suggest(struct perfc *perfc, struct mvctl_reply *reply)
{
	struct mvctl_nodes one = {(struct mvctl_node *)reply->node, 1};
	struct perfc all = {
		.ctl = perfc->ctl, .domain = perfc->domain, .nodes = one, .what = PERFC_DUMP};
	struct mvctl_reply list = {0};
	Mvmp__PerfAnswer *answer;
	char names[160];

	all.replies = &list;
	if (ask_counters(&all, NULL) || list.error.status != MVMP_OK)
		return;
	answer = mvmp__perf_answer__unpack(NULL, list.body_len, list.body);
	if (answer) {
		mvctl_perfc_close_names(names, sizeof names, answer, perfc->name);
		if (names[0])
			mvmp_hint(&reply->error, "close to it: %s", names);
		else
			mvmp_hint(&reply->error, "%s --perfc-dump lists all %zu",
				perfc->ctl->program, answer->n_counter);
		mvmp__perf_answer__free_unpacked(answer, NULL);
	}
	mvctl_replies_clear(&list, 1);
}

static int read_counters(struct perfc *perfc)
{
	int rc = ask_counters(perfc, perfc->name);

	for (unsigned i = 0; i < perfc->nodes.count && !rc; i++) {
		struct mvctl_reply *reply = &perfc->replies[i];

		if (reply->error.status == MVMP_OK)
			take_answer(perfc, reply);
		if (reply->error.status == MVMP_NOT_FOUND && perfc->what == PERFC_GET)
			suggest(perfc, reply);
	}
	return rc;
}

static void say_reset(struct mvctl *ctl, struct mvctl_reply *reply)
{
	Mvmp__PerfResetAnswer *answer =
		mvmp__perf_reset_answer__unpack(NULL, reply->body_len, reply->body);
	json_t *item;

	if (!answer) {
		mvctl_bad_answer(reply);
		return;
	}
	if (mvctl_wants_json(ctl)) {
		item = json_object();
		json_object_set_new(item, "node", json_string(reply->name));
		json_object_set_new(item, "counters", json_integer(answer->counters));
		json_object_set_new(item, "now_ns", json_integer((json_int_t)answer->now_ns));
		json_object_set_new(item, "global", json_boolean(answer->global));
		mvctl_add_item(ctl, item);
	} else {
		fprintf(ctl->out, "Performance counters RESET (now = 0x%08X:%08X)\n",
			(unsigned)(answer->now_ns >> 32), (unsigned)(answer->now_ns & 0xffffffff));
		mvctl_note(ctl, "%s: %u counters reset, %s", reply->name, answer->counters,
			answer->global ? "for everybody: they are the hypervisor's own"
				       : "for this identity alone");
	}
	mvmp__perf_reset_answer__free_unpacked(answer, NULL);
}

static int reset_counters(struct perfc *perfc)
{
	Mvmp__PerfReset request = MVMP__PERF_RESET__INIT;
	uint8_t body[8];
	int rc = mvctl_ask_all(perfc->ctl, &perfc->nodes, MVMP_ROLE_NODE, MVMP_VERB_PERF_RESET,
		body, mvmp__perf_reset__pack(&request, body), perfc->replies);

	for (unsigned i = 0; i < perfc->nodes.count && !rc; i++) {
		if (perfc->replies[i].error.status == MVMP_OK)
			say_reset(perfc->ctl, &perfc->replies[i]);
	}
	return rc;
}

static int set_what(struct perfc *perfc, enum perfc_what what)
{
	if (perfc->what != PERFC_NOTHING)
		return mvctl_usage(perfc->ctl,
			"--perfc-dump, --perfc-get and --perf-reset exclude each other");
	perfc->what = what;
	return 0;
}

static int read_options(struct perfc *perfc, int argc, char **argv)
{
	static const struct option options[] = {{"perfc-dump", no_argument, NULL, 'D'},
		{"perfc-get", required_argument, NULL, 'G'}, {"perf-reset", no_argument, NULL, 'R'},
		{"perfc-reset", no_argument, NULL, 'R'}, {"arrays", no_argument, NULL, 'A'},
		{"domain", required_argument, NULL, 'd'}, {0}};
	int c, rc = 0;

	while (!rc && (c = mvctl_getopt(perfc->ctl, argc, argv, "d:", options)) != -1) {
		if (c == '?')
			rc = MVCTL_EXIT_USAGE;
		else if (c == 'D' || c == 'R')
			rc = set_what(perfc, c == 'D' ? PERFC_DUMP : PERFC_RESET);
		else if (c == 'G')
			rc = set_what(perfc, PERFC_GET);
		else if (c == 'A')
			perfc->arrays = true;
		else
			perfc->domain = optarg;
		if (c == 'G')
			perfc->name = optarg;
	}
	if (!rc && argc > optind)
		rc = mvctl_usage(perfc->ctl, "unknown word %s", argv[optind]);
	if (!rc && perfc->what == PERFC_NOTHING)
		rc = mvctl_usage(
			perfc->ctl, "say --perfc-dump, --perfc-get NAME or --perf-reset; see -h");
	return rc;
}

static int run(struct perfc *perfc, int argc, char **argv)
{
	struct mvctl *ctl = perfc->ctl;
	int rc = mvctl_take_options(ctl, &argc, argv);

	if (rc)
		return rc;
	if (ctl->opt.help) {
		fputs(usage_text, ctl->out);
		return 0;
	}
	if (ctl->opt.version) {
		fprintf(ctl->out, "mvctl-perfc %s\n", MVMP_VERSION_TEXT);
		return 0;
	}
	mvctl_set_schema(ctl, "perfc");
	rc = read_options(perfc, argc, argv);
	if (!rc)
		rc = mvctl_select_nodes(ctl, &perfc->nodes);
	if (rc)
		return rc;
	perfc->replies = mvctl_alloc(perfc->nodes.count, sizeof perfc->replies[0]);
	rc = perfc->what == PERFC_RESET ? reset_counters(perfc) : read_counters(perfc);
	if (!rc)
		mvctl_report_replies(ctl, perfc->replies, perfc->nodes.count,
			perfc->what == PERFC_RESET ? "perf-reset" : "perfc");
	mvctl_replies_clear(perfc->replies, perfc->nodes.count);
	return rc ? rc : mvctl_result(ctl);
}

int main(int argc, char **argv)
{
	struct mvctl ctl;
	struct perfc perfc = {.ctl = &ctl};
	int rc;

	mvctl_init(&ctl, "mvctl-perfc");
	rc = run(&perfc, argc, argv);
	mvctl_print_document(&ctl);
	free(perfc.replies);
	mvctl_nodes_clear(&perfc.nodes);
	mvctl_disconnect(&ctl);
	mvctl_clear(&ctl);
	return rc;
}
