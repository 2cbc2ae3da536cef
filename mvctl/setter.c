/* SPDX-License-Identifier: Apache-2.0 */
#include "setter.h"
#include "table.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNASKED = 10 };

int mvctl_confirm(struct mvctl *ctl, unsigned targets, const char *what)
{
	char line[32];

	if (ctl->opt.dry_run || (targets <= UNASKED && !ctl->opt.all) || targets < 2)
		return 0;
	if (ctl->opt.confirm == targets)
		return 0;
	if (ctl->opt.confirm)
		return mvctl_usage(ctl, "--confirm %u: there are %u nodes; nothing was changed",
			ctl->opt.confirm, targets);
	if (!isatty(STDIN_FILENO) || !isatty(fileno(ctl->err)))
		return mvctl_usage(ctl, "%s on %u nodes: say --confirm=%u; nothing was changed",
			what, targets, targets);
	fprintf(ctl->err, "%s on %u nodes. Type the number of nodes to go on: ", what, targets);
	if (fgets(line, sizeof line, stdin) && strtoul(line, NULL, 10) == targets)
		return 0;
	return mvctl_usage(ctl, "not confirmed; nothing was changed");
}

static const struct mvctl_column failed_columns[] = {
	{"node", "FAILED", 0, NULL},
	{"name", "WHY", 0, NULL},
	{"message", "DETAIL", 0, NULL},
};

/* "again: mvctl -n NODES ..." for what failed without any change. */
static void print_again(
	struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count, const char *words)
{
	struct mvctl_names names = {0};
	char id[2 * MVMP_ID_LEN + 1], *folded;

	for (unsigned i = 0; i < count; i++) {
		int status = replies[i].error.status;

		if (status == MVMP_OUTCOME_UNKNOWN || status == MVMP_RUNNING)
			fprintf(ctl->err, "  settle:  mvctl -n %s op %s --wait\n", replies[i].name,
				mvmp_hex(id, replies[i].operation, MVMP_ID_LEN));
		else if (status != MVMP_OK && status != MVMP_DRIFT)
			mvctl_names_add(&names, replies[i].name);
	}
	if (names.count) {
		folded = mvctl_nodeset_fold(&names);
		fprintf(ctl->err, "  again:   mvctl -n '%s' %s\n", folded, words);
		free(folded);
	}
	mvctl_names_clear(&names);
}

static unsigned print_failures(struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count)
{
	struct mvctl_style plain = {0};
	struct mvctl_table table;
	unsigned failed;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, failed_columns, 3);
	for (unsigned i = 0; i < count; i++) {
		struct mvctl_row *row;

		if (replies[i].error.status == MVMP_OK)
			continue;
		row = mvctl_table_row(&table);
		mvctl_put_text(&row->cell[0], replies[i].name);
		mvctl_put_text(&row->cell[1], mvmp_status_name(replies[i].error.status));
		mvctl_put_text(&row->cell[2], replies[i].error.text);
	}
	failed = table.rows;
	if (failed)
		mvctl_table_print(ctl->err, &table, &plain);
	mvctl_table_clear(&table);
	return failed;
}

void mvctl_report_setter(struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count,
	const char *what, const char *words)
{
	unsigned failed;

	if (count == 1) {
		mvctl_report_replies(ctl, replies, count, what);
		return;
	}
	fflush(ctl->out);
	for (unsigned i = 0; i < count; i++) {
		if (replies[i].error.status == MVMP_OK)
			ctl->done++;
		else
			mvctl_keep_error(
				ctl, &replies[i].error, replies[i].name, replies[i].operation);
	}
	failed = print_failures(ctl, replies, count);
	fprintf(ctl->err, "%u of %u changed, %u failed\n", count - failed, count, failed);
	print_again(ctl, replies, count, words);
}
