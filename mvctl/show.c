/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"
#include "commands.h"
#include "options.h"
#include "sampling.h"
#include <stdlib.h>
#include <string.h>

int mvctl_emit_table(struct mvctl *ctl, struct mvctl_table *table)
{
	struct mvctl_style style = mvctl_style(ctl);
	struct mvmp_error error;

	if (mvctl_table_check(table, &style, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	for (unsigned r = 0; r < table->rows && mvctl_wants_json(ctl); r++)
		mvctl_add_item(ctl, mvctl_row_json(table, &table->row[r]));
	if (!mvctl_wants_json(ctl))
		mvctl_table_print(ctl->out, table, &style);
	else if (!ctl->items)
		ctl->items = json_array();
	return 0;
}

/* Which columns nobody could fill, with the reason, once for each reason. */
static void note_unsupported(struct mvctl *ctl, const struct mvctl_table *table)
{
	struct mvctl_style style = mvctl_style(ctl);

	for (unsigned c = 0; c < table->columns; c++) {
		const struct mvctl_column *column = &table->column[c];

		if (!column->header || (column->flags & MVCTL_WIDE && !style.wide) || style.columns)
			continue;
		for (unsigned r = 0; r < table->rows; r++) {
			const struct mvctl_cell *cell = &table->row[r].cell[c];

			if (cell->type != MVCTL_CELL_UNSUPPORTED)
				continue;
			mvctl_note(ctl, "%s unsupported: %s", column->header, cell->text);
			break;
		}
	}
}

static void note_simulated(struct mvctl *ctl, const struct mvctl_source *sources, unsigned count)
{
	struct mvctl_names names = {0};
	char *folded;

	for (unsigned i = 0; i < count; i++) {
		if (sources[i].after.simulated)
			mvctl_names_add(&names, sources[i].node);
	}
	if (names.count) {
		folded = mvctl_nodeset_fold(&names);
		mvctl_note(ctl, "%s: simulated", folded);
		free(folded);
	}
	mvctl_names_clear(&names);
}

/* No domains because nobody can say is not the same as no domains. */
static void note_libvirt(struct mvctl *ctl, const struct mvctl_source *sources, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned c = 0; c < sources[i].capabilities; c++) {
			if (!strcmp(sources[i].capability[c].name, "libvirt"))
				mvctl_note(ctl, "%s: libvirt unsupported: %s", sources[i].node,
					sources[i].capability[c].reason);
		}
	}
}

static int emit_view(struct mvctl *ctl, const struct mvctl_view *view,
	const struct mvctl_source *sources, const struct mvctl_reply *replies, unsigned count)
{
	struct mvctl_table table;
	int rc;

	mvctl_table_init(&table);
	mvctl_view_begin(view, &table, count > 1);
	for (unsigned i = 0; i < count; i++) {
		if (replies[i].error.status == MVMP_OK)
			mvctl_view_fill(view, &table, &sources[i]);
	}
	rc = mvctl_emit_table(ctl, &table);
	if (!rc && !mvctl_wants_json(ctl)) {
		note_unsupported(ctl, &table);
		if (view->kind >= MVMP_DOMAIN)
			note_libvirt(ctl, sources, count);
		note_simulated(ctl, sources, count);
	}
	mvctl_table_clear(&table);
	return rc;
}

/* The answers of one question about `count` nodes. */
struct answers {
	unsigned count;
	struct mvctl_source *sources;
	struct mvctl_reply *replies;
};

static void answers_init(struct answers *answers, unsigned count)
{
	answers->count = count;
	answers->sources = mvctl_alloc(count, sizeof answers->sources[0]);
	answers->replies = mvctl_alloc(count, sizeof answers->replies[0]);
}

static void answers_clear(struct answers *answers)
{
	for (unsigned i = 0; i < answers->count; i++)
		mvctl_source_clear(&answers->sources[i]);
	mvctl_replies_clear(answers->replies, answers->count);
	free(answers->sources);
	free(answers->replies);
}

static int emit_answers(
	struct mvctl *ctl, const struct mvctl_view *view, const struct answers *answers)
{
	unsigned answered = 0;
	int rc = 0;

	for (unsigned i = 0; i < answers->count; i++)
		answered += answers->replies[i].error.status == MVMP_OK;
	if (answered)
		rc = emit_view(ctl, view, answers->sources, answers->replies, answers->count);
	mvctl_report_replies(ctl, answers->replies, answers->count, view->noun);
	return rc ? rc : mvctl_result(ctl);
}

static int show_view(struct mvctl *ctl, const struct mvctl_view *view, const char *domain)
{
	struct mvctl_nodes nodes;
	struct answers answers;
	int rc = mvctl_select_nodes(ctl, &nodes);

	if (rc)
		return rc;
	answers_init(&answers, nodes.count);
	rc = mvctl_read_samples(ctl, &nodes, view->kinds, domain, answers.sources, answers.replies);
	if (!rc)
		rc = emit_answers(ctl, view, &answers);
	answers_clear(&answers);
	mvctl_nodes_clear(&nodes);
	return rc;
}

/* What the aggregator last heard: the way to see nodes that are silent. */
static int show_current(struct mvctl *ctl, const struct mvctl_view *view, const char *domain)
{
	struct mvctl_node aggregator = {0};
	struct mvctl_names names = {0};
	struct answers answers;
	struct mvmp_error error;
	int rc;

	if (!ctl->opt.nodes)
		return mvctl_usage(
			ctl, "--aggregator %s: say which nodes, -n NODES", ctl->opt.aggregator);
	if (mvctl_nodeset_expand(&names, ctl->opt.nodes, &error)) {
		mvctl_names_clear(&names);
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	rc = mvctl_select_aggregator(ctl, &aggregator);
	if (!rc) {
		answers_init(&answers, names.count);
		rc = mvctl_read_current(ctl, &aggregator, &names, view->kinds, domain,
			answers.sources, answers.replies);
		if (!rc)
			rc = emit_answers(ctl, view, &answers);
		answers_clear(&answers);
	}
	mvctl_names_clear(&names);
	return rc;
}

static const struct show {
	const char *noun;
	bool table;
	int (*run)(struct mvctl *ctl, int argc, char **argv);
} shows[] = {
	{"node", false, mvctl_show_node},
	{"link", false, mvctl_show_link},
	{"drift", true, mvctl_show_drift},
	{"audit", true, mvctl_show_audit},
	{"cluster", true, mvctl_show_cluster},
	{"store", false, mvctl_show_store},
};

enum { SHOWS = sizeof shows / sizeof shows[0] };

/* `show node` is a page, but one row of its view where a table is asked for. */
static bool wants_table(const struct mvctl *ctl)
{
	return ctl->opt.format == MVCTL_TSV || ctl->opt.columns || ctl->opt.sort ||
	       ctl->opt.aggregator;
}

static int run_show(struct mvctl *ctl, int argc, char **argv)
{
	const struct mvctl_view *view;

	if (argc < 2)
		return mvctl_usage(ctl, "show what? node, cpus, numa, pools, domains, vcpus, vifs, "
					"vbds, link, drift, audit, cluster or store");
	view = mvctl_view_find(argv[1]);
	for (unsigned i = 0; i < SHOWS; i++) {
		if (strcmp(argv[1], shows[i].noun) != 0 || (view && wants_table(ctl)))
			continue;
		mvctl_set_schema(ctl, argv[1]);
		if (!shows[i].table && wants_table(ctl) && !ctl->opt.aggregator)
			return mvctl_usage(
				ctl, "show %s is no table; for programs: --json", argv[1]);
		return shows[i].run(ctl, argc - 1, argv + 1);
	}
	if (!view)
		return mvctl_usage(ctl,
			"show %s: it is node, cpus, numa, pools, domains, vcpus, "
			"vifs, vbds, link, drift, audit, cluster or store",
			argv[1]);
	mvctl_set_schema(ctl, view->noun);
	if (argc > 3 || (argc == 3 && view->kind < MVMP_DOMAIN))
		return mvctl_usage(ctl, "show %s takes no %s", argv[1], argv[argc - 1]);
	return (ctl->opt.aggregator ? show_current : show_view)(
		ctl, view, argc == 3 ? argv[2] : NULL);
}

const struct mvctl_command mvctl_show = {
	.name = "show",
	.group = MVCTL_LOOK,
	.summary = "a node, its parts, its domains and theirs, its link, wishes and audit log",
	.help = "  mvctl -n r1-n01 show node           the node in one screen\n"
		"  mvctl -n r1-n01 show domains        what runs there; --wide: disks, UUIDs\n"
		"  mvctl -n 'r1-*' show vifs web-07    the VIFs of one domain\n"
		"  mvctl -n r1-n01 show vbds --json    raw counters, every field\n"
		"  mvctl -n r1-n01 show audit 20       the newest 20 entries of its audit log\n"
		"  mvctl show cluster                  state and cluster key of every member\n"
		"  mvctl --aggregator agg1 -n r1-n09 show domains   what mvstatsd last heard of a\n"
		"                                      node that is silent now, with its age\n\n"
		"What can be shown: node cpus numa pools domains vcpus vifs vbds link drift "
		"audit,\n"
		"of all members: cluster, and of the aggregator: store.\n\n"
		"CPU% is of one pCPU (400 is four busy ones). Network in Mb/s (10^6 bit), disk in\n"
		"MB/s (10^6 bytes), memory in MiB or GiB; rx is what the guest received.\n"
		"`-` no value now, `~` older than two intervals, `unsup` this node cannot tell "
		"(the\n"
		"reason follows on stderr, and is in --json).\n\n"
		"Role: observer. Exit codes: 3 no such node or domain, 5 no answer, 6 some "
		"failed.\n",
	.run = run_show,
};
