/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include "net.h"
#include "nodetext.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

static const struct mvctl_column link_columns[] = {
	{"link", "LINK", 0, NULL},
	{"mac", "MAC", 0, NULL},
	{"mtu_bytes", "MTU", MVCTL_RIGHT, NULL},
	{"sent", "SENT", MVCTL_RIGHT, NULL},
	{"received", "RECEIVED", MVCTL_RIGHT, NULL},
	{"send_errors", "SENDERR", MVCTL_RIGHT, NULL},
	{"receive_drops", "RXDROP", MVCTL_RIGHT, NULL},
	{"session_drops", "SESSION", MVCTL_RIGHT, NULL},
	{"stranger_drops", "STRANGER", MVCTL_RIGHT, NULL},
	{"stats_drops", "STATS", MVCTL_RIGHT, NULL},
};

static void fill_links(struct mvctl_table *table, const Mvmp__LinkAnswer *answer)
{
	for (size_t i = 0; i < answer->n_links; i++) {
		const Mvmp__LinkAnswer__Link *link = answer->links[i];
		struct mvctl_row *row = mvctl_table_row(table);
		char mac[18];

		mvctl_put_text(&row->cell[0], link->name);
		if (link->mac.len == MVMP_MAC_LEN)
			mvctl_put_text(&row->cell[1], mvmp_mac_text(mac, link->mac.data));
		mvctl_put_uint(&row->cell[2], link->mtu);
		mvctl_put_uint(&row->cell[3], link->sent);
		mvctl_put_uint(&row->cell[4], link->received);
		mvctl_put_uint(&row->cell[5], link->send_errors);
		mvctl_put_uint(&row->cell[6], link->receive_drops);
		mvctl_put_uint(&row->cell[7], link->session_drops);
		mvctl_put_uint(&row->cell[8], link->stranger_drops);
		mvctl_put_uint(&row->cell[9], link->stats_drops);
	}
}

static void print_counters(
	FILE *out, const char *title, size_t count, Mvmp__LinkAnswer__Counter *const *counter)
{
	unsigned printed = 0;

	fprintf(out, "  %-9s", title);
	for (size_t i = 0; i < count; i++) {
		if (!counter[i]->value)
			continue;
		if (printed && printed % 3 == 0)
			fprintf(out, "\n  %-9s", "");
		fprintf(out, "  %s %llu", counter[i]->name, (unsigned long long)counter[i]->value);
		printed++;
	}
	fputs(printed ? "\n" : "  none\n", out);
}

static json_t *counters_json(size_t count, Mvmp__LinkAnswer__Counter *const *counter)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(object, counter[i]->name, mvctl_json_uint(counter[i]->value));
	return object;
}

static json_t *link_json(const struct mvctl_reply *reply, const Mvmp__LinkAnswer *answer,
	const struct mvctl_table *table)
{
	json_t *object = json_object(), *links = json_array();

	for (unsigned r = 0; r < table->rows; r++)
		json_array_append_new(links, mvctl_row_json(table, &table->row[r]));
	json_object_set_new(object, "node", mvctl_json_text(reply->name));
	json_object_set_new(object, "version", mvctl_json_text(answer->version));
	json_object_set_new(object, "uptime_ns", mvctl_json_uint(answer->uptime_ns));
	json_object_set_new(object, "sessions", json_integer(answer->sessions));
	json_object_set_new(object, "stats_received", mvctl_json_uint(answer->stats_received));
	json_object_set_new(object, "stats_lost", mvctl_json_uint(answer->stats_lost));
	json_object_set_new(object, "links", links);
	json_object_set_new(
		object, "counters", counters_json(answer->n_counters, answer->counters));
	json_object_set_new(object, "drops", counters_json(answer->n_drops, answer->drops));
	return object;
}

static void print_link(struct mvctl *ctl, const struct mvctl_reply *reply,
	const Mvmp__LinkAnswer *answer, struct mvctl_table *table)
{
	struct mvctl_style plain = {0};
	uint64_t stats = answer->stats_received + answer->stats_lost;
	char up[32];

	fprintf(ctl->out, "%s   version %s   up %s   %u sessions   answered in %.1f ms\n",
		reply->name, answer->version,
		mvctl_human_duration(up, sizeof up, answer->uptime_ns), answer->sessions,
		(double)reply->elapsed_ns / 1e6);
	mvctl_table_print(ctl->out, table, &plain);
	print_counters(ctl->out, "counters", answer->n_counters, answer->counters);
	print_counters(ctl->out, "drops", answer->n_drops, answer->drops);
	if (stats)
		fprintf(ctl->out, "  stats      lost %llu of %llu frames\n",
			(unsigned long long)answer->stats_lost, (unsigned long long)stats);
}

static void emit(struct mvctl *ctl, struct mvctl_reply *reply)
{
	Mvmp__LinkAnswer *answer = mvmp__link_answer__unpack(NULL, reply->body_len, reply->body);
	struct mvctl_table table;

	if (!answer) {
		mvctl_bad_answer(reply);
		return;
	}
	mvctl_link_clean(answer);
	mvctl_table_init(&table);
	mvctl_table_add_all(&table, link_columns, sizeof link_columns / sizeof link_columns[0]);
	fill_links(&table, answer);
	if (mvctl_wants_json(ctl))
		mvctl_add_item(ctl, link_json(reply, answer, &table));
	else
		print_link(ctl, reply, answer, &table);
	mvctl_table_clear(&table);
	mvmp__link_answer__free_unpacked(answer, NULL);
}

/* Nodes, or the aggregator where --aggregator names one. */
static int select_members(struct mvctl *ctl, struct mvctl_nodes *nodes)
{
	if (!ctl->opt.aggregator)
		return mvctl_select_nodes(ctl, nodes);
	nodes->node = mvctl_alloc(1, sizeof nodes->node[0]);
	nodes->count = 1;
	return mvctl_select_aggregator(ctl, &nodes->node[0]);
}

int mvctl_show_link(struct mvctl *ctl, int argc, char **argv)
{
	struct mvctl_nodes nodes = {0};
	struct mvctl_reply *replies;
	int rc;

	if (argc > 1)
		return mvctl_usage(ctl, "show link takes no %s", argv[1]);
	rc = select_members(ctl, &nodes);
	if (rc)
		return rc;
	replies = mvctl_alloc(nodes.count, sizeof replies[0]);
	rc = mvctl_ask_all(ctl, &nodes, ctl->opt.aggregator ? MVMP_ROLE_AGGREGATOR : MVMP_ROLE_NODE,
		MVMP_VERB_LINK_READ, NULL, 0, replies);
	for (unsigned i = 0; i < nodes.count && !rc; i++) {
		if (replies[i].error.status == MVMP_OK)
			emit(ctl, &replies[i]);
	}
	if (!rc)
		mvctl_report_replies(ctl, replies, nodes.count, "show link");
	mvctl_replies_clear(replies, nodes.count);
	free(replies);
	mvctl_nodes_clear(&nodes);
	return rc ? rc : mvctl_result(ctl);
}
