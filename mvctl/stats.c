/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "follow.h"
#include "jsonout.h"
#include "options.h"
#include "show.h"
#include "times.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct stats {
	struct mvctl *ctl;
	const struct mvctl_view *view[MVMP_ENTITY_COUNT];
	unsigned views;
	struct mvctl_table widths[MVMP_ENTITY_COUNT]; /* keep the columns where they are */
	bool began[MVMP_ENTITY_COUNT];
	bool many;
	unsigned lines;
};

static void put_time(struct mvctl_cell *cell, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / MVMP_NS_PER_S);
	char text[16];
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof text, "%H:%M:%S", &tm);
	mvctl_put_text(cell, text);
}

/* One view of one sample as text: the header once, then lines that are appended. */
static void print_view(struct stats *stats, unsigned v, const struct mvctl_source *source)
{
	static const struct mvctl_column time_column = {"time", "TIME", 0, NULL};
	struct mvctl_style style = mvctl_style(stats->ctl);
	struct mvctl_table *table = &stats->widths[v], plain;
	struct mvmp_error error;

	if (!stats->began[v]) {
		mvctl_table_init(table);
		mvctl_table_add(table, &time_column);
	}
	mvctl_table_init(&plain);
	mvctl_view_begin(stats->view[v], &plain, stats->many);
	mvctl_view_fill(stats->view[v], &plain, source);
	for (unsigned c = 0; c < plain.columns && !stats->began[v]; c++)
		mvctl_table_add(table, &plain.column[c]);
	for (unsigned r = 0; r < plain.rows; r++) {
		struct mvctl_row *row = mvctl_table_row(table);

		put_time(&row->cell[0], source->after.wall_ns);
		row->measured = plain.row[r].measured;
		memcpy(&row->cell[1], plain.row[r].cell, plain.columns * sizeof row->cell[0]);
		memset(plain.row[r].cell, 0, plain.columns * sizeof row->cell[0]);
	}
	style.no_header |= stats->began[v] && stats->views == 1;
	if (!stats->began[v] && mvctl_table_check(table, &style, &error))
		style.columns = style.sort = NULL;
	mvctl_table_print(stats->ctl->out, table, &style);
	stats->began[v] = true;
	mvctl_table_drop_rows(table);
	mvctl_table_clear(&plain);
}

static void print_json(struct stats *stats, unsigned v, const struct mvctl_source *source)
{
	struct mvctl_table table;

	mvctl_table_init(&table);
	mvctl_view_begin(stats->view[v], &table, true);
	mvctl_view_fill(stats->view[v], &table, source);
	for (unsigned r = 0; r < table.rows; r++) {
		json_t *item = json_object();

		json_object_set_new(item, "type", json_string("sample"));
		json_object_set_new(
			item, "kind", json_string(mvmp_entities[stats->view[v]->kind].name));
		json_object_set_new(item, "sample", mvctl_json_uint(source->after.number));
		json_object_update_new(item, mvctl_row_json(&table, &table.row[r]));
		if (stats->ctl->opt.format == MVCTL_JSONL)
			mvctl_print_line(stats->ctl, item);
		else
			mvctl_add_item(stats->ctl, item);
	}
	mvctl_table_clear(&table);
}

static void on_sample(void *ctx, const struct mvctl_source *source)
{
	struct stats *stats = ctx;

	for (unsigned v = 0; v < stats->views; v++) {
		if (mvctl_wants_json(stats->ctl))
			print_json(stats, v, source);
		else
			print_view(stats, v, source);
	}
	fflush(stats->ctl->out);
}

static void summarize(struct stats *stats, const struct mvctl_follow_totals *totals)
{
	struct mvctl *ctl = stats->ctl;
	json_t *summary;

	if (ctl->opt.format != MVCTL_JSONL) {
		mvctl_note(ctl, "%llu samples in %llu frames, %llu lost, %llu malformed",
			(unsigned long long)totals->samples, (unsigned long long)totals->frames,
			(unsigned long long)totals->lost, (unsigned long long)totals->malformed);
		return;
	}
	summary = json_object();
	json_object_set_new(summary, "type", json_string("summary"));
	json_object_set_new(summary, "samples", mvctl_json_uint(totals->samples));
	json_object_set_new(summary, "frames", mvctl_json_uint(totals->frames));
	json_object_set_new(summary, "lost", mvctl_json_uint(totals->lost));
	json_object_set_new(summary, "malformed", mvctl_json_uint(totals->malformed));
	json_object_set_new(
		summary, "errors", ctl->errors ? json_incref(ctl->errors) : json_array());
	mvctl_print_line(ctl, summary);
	ctl->summarized = true;
}

static int read_views(
	struct stats *stats, struct mvctl_follow_options *options, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct mvctl_view *view = mvctl_view_find(argv[i]);

		if (!view || stats->views == MVMP_ENTITY_COUNT)
			return mvctl_usage(stats->ctl,
				"stats of %s: it is node, cpus, numa, pools, domains, vcpus, vifs "
				"or vbds",
				argv[i]);
		stats->view[stats->views++] = view;
	}
	if (!stats->views)
		stats->view[stats->views++] = &mvctl_view_nodes;
	for (unsigned v = 0; v < stats->views; v++)
		options->kinds |= stats->view[v]->kinds;
	return 0;
}

static int read_options(
	struct mvctl *ctl, struct mvctl_follow_options *options, int argc, char **argv)
{
	static const struct option known[] = {{"follow", no_argument, NULL, 'f'},
		{"interval", required_argument, NULL, 'I'}, {"count", required_argument, NULL, 'c'},
		{0}};
	struct mvmp_error error;
	double seconds = 1;
	bool follow = false;
	int c;

	options->count = 2; /* without --follow: one screen with rates */
	while ((c = mvctl_getopt(ctl, argc, argv, "fc:", known)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		if (c == 'f' && !follow) {
			follow = true;
			options->count = 0;
		}
		if (c == 'c' &&
			!mvctl_read_number(ctl, "--count", optarg, 1, 1000000000, &options->count))
			return MVCTL_EXIT_USAGE;
		if (c == 'c')
			follow = true;
		if (c == 'I' && mvctl_span_parse(&seconds, optarg, &error))
			return mvctl_report(ctl, &error, NULL, NULL);
	}
	if (seconds < 0.1 || seconds > 3600)
		return mvctl_usage(ctl, "--interval %g s: it is a span from 100ms to 1h", seconds);
	options->interval_ms = (unsigned)(seconds * 1000 + 0.5);
	return 0;
}

static int run_stats(struct mvctl *ctl, int argc, char **argv)
{
	struct stats stats = {.ctl = ctl};
	struct mvctl_follow_options options = {.sample = on_sample, .ctx = &stats};
	struct mvctl_follow_totals totals = {0};
	struct mvctl_nodes nodes;
	int rc = read_options(ctl, &options, argc, argv);

	if (!rc)
		rc = read_views(&stats, &options, argc - optind, argv + optind);
	if (!rc)
		rc = mvctl_connect(ctl, true);
	if (!rc)
		rc = mvctl_select_nodes(ctl, &nodes);
	if (rc)
		return rc;
	stats.many = nodes.count > 1;
	rc = mvctl_follow(ctl, &nodes, &options, &totals);
	if (!rc)
		summarize(&stats, &totals);
	for (unsigned v = 0; v < stats.views; v++)
		mvctl_table_clear(&stats.widths[v]);
	mvctl_nodes_clear(&nodes);
	return rc ? rc : mvctl_result(ctl);
}

const struct mvctl_command mvctl_stats = {
	.name = "stats",
	.group = MVCTL_LOOK,
	.summary = "samples as the node sends them, at your interval; lines are appended",
	.help = "  mvctl -n r1-n01 stats --follow                 the node, every second\n"
		"  mvctl -n r1-n01 stats domains --follow --interval 2s\n"
		"  mvctl -n 'r1-*' stats vifs vbds --count 10 --jsonl\n\n"
		"usage: mvctl [-n NODES] stats [KIND...] [--follow] [--interval SPAN] [--count "
		"N]\n\n"
		"KIND: node cpus numa pools domains vcpus vifs vbds. Without --follow two samples\n"
		"are printed, the second with rates. --interval from 100ms to 1h (1s). A node "
		"that\n"
		"restarts is subscribed to again. --jsonl ends with a line of type summary.\n\n"
		"Role: observer. Exit codes: 3 no such node, 5 no answer, 6 some failed.\n",
	.run = run_stats,
};
