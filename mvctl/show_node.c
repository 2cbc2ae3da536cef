/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include "nodetext.h"
#include "sampling.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum {
	KINDS = 1 << MVMP_NODE | 1 << MVMP_PCPU | 1 << MVMP_NUMA | 1 << MVMP_DOMAIN,
};

static json_t *identity_json(const struct mvmp_cert *cert)
{
	json_t *object = json_object(), *macs = json_array();
	char roles[64], mac[18];

	for (unsigned i = 0; i < cert->macs; i++)
		json_array_append_new(macs, json_string(mvmp_mac_text(mac, cert->mac[i])));
	json_object_set_new(object, "certificate", mvctl_json_uint(cert->serial));
	json_object_set_new(object, "roles", json_string(mvmp_roles_text(roles, cert->roles)));
	json_object_set_new(object, "valid_to", mvctl_json_time(cert->not_after * MVMP_NS_PER_S));
	json_object_set_new(object, "macs", macs);
	return object;
}

static json_t *capabilities_json(const struct mvctl_source *source)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < source->capabilities; i++)
		json_object_set_new(object, source->capability[i].name,
			mvctl_json_text(source->capability[i].reason));
	return object;
}

static void add_json(
	struct mvctl *ctl, const struct mvctl_source *source, const struct mvctl_reply *reply)
{
	struct mvctl_table table;
	json_t *item;

	mvctl_table_init(&table);
	mvctl_view_begin(&mvctl_view_nodes, &table, true);
	mvctl_view_fill(&mvctl_view_nodes, &table, source);
	item = table.rows ? mvctl_row_json(&table, &table.row[0]) : json_object();
	json_object_set_new(item, "identity", identity_json(&reply->cert));
	json_object_set_new(item, "cannot", capabilities_json(source));
	mvctl_add_item(ctl, item);
	mvctl_table_clear(&table);
}

/* A second question to the same node; false when it has no answer. */
static bool ask_more(struct mvctl *ctl, const struct mvctl_reply *first, enum mvmp_verb verb,
	struct mvctl_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	return !mvctl_ask_one(ctl, first->node, MVMP_ROLE_NODE, verb, NULL, 0, reply) &&
	       reply->error.status == MVMP_OK;
}

static void print_link(struct mvctl *ctl, const struct mvctl_reply *first)
{
	Mvmp__LinkAnswer *answer = NULL;
	struct mvctl_reply reply;

	if (ask_more(ctl, first, MVMP_VERB_LINK_READ, &reply))
		answer = mvmp__link_answer__unpack(NULL, reply.body_len, reply.body);
	if (answer) {
		mvctl_link_clean(answer);
		mvctl_print_node_link(ctl->out, answer);
		mvmp__link_answer__free_unpacked(answer, NULL);
	}
	mvctl_replies_clear(&reply, 1);
}

static void print_wishes(struct mvctl *ctl, const struct mvctl_reply *first)
{
	Mvmp__DriftAnswer *answer = NULL;
	struct mvctl_reply reply;
	unsigned drifted = 0;

	if (ask_more(ctl, first, MVMP_VERB_DRIFT_READ, &reply))
		answer = mvmp__drift_answer__unpack(NULL, reply.body_len, reply.body);
	if (answer) {
		for (size_t i = 0; i < answer->n_wish; i++)
			drifted += answer->wish[i]->drifted;
		mvctl_print_label(ctl->out, "wishes");
		fprintf(ctl->out, "%zu kept, %u drifted", answer->n_wish, drifted);
		if (drifted)
			fprintf(ctl->out, "   see: mvctl -n %s show drift", first->name);
		fputc('\n', ctl->out);
		mvmp__drift_answer__free_unpacked(answer, NULL);
	}
	mvctl_replies_clear(&reply, 1);
}

static void print_node(
	struct mvctl *ctl, const struct mvctl_source *source, const struct mvctl_reply *reply)
{
	mvctl_print_node(ctl->out, source, &reply->cert);
	print_link(ctl, reply);
	print_wishes(ctl, reply);
	mvctl_print_unsupported(ctl->out, source);
}

int mvctl_show_node(struct mvctl *ctl, int argc, char **argv)
{
	struct mvctl_nodes nodes;
	struct mvctl_source *sources;
	struct mvctl_reply *replies;
	int rc;

	/* `show node NAME` is what one types first. */
	if (argc == 2 && !ctl->opt.nodes)
		ctl->opt.nodes = argv[1];
	else if (argc > 1)
		return mvctl_usage(ctl, "show node takes one name, or -n NODES");
	rc = mvctl_select_nodes(ctl, &nodes);
	if (rc)
		return rc;
	sources = mvctl_alloc(nodes.count, sizeof sources[0]);
	replies = mvctl_alloc(nodes.count, sizeof replies[0]);
	rc = mvctl_read_samples(ctl, &nodes, KINDS, NULL, sources, replies);
	for (unsigned i = 0; i < nodes.count && !rc; i++) {
		if (replies[i].error.status == MVMP_OK && mvctl_wants_json(ctl))
			add_json(ctl, &sources[i], &replies[i]);
		else if (replies[i].error.status == MVMP_OK)
			print_node(ctl, &sources[i], &replies[i]);
	}
	if (!rc)
		mvctl_report_replies(ctl, replies, nodes.count, "show node");
	for (unsigned i = 0; i < nodes.count; i++)
		mvctl_source_clear(&sources[i]);
	mvctl_replies_clear(replies, nodes.count);
	free(sources);
	free(replies);
	mvctl_nodes_clear(&nodes);
	return rc ? rc : mvctl_result(ctl);
}
