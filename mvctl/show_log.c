/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include "options.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What nodes wrote down: kept wishes (`show drift`) and the audit log (`show audit`). */

static const struct mvctl_column drift_columns[] = {
	{"node", "NODE", 0, NULL},
	{"wish", "WISH", MVCTL_RIGHT, NULL},
	{"object", "OBJECT", 0, NULL},
	{"wanted", "WANTED", 0, NULL},
	{"found", "FOUND", 0, NULL},
	{"state", "STATE", MVCTL_STATE, NULL},
	{"who", "WHO", 0, NULL},
	{"at", "WHEN", 0, NULL},
};

static const struct mvctl_column audit_columns[] = {
	{"node", "NODE", 0, NULL},
	{"at", "WHEN", 0, NULL},
	{"who", "WHO", 0, NULL},
	{"certificate", "CERT", MVCTL_RIGHT, NULL},
	{"verb", "VERB", 0, NULL},
	{"arguments", "ARGUMENTS", 0, NULL},
	{"result", "RESULT", MVCTL_STATE, NULL},
	{"text", "TEXT", MVCTL_WIDE, NULL},
	{"operation", "OPERATION", MVCTL_WIDE, NULL},
};

static void put_time(struct mvctl_cell *cell, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / MVMP_NS_PER_S);
	char text[40];
	struct tm tm;

	if (!wall_ns || !gmtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	mvctl_put_text(cell, text);
}

static bool fill_drift(struct mvctl_table *table, const struct mvctl_reply *reply)
{
	Mvmp__DriftAnswer *answer = mvmp__drift_answer__unpack(NULL, reply->body_len, reply->body);

	for (size_t i = 0; answer && i < answer->n_wish; i++) {
		const Mvmp__DriftAnswer__Wish *wish = answer->wish[i];
		struct mvctl_cell *cell = mvctl_table_row(table)->cell;

		mvctl_put_text(&cell[0], reply->name);
		mvctl_put_uint(&cell[1], wish->number);
		mvctl_put_text(&cell[2], wish->object);
		mvctl_put_text(&cell[3], wish->wanted);
		mvctl_put_text(&cell[4], wish->found);
		mvctl_put_text(&cell[5], wish->drifted ? "drifted" : "as-asked");
		mvctl_put_text(&cell[6], wish->who);
		put_time(&cell[7], wish->wall_ns);
	}
	if (answer)
		mvmp__drift_answer__free_unpacked(answer, NULL);
	return answer != NULL;
}

static bool fill_audit(struct mvctl_table *table, const struct mvctl_reply *reply)
{
	Mvmp__AuditAnswer *answer = mvmp__audit_answer__unpack(NULL, reply->body_len, reply->body);

	for (size_t i = 0; answer && i < answer->n_entry; i++) {
		const Mvmp__AuditAnswer__Entry *entry = answer->entry[i];
		struct mvctl_cell *cell = mvctl_table_row(table)->cell;
		char id[2 * MVMP_ID_LEN + 1];

		mvctl_put_text(&cell[0], reply->name);
		put_time(&cell[1], entry->wall_ns);
		mvctl_put_text(&cell[2], entry->who);
		mvctl_put_uint(&cell[3], entry->serial);
		mvctl_put_text(&cell[4], entry->verb);
		mvctl_put_text(&cell[5], entry->arguments);
		mvctl_put_text(&cell[6], entry->result);
		mvctl_put_text(&cell[7], entry->text);
		if (entry->operation.len == MVMP_ID_LEN)
			mvctl_put_text(&cell[8], mvmp_hex(id, entry->operation.data, MVMP_ID_LEN));
	}
	if (answer)
		mvmp__audit_answer__free_unpacked(answer, NULL);
	return answer != NULL;
}

struct log {
	const char *what;
	enum mvmp_verb verb;
	const struct mvctl_column *column;
	unsigned columns;
	bool (*fill)(struct mvctl_table *table, const struct mvctl_reply *reply);
};

static const struct log drift_log = {"show drift", MVMP_VERB_DRIFT_READ, drift_columns,
	sizeof drift_columns / sizeof drift_columns[0], fill_drift};
static const struct log audit_log = {"show audit", MVMP_VERB_AUDIT_READ, audit_columns,
	sizeof audit_columns / sizeof audit_columns[0], fill_audit};

static int emit_log(
	struct mvctl *ctl, const struct log *log, struct mvctl_reply *replies, unsigned count)
{
	struct mvctl_table table;
	unsigned answered = 0;
	int rc = 0;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, log->column, log->columns);
	if (count == 1)
		table.column[0].flags |= MVCTL_WIDE;
	for (unsigned i = 0; i < count; i++) {
		if (replies[i].error.status != MVMP_OK)
			continue;
		answered++;
		if (!log->fill(&table, &replies[i]))
			mvctl_bad_answer(&replies[i]);
	}
	if (answered)
		rc = mvctl_emit_table(ctl, &table);
	mvctl_table_clear(&table);
	return rc;
}

static int show_log(struct mvctl *ctl, const struct log *log, const uint8_t *body, size_t len)
{
	struct mvctl_nodes nodes;
	struct mvctl_reply *replies;
	int rc = mvctl_select_nodes(ctl, &nodes);

	if (rc)
		return rc;
	replies = mvctl_alloc(nodes.count, sizeof replies[0]);
	rc = mvctl_ask_all(ctl, &nodes, MVMP_ROLE_NODE, log->verb, body, len, replies);
	if (!rc) {
		rc = emit_log(ctl, log, replies, nodes.count);
		mvctl_report_replies(ctl, replies, nodes.count, log->what);
	}
	mvctl_replies_clear(replies, nodes.count);
	free(replies);
	mvctl_nodes_clear(&nodes);
	return rc ? rc : mvctl_result(ctl);
}

int mvctl_show_drift(struct mvctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		return mvctl_usage(ctl, "show drift takes no %s", argv[1]);
	return show_log(ctl, &drift_log, NULL, 0);
}

int mvctl_show_audit(struct mvctl *ctl, int argc, char **argv)
{
	Mvmp__AuditRead request = MVMP__AUDIT_READ__INIT;
	unsigned long newest = 50;
	uint8_t body[16];

	if (argc > 2)
		return mvctl_usage(ctl, "show audit takes one number, not %s", argv[2]);
	if (argc == 2 && !mvctl_read_number(ctl, "show audit", argv[1], 1, 1000, &newest))
		return MVCTL_EXIT_USAGE;
	request.newest = (uint32_t)newest;
	return show_log(ctl, &audit_log, body, mvmp__audit_read__pack(&request, body));
}
