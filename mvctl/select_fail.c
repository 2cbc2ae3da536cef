/* SPDX-License-Identifier: Apache-2.0 */
#include "human.h"
#include "net.h"
#include "select.h"
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mvctl_fold_names(char *to, size_t size, const struct mvctl_nodes *nodes)
{
	struct mvctl_names names = {0};
	char *text;

	for (unsigned i = 0; i < nodes->count; i++)
		mvctl_names_add(&names, nodes->node[i].name);
	text = mvctl_nodeset_fold(&names);
	snprintf(to, size, "%s", text);
	free(text);
	mvctl_names_clear(&names);
}

int mvctl_nobody(struct mvctl *ctl, const char *what)
{
	struct mvmp_error error;

	mvmp_fail(&error, MVMP_NO_ANSWER, "%s answers on %s", what, ctl->net->links);
	if (ctl->net->left_out[0])
		mvmp_hint(&error, "%.180s", ctl->net->left_out);
	else if (!ctl->net->wire)
		mvmp_hint(&error,
			"nodes of the wire answer with -i IFACE; the agent of this host "
			"listens in %.60s",
			ctl->opt.run_dir ? ctl->opt.run_dir : MVCTL_RUN_DIR);
	else
		mvmp_hint(&error, "no member of your cluster is there, the link is cut, or the "
				  "cluster key differs");
	return mvctl_report(ctl, &error, NULL, NULL);
}

static size_t common_start(const char *a, const char *b)
{
	size_t len = 0;

	while (a[len] && a[len] == b[len])
		len++;
	return len;
}

static const char *closest_name(const struct mvctl_nodes *nodes, const char *term)
{
	const char *closest = NULL;
	unsigned best = 4;

	for (unsigned i = 0; i < nodes->count; i++) {
		unsigned distance = mvctl_distance(term, nodes->node[i].name);

		if (distance < best) {
			best = distance;
			closest = nodes->node[i].name;
		}
	}
	return closest;
}

int mvctl_remembered(struct mvctl *ctl, const char *term)
{
	static const char *const states[] = {"unknown", "up", "stale", "down"};
	struct mvctl_nodes aggregators = {0};
	struct mvctl_reply reply = {0};
	Mvmp__NodesAnswer *answer = NULL;
	struct mvmp_error error;
	char age[32];
	int rc = 0;

	mvctl_heard(ctl, MVMP_ROLE_AGGREGATOR, &aggregators);
	if (aggregators.count && !mvctl_ask_one(ctl, &aggregators.node[0], MVMP_ROLE_AGGREGATOR,
					 MVMP_VERB_NODES_READ, NULL, 0, &reply))
		answer = mvmp__nodes_answer__unpack(NULL, reply.body_len, reply.body);
	for (size_t i = 0; answer && i < answer->n_node && !rc; i++) {
		const Mvmp__NodesAnswer__Node *node = answer->node[i];

		if (strcmp(node->name, term) != 0 && strcasecmp(node->node_id, term) != 0)
			continue;
		mvmp_fail(&error, MVMP_NO_ANSWER, "%s does not answer on %s", node->name,
			ctl->net->links);
		mvmp_hint(&error,
			"mvstatsd %s says %s, last sample %s ago; see it: --aggregator %s",
			aggregators.node[0].name, states[node->state < 4 ? node->state : 0],
			mvctl_human_duration(age, sizeof age, node->seen_age_ns),
			aggregators.node[0].name);
		rc = mvctl_report(ctl, &error, node->name, NULL);
	}
	if (answer)
		mvmp__nodes_answer__free_unpacked(answer, NULL);
	mvctl_replies_clear(&reply, 1);
	mvctl_nodes_clear(&aggregators);
	return rc;
}

int mvctl_no_such_node(struct mvctl *ctl, const struct mvctl_nodes *all, const char *term)
{
	const char *closest = closest_name(all, term);
	struct mvctl_nodes alike = {0};
	struct mvmp_error error;
	char names[120];
	int rc = mvctl_remembered(ctl, term);

	if (rc)
		return rc;
	for (unsigned i = 0; i < all->count; i++) {
		if (common_start(term, all->node[i].name) < 2)
			continue;
		alike.node = mvctl_grow(alike.node, alike.count + 1, sizeof alike.node[0]);
		alike.node[alike.count++] = all->node[i];
	}
	mvmp_fail(&error, MVMP_NOT_FOUND, "no node is called %s", term);
	mvctl_fold_names(names, sizeof names, alike.count ? &alike : all);
	if (alike.count)
		mvmp_hint(&error, "%u name%s like it: %s%s%s", alike.count,
			alike.count == 1 ? " starts" : "s start", names,
			closest ? "; closest " : "", closest ? closest : "");
	else
		mvmp_hint(&error, "nodes that answer: %s", names);
	mvctl_nodes_clear(&alike);
	return mvctl_report(ctl, &error, NULL, NULL);
}

int mvctl_nothing_matches(struct mvctl *ctl, const struct mvctl_nodes *all)
{
	struct mvmp_error error;
	char names[160];

	mvctl_fold_names(names, sizeof names, all);
	mvmp_fail(&error, MVMP_NOT_FOUND, "no node that answers is meant by -n %.120s",
		ctl->opt.nodes);
	mvmp_hint(&error, "nodes that answer: %s", names);
	return mvctl_report(ctl, &error, NULL, NULL);
}
