/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "net.h"
#include "options.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>

static const struct mvctl_column columns[] = {
	{"node", "NODE", 0, NULL},
	{"link", "LINK", 0, NULL},
	{"sent", "SENT", MVCTL_RIGHT, NULL},
	{"answered", "ANSWERED", MVCTL_RIGHT, NULL},
	{"first_ns", "FIRST_ms", MVCTL_RIGHT, mvctl_human_ns_ms},
	{"min_ns", "MIN_ms", MVCTL_RIGHT, mvctl_human_ns_ms},
	{"avg_ns", "AVG_ms", MVCTL_RIGHT, mvctl_human_ns_ms},
	{"max_ns", "MAX_ms", MVCTL_RIGHT, mvctl_human_ns_ms},
};

/* The first call of each node makes the session and is kept apart. */
struct times {
	unsigned sent, answered, counted;
	uint64_t first, min, max, sum;
};

static void add_time(struct times *times, const struct mvctl_reply *reply)
{
	uint64_t ns = reply->elapsed_ns;

	times->sent++;
	if (reply->error.status != MVMP_OK)
		return;
	if (!times->answered++) {
		times->first = ns;
		return;
	}
	if (!times->counted++ || ns < times->min)
		times->min = ns;
	if (ns > times->max)
		times->max = ns;
	times->sum += ns;
}

static void add_row(struct mvctl *ctl, struct mvctl_table *table, const struct mvctl_reply *reply,
	const struct times *times)
{
	struct mvctl_cell *cell = mvctl_table_row(table)->cell;
	const struct mvmp_peer *peer =
		mvmp_endpoint_peer(mvmp_run_endpoint(ctl->net->run), reply->session);
	const struct mvmp_link *link = peer ? mvmp_run_link(ctl->net->run, peer->addr.link) : NULL;

	mvctl_put_text(&cell[0], reply->name);
	mvctl_put_text(&cell[1], link ? link->name : NULL);
	mvctl_put_uint(&cell[2], times->sent);
	mvctl_put_uint(&cell[3], times->answered);
	if (times->answered)
		mvctl_put_uint(&cell[4], times->first);
	if (times->counted) {
		mvctl_put_uint(&cell[5], times->min);
		mvctl_put_uint(&cell[6], times->sum / times->counted);
		mvctl_put_uint(&cell[7], times->max);
	}
}

static bool any_answer(const struct mvctl_reply *replies, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (replies[i].error.status == MVMP_OK)
			return true;
	}
	return false;
}

static int ping_all(struct mvctl *ctl, const struct mvctl_nodes *nodes, unsigned count)
{
	struct mvctl_reply *replies = mvctl_alloc(nodes->count, sizeof replies[0]);
	struct times *times = mvctl_alloc(nodes->count, sizeof times[0]);
	Mvmp__Ping ping = MVMP__PING__INIT;
	uint8_t payload[8] = "mvctl", body[16];
	struct mvctl_table table;
	int rc = 0;

	ping.payload.data = payload;
	ping.payload.len = sizeof payload;
	mvctl_table_init(&table);
	mvctl_table_add_all(&table, columns, sizeof columns / sizeof columns[0]);
	for (unsigned n = 0; n < count && !rc; n++) {
		mvctl_replies_clear(replies, nodes->count);
		memset(replies, 0, nodes->count * sizeof replies[0]);
		rc = mvctl_ask_all(ctl, nodes, MVMP_ROLE_NODE, MVMP_VERB_PING, body,
			mvmp__ping__pack(&ping, body), replies);
		for (unsigned i = 0; i < nodes->count; i++)
			add_time(&times[i], &replies[i]);
		if (!any_answer(replies, nodes->count))
			break;
	}
	for (unsigned i = 0; i < nodes->count; i++) {
		if (times[i].answered)
			add_row(ctl, &table, &replies[i], &times[i]);
	}
	if (!rc && table.rows)
		rc = mvctl_emit_table(ctl, &table);
	if (!rc)
		mvctl_report_replies(ctl, replies, nodes->count, "ping");
	mvctl_table_clear(&table);
	mvctl_replies_clear(replies, nodes->count);
	free(replies);
	free(times);
	return rc ? rc : mvctl_result(ctl);
}

static int run_ping(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{"count", required_argument, NULL, 'c'}, {0}};
	struct mvctl_nodes nodes;
	unsigned long count = 4;
	int c, rc;

	while ((c = mvctl_getopt(ctl, argc, argv, "c:", options)) != -1) {
		if (c == '?' || !mvctl_read_number(ctl, "--count", optarg, 1, 100000, &count))
			return MVCTL_EXIT_USAGE;
	}
	if (argc - optind == 1 && !ctl->opt.nodes)
		ctl->opt.nodes = argv[optind];
	else if (argc > optind)
		return mvctl_usage(ctl, "ping takes one name, or -n NODES");
	rc = mvctl_select_nodes(ctl, &nodes);
	if (rc)
		return rc;
	rc = ping_all(ctl, &nodes, (unsigned)count);
	mvctl_nodes_clear(&nodes);
	return rc;
}

const struct mvctl_command mvctl_ping = {
	.name = "ping",
	.group = MVCTL_LOOK,
	.summary = "time of an authenticated question and answer",
	.help = "  mvctl ping r1-n01\n"
		"  mvctl -i eth1 -n 'r1-*' ping -c 100\n\n"
		"usage: mvctl [-n NODES] ping [-c COUNT] [NODE]\n\n"
		"FIRST_ms includes finding the node and the handshake; the others are warm.\n\n"
		"Role: observer. Exit codes: 3 no such node, 5 no answer, 6 some did not answer.\n",
	.run = run_ping,
};
