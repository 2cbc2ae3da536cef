/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "jsonout.h"
#include "sampling.h"
#include "select.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

/* `nodes`: who answers now, and whom the aggregator knows besides. */

enum { OVERVIEW_S = 2 };

enum column {
	C_NODE,
	C_ID,
	C_PLACE,
	C_STATE,
	C_SEEN,
	C_CPU,
	C_MEM,
	C_DOMS,
	C_NOTE,
	C_MAC,
	C_LINK,
	C_BACKEND,
	C_SIMULATED,
	C_KNOWN,
	C_COUNT
};

static const struct mvctl_column columns[C_COUNT] = {
	[C_NODE] = {"node", "NODE", 0, NULL},
	[C_ID] = {"id", "ID", 0, NULL},
	[C_PLACE] = {"place", "PLACE", 0, NULL},
	[C_STATE] = {"state", "STATE", MVCTL_STATE, NULL},
	[C_SEEN] = {"seen_age_ns", "SEEN", MVCTL_RIGHT, mvctl_human_ns_age},
	[C_CPU] = {"cpu_busy_percent", "CPU%", MVCTL_RIGHT, mvctl_human_1},
	[C_MEM] = {"mem_used_percent", "MEM%", MVCTL_RIGHT, mvctl_human_integer},
	[C_DOMS] = {"domains", "DOMS", MVCTL_RIGHT, NULL},
	[C_NOTE] = {"note", "NOTE", 0, NULL},
	[C_MAC] = {"mac", "MAC", MVCTL_WIDE, NULL},
	[C_LINK] = {"link", "LINK", MVCTL_WIDE, NULL},
	[C_BACKEND] = {"backend", "BACKEND", MVCTL_WIDE, NULL},
	[C_SIMULATED] = {"simulated", NULL, 0, NULL},
	[C_KNOWN] = {"known_by", "KNOWN", MVCTL_WIDE, NULL},
};

/* As in NodesAnswer.Node.state. */
static const char *const states[] = {"unknown", "up", "stale", "down"};

struct listing {
	struct mvctl *ctl;
	struct mvctl_nodes found;
	struct mvctl_source *sources; /* of those found */
	struct mvctl_reply *replies;
	struct mvctl_node aggregator;
	bool has_aggregator;
	struct mvctl_reply aggregator_reply;
	Mvmp__NodesAnswer *known;
	struct mvctl_table table;
	struct mvctl_names terms; /* of -n */
	unsigned by_state[4], only_known;
};

static void put_rates(struct mvctl_cell *cell, const Mvmp__NodesAnswer__Node *node)
{
	bool old = node->state != 1;

	if (node->has_rates)
		mvctl_put_real(&cell[C_CPU], node->cpu_busy_ppm / 1e4);
	if (node->has_memory)
		mvctl_put_real(&cell[C_MEM], node->mem_used_ppm / 1e4);
	if (node->has_domains)
		mvctl_put_uint(&cell[C_DOMS], node->domains);
	cell[C_CPU].old = cell[C_MEM].old = cell[C_DOMS].old = old;
}

/* A node that did not answer now: what the aggregator says of it. */
static void add_known(struct listing *list, const Mvmp__NodesAnswer__Node *node)
{
	struct mvctl_row *row = mvctl_table_row(&list->table);
	struct mvctl_cell *cell = row->cell;
	unsigned state = node->state < 4 ? node->state : 0;
	char mac[18], note[160] = "", age[32];

	mvctl_put_text(&cell[C_NODE], node->name);
	mvctl_put_text(&cell[C_ID], node->node_id);
	mvctl_put_text(&cell[C_STATE], states[state]);
	mvctl_put_uint(&cell[C_SEEN], node->seen_age_ns);
	if (state != 3)
		put_rates(cell, node);
	if (node->note[0])
		snprintf(note, sizeof note, "%s%s", node->note,
			node->simulated ? ", simulated" : "");
	else if (state == 2)
		snprintf(note, sizeof note, "no sample for %s",
			mvctl_human_duration(age, sizeof age, node->seen_age_ns));
	else if (state == 3)
		snprintf(note, sizeof note, "probes unanswered");
	else if (node->simulated)
		snprintf(note, sizeof note, "simulated");
	mvctl_put_text(&cell[C_NOTE], note);
	if (node->mac.len == MVMP_MAC_LEN)
		mvctl_put_text(&cell[C_MAC], mvmp_mac_text(mac, node->mac.data));
	mvctl_put_text(&cell[C_BACKEND], node->backend);
	mvctl_put_bool(&cell[C_SIMULATED], node->simulated);
	mvctl_put_text(&cell[C_KNOWN], list->aggregator.name);
	list->by_state[state]++;
	list->only_known++;
}

/* Fresh figures from the node itself. */
static void put_sample(struct listing *list, struct mvctl_row *row, unsigned index)
{
	const struct mvctl_source *source = &list->sources[index];
	struct mvctl_cell *cell = row->cell;
	struct mvctl_table sample;
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;

	mvctl_put_bool(&cell[C_SIMULATED], source->after.simulated);
	if (source->after.simulated)
		mvctl_put_text(&cell[C_NOTE], "simulated");
	if (!source->after.kind[MVMP_NODE].count)
		return;
	mvctl_table_init(&sample);
	mvctl_view_begin(&mvctl_view_nodes, &sample, true);
	mvctl_view_fill(&mvctl_view_nodes, &sample, source);
	for (unsigned c = 0; c < sample.columns; c++) {
		const struct mvctl_cell *from = &sample.row[0].cell[c];

		if (from->type == MVCTL_CELL_REAL &&
			!strcmp(sample.column[c].key, columns[C_CPU].key))
			mvctl_put_real(&cell[C_CPU], from->real);
		if (from->type == MVCTL_CELL_REAL &&
			!strcmp(sample.column[c].key, columns[C_MEM].key))
			mvctl_put_real(&cell[C_MEM], from->real);
	}
	if (mvmp_has(node, MVMP_N_DOMAINS))
		mvctl_put_uint(&cell[C_DOMS], node->value[MVMP_N_DOMAINS]);
	mvctl_put_text(&cell[C_BACKEND], node->text[MVMP_NT_BACKEND]);
	mvctl_table_clear(&sample);
}

static void add_found(struct listing *list, unsigned index)
{
	const struct mvctl_node *node = &list->found.node[index];
	const struct mvctl_reply *reply = &list->replies[index];
	const struct mvmp_link *link = mvmp_run_link(list->ctl->net->run, node->peer.addr.link);
	struct mvctl_row *row = mvctl_table_row(&list->table);
	struct mvctl_cell *cell = row->cell;
	char mac[18];

	mvctl_put_text(&cell[C_NODE], node->name);
	mvctl_put_text(&cell[C_ID], node->id);
	mvctl_put_uint(&cell[C_SEEN], mvmp_now() - node->peer.seen);
	if (node->peer.macs)
		mvctl_put_text(&cell[C_MAC], mvmp_mac_text(mac, node->peer.mac[0]));
	mvctl_put_text(&cell[C_LINK], link ? link->name : NULL);
	mvctl_put_text(&cell[C_KNOWN], "probe");
	if (reply->error.status == MVMP_OK) {
		mvctl_put_text(&cell[C_STATE], states[1]);
		list->by_state[1]++;
		put_sample(list, row, index);
	} else {
		/* It answers probes but not questions: say why. */
		mvctl_put_text(&cell[C_STATE], states[0]);
		list->by_state[0]++;
		mvctl_put_text(&cell[C_NOTE], reply->error.text);
	}
}

static bool was_found(const struct listing *list, const Mvmp__NodesAnswer__Node *node)
{
	for (unsigned i = 0; i < list->found.count; i++) {
		if (!strcmp(list->found.node[i].name, node->name))
			return true;
	}
	return false;
}

static void ask_aggregator(struct listing *list)
{
	struct mvctl *ctl = list->ctl;
	struct mvctl_nodes all = {0};

	mvctl_heard(ctl, MVMP_ROLE_AGGREGATOR, &all);
	for (unsigned i = 0; i < all.count && !list->has_aggregator; i++) {
		if (ctl->opt.aggregator && strcmp(all.node[i].name, ctl->opt.aggregator) != 0)
			continue;
		list->aggregator = all.node[i];
		list->has_aggregator = true;
	}
	mvctl_nodes_clear(&all);
	if (!list->has_aggregator ||
		mvctl_ask_one(ctl, &list->aggregator, MVMP_ROLE_AGGREGATOR, MVMP_VERB_NODES_READ,
			NULL, 0, &list->aggregator_reply))
		return;
	if (list->aggregator_reply.error.status == MVMP_OK)
		list->known = mvmp__nodes_answer__unpack(
			NULL, list->aggregator_reply.body_len, list->aggregator_reply.body);
	else
		mvctl_note(ctl, "mvstatsd %s: %s", list->aggregator.name,
			list->aggregator_reply.error.text);
}

static int sort_default(const void *a, const void *b)
{
	const struct mvctl_row *x = a, *y = b;

	return mvctl_natural_compare(x->cell[C_NODE].text, y->cell[C_NODE].text);
}

static void fill(struct listing *list)
{
	mvctl_table_add_all(&list->table, columns, C_COUNT);
	for (unsigned i = 0; i < list->found.count; i++)
		add_found(list, i);
	for (size_t i = 0; list->known && i < list->known->n_node; i++) {
		const Mvmp__NodesAnswer__Node *node = list->known->node[i];

		if (node->name[0] && !was_found(list, node) &&
			mvctl_is_named(&list->terms, node->name, node->node_id))
			add_known(list, node);
	}
	if (list->table.rows)
		qsort(list->table.row, list->table.rows, sizeof list->table.row[0], sort_default);
}

static void summarize(const struct listing *list)
{
	static const unsigned order[] = {1, 2, 3, 0};
	char text[128] = "", known[100] = "";
	size_t used = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned count = list->by_state[order[i]];

		if (count)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%u %s",
				used ? ", " : "", count, states[order[i]]);
	}
	if (list->known)
		snprintf(known, sizeof known, ", %u known from mvstatsd %s", list->only_known,
			list->aggregator.name);
	mvctl_note(list->ctl, "%u node%s: %s. %u answered on %s%s", list->table.rows,
		list->table.rows == 1 ? "" : "s", text, list->found.count, list->ctl->net->links,
		known);
	if (list->ctl->net->left_out[0])
		mvctl_note(list->ctl, "left out: %s", list->ctl->net->left_out);
}

static void keep_named(struct listing *list)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < list->found.count; i++) {
		const struct mvctl_node *node = &list->found.node[i];

		if (mvctl_is_named(&list->terms, node->name, node->id))
			list->found.node[kept++] = *node;
	}
	list->found.count = kept;
}

static int list_nodes(struct listing *list)
{
	struct mvctl *ctl = list->ctl;
	struct mvmp_error error;
	char heard[160];
	int rc = mvctl_discover(ctl, MVMP_ROLE_NODE, &list->found, NULL, NULL);

	if (rc)
		return rc;
	/* An overview does not wait for those that hang. */
	if (ctl->opt.timeout_s > OVERVIEW_S)
		ctl->opt.timeout_s = OVERVIEW_S;
	ask_aggregator(list);
	mvctl_fold_names(heard, sizeof heard, &list->found);
	keep_named(list);
	list->sources = mvctl_alloc(list->found.count, sizeof list->sources[0]);
	list->replies = mvctl_alloc(list->found.count, sizeof list->replies[0]);
	rc = mvctl_read_samples(
		ctl, &list->found, 1u << MVMP_NODE, NULL, list->sources, list->replies);
	if (rc)
		return rc;
	fill(list);
	if (!list->table.rows && !heard[0])
		return mvctl_nobody(ctl, "no node");
	if (!list->table.rows) {
		mvmp_fail(&error, MVMP_NOT_FOUND, "no node is meant by -n %.120s", ctl->opt.nodes);
		mvmp_hint(&error, "nodes that answer: %s", heard);
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	rc = mvctl_emit_table(ctl, &list->table);
	if (!rc)
		summarize(list);
	return rc;
}

static void clear(struct listing *list)
{
	for (unsigned i = 0; list->sources && i < list->found.count; i++)
		mvctl_source_clear(&list->sources[i]);
	if (list->replies)
		mvctl_replies_clear(list->replies, list->found.count);
	mvctl_replies_clear(&list->aggregator_reply, 1);
	if (list->known)
		mvmp__nodes_answer__free_unpacked(list->known, NULL);
	mvctl_table_clear(&list->table);
	free(list->sources);
	free(list->replies);
	mvctl_nodes_clear(&list->found);
	mvctl_names_clear(&list->terms);
}

static int run_nodes(struct mvctl *ctl, int argc, char **argv)
{
	struct listing list = {.ctl = ctl};
	struct mvmp_error error;
	int rc = 0;

	if (argc > 1)
		return mvctl_usage(ctl, "nodes takes no %s", argv[1]);
	mvctl_table_init(&list.table);
	if (ctl->opt.nodes && mvctl_nodeset_expand(&list.terms, ctl->opt.nodes, &error))
		rc = mvctl_report(ctl, &error, NULL, NULL);
	if (!rc)
		rc = mvctl_connect(ctl, false);
	if (!rc)
		rc = list_nodes(&list);
	clear(&list);
	return rc;
}

const struct mvctl_command mvctl_nodes = {
	.name = "nodes",
	.group = MVCTL_LOOK,
	.summary = "which nodes there are, their state and load",
	.help = "  mvctl nodes              this host's node, and those of the configured "
		"interface\n"
		"  mvctl -i eth1 nodes      those on eth1\n"
		"  mvctl nodes --json\n"
		"  mvctl nodes --wide       also MAC, link, backend, who knows it\n\n"
		"Asks everybody on the link and waits 250 ms; nodes that do not answer are listed\n"
		"from what mvstatsd remembers, if one answers. up: answered now; stale: samples\n"
		"stopped; down: probes stay unanswered too. CPU% and MEM% are of the whole node.\n"
		"`~` marks figures that are old.\n\n"
		"Role: observer. Exit codes: 5 nobody answered.\n",
	.run = run_nodes,
};
