/* SPDX-License-Identifier: Apache-2.0 */
#include "select.h"
#include "net.h"
#include <fnmatch.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_mac(const char *text)
{
	uint8_t mac[MVMP_MAC_LEN];

	return !mvmp_mac_parse(mac, text);
}

static bool has_mac(const struct mvctl_node *node, const char *text)
{
	uint8_t mac[MVMP_MAC_LEN];

	if (mvmp_mac_parse(mac, text))
		return false;
	for (unsigned i = 0; i < node->peer.macs; i++) {
		if (!memcmp(node->peer.mac[i], mac, sizeof mac))
			return true;
	}
	return false;
}

static bool matches(const struct mvctl_node *node, const char *term)
{
	if (mvctl_nodeset_is_glob(term))
		return !fnmatch(term, node->name, 0);
	return !strcmp(node->name, term) || (node->id[0] && !strcasecmp(node->id, term)) ||
	       has_mac(node, term);
}

static bool matches_any(const struct mvctl_node *node, const struct mvctl_names *terms, bool minus)
{
	for (unsigned i = 0; i < terms->count; i++) {
		const char *term = terms->name[i];
		bool is_minus = term[0] == '^';

		if (is_minus == minus && matches(node, term + is_minus))
			return true;
	}
	return false;
}

bool mvctl_is_named(const struct mvctl_names *terms, const char *name, const char *id)
{
	struct mvctl_node node = {0};
	bool plain = false;

	for (unsigned i = 0; i < terms->count; i++)
		plain |= terms->name[i][0] != '^';
	snprintf(node.name, sizeof node.name, "%s", name);
	snprintf(node.id, sizeof node.id, "%s", id);
	return (!plain || matches_any(&node, terms, false)) && !matches_any(&node, terms, true);
}

static const struct mvctl_node *find_node(const struct mvctl_nodes *nodes, const char *term)
{
	for (unsigned i = 0; i < nodes->count; i++) {
		if (matches(&nodes->node[i], term))
			return &nodes->node[i];
	}
	return NULL;
}

/* Enough is known when every name that holds no glob has been heard of. */
static bool all_found(void *ctx, const struct mvctl_nodes *so_far)
{
	const struct mvctl_names *terms = ctx;

	for (unsigned i = 0; i < terms->count; i++) {
		const char *term = terms->name[i];

		if (term[0] == '^')
			continue;
		if (mvctl_nodeset_is_glob(term) || !find_node(so_far, term))
			return false;
	}
	return true;
}

/* Two members that a node id or MAC stands for: only another word tells which is meant. Those of
 * one name are told apart by their certificates, when they are asked by it: anybody may announce
 * any name. */
static int check_ambiguous(struct mvctl *ctl, const struct mvctl_nodes *all, const char *term)
{
	const struct mvctl_node *first = find_node(all, term);
	struct mvmp_error error;
	char a[18], b[18];

	for (unsigned i = 0; i < all->count && first; i++) {
		const struct mvctl_node *other = &all->node[i];

		if (!strcmp(other->name, first->name) || !matches(other, term))
			continue;
		mvmp_fail(&error, MVMP_CONFLICT, "two members answer to %s: MAC %s and MAC %s",
			term, mvmp_mac_text(a, first->peer.mac[0]),
			mvmp_mac_text(b, other->peer.mac[0]));
		mvmp_hint(&error, "name the one that is meant by its MAC");
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	return 0;
}

static int check_terms(
	struct mvctl *ctl, const struct mvctl_nodes *all, const struct mvctl_names *terms)
{
	for (unsigned i = 0; i < terms->count; i++) {
		const char *term = terms->name[i];
		int rc;

		if (term[0] == '^' || mvctl_nodeset_is_glob(term))
			continue;
		rc = find_node(all, term) ? check_ambiguous(ctl, all, term)
					  : mvctl_no_such_node(ctl, all, term);
		if (rc)
			return rc;
	}
	return 0;
}

static bool only_macs(const struct mvctl_names *terms)
{
	for (unsigned i = 0; i < terms->count; i++) {
		if (!is_mac(terms->name[i]))
			return false;
	}
	return terms->count > 0;
}

/* MACs are asked directly: a node whose group membership is broken still answers. */
static void take_macs(struct mvctl_nodes *ret, const struct mvctl_names *terms)
{
	ret->count = terms->count;
	ret->node = mvctl_alloc(terms->count, sizeof ret->node[0]);
	for (unsigned i = 0; i < terms->count; i++) {
		struct mvctl_node *node = &ret->node[i];

		node->by_mac = true;
		mvmp_mac_parse(node->mac, terms->name[i]);
		mvmp_mac_text(node->name, node->mac);
		mvmp_hex(node->id, node->mac + 2, 4);
	}
}

/* Nodes are sorted by name, and asked by it: one of each is enough. */
static void keep_matching(struct mvctl_nodes *nodes, const struct mvctl_names *terms)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < nodes->count; i++) {
		if (kept && !strcmp(nodes->node[kept - 1].name, nodes->node[i].name))
			continue;
		if (matches_any(&nodes->node[i], terms, false) &&
			!matches_any(&nodes->node[i], terms, true))
			nodes->node[kept++] = nodes->node[i];
	}
	nodes->count = kept;
}

static bool only_minus(const struct mvctl_names *terms)
{
	for (unsigned i = 0; i < terms->count; i++) {
		if (terms->name[i][0] != '^')
			return false;
	}
	return true;
}

static bool any_matches(const struct mvctl_nodes *nodes, const struct mvctl_names *terms)
{
	for (unsigned i = 0; i < nodes->count; i++) {
		if (matches_any(&nodes->node[i], terms, false) &&
			!matches_any(&nodes->node[i], terms, true))
			return true;
	}
	return false;
}

static int select_named(struct mvctl *ctl, struct mvctl_names *terms, struct mvctl_nodes *ret)
{
	int rc;

	if (only_macs(terms)) {
		take_macs(ret, terms);
		return 0;
	}
	if (only_minus(terms))
		mvctl_names_add(terms, "*");
	rc = mvctl_discover(ctl, MVMP_ROLE_NODE, ret, all_found, terms);
	if (rc)
		return rc;
	if (!ret->count) {
		rc = mvctl_remembered(ctl, terms->name[0]);
		return rc ? rc : mvctl_nobody(ctl, "no node");
	}
	rc = check_terms(ctl, ret, terms);
	if (!rc && !any_matches(ret, terms))
		rc = mvctl_nothing_matches(ctl, ret);
	if (!rc)
		keep_matching(ret, terms);
	return rc;
}

static int select_default(struct mvctl *ctl, struct mvctl_nodes *ret)
{
	struct mvmp_error error;
	char names[160];
	int rc = mvctl_discover(ctl, MVMP_ROLE_NODE, ret, NULL, NULL);

	if (rc)
		return rc;
	if (!ret->count)
		return mvctl_nobody(ctl, "no node");
	if (ret->count == 1 || ctl->opt.all)
		return 0;
	mvctl_fold_names(names, sizeof names, ret);
	mvmp_fail(
		&error, MVMP_INVALID, "%u nodes answer; say which: -n NODES or --all", ret->count);
	mvmp_hint(&error, "nodes: %s", names);
	return mvctl_report(ctl, &error, NULL, NULL);
}

int mvctl_select_nodes(struct mvctl *ctl, struct mvctl_nodes *ret)
{
	struct mvctl_names terms = {0};
	struct mvmp_error error;
	int rc;

	memset(ret, 0, sizeof *ret);
	if (ctl->opt.nodes && mvctl_nodeset_expand(&terms, ctl->opt.nodes, &error))
		rc = mvctl_report(ctl, &error, NULL, NULL);
	else
		rc = mvctl_connect(ctl, false);
	if (!rc)
		rc = terms.count ? select_named(ctl, &terms, ret) : select_default(ctl, ret);
	if (rc)
		mvctl_nodes_clear(ret);
	mvctl_names_clear(&terms);
	return rc;
}

static bool one_found(void *ctx, const struct mvctl_nodes *so_far)
{
	const char *name = ctx;

	return name ? find_node(so_far, name) != NULL : so_far->count > 0;
}

int mvctl_select_aggregator(struct mvctl *ctl, struct mvctl_node *ret)
{
	const char *name = ctl->opt.aggregator;
	const struct mvctl_node *found;
	struct mvctl_nodes all = {0};
	char what[100];
	int rc = mvctl_connect(ctl, false);

	if (!rc)
		rc = mvctl_discover(ctl, MVMP_ROLE_AGGREGATOR, &all, one_found, (void *)name);
	if (rc)
		return rc;
	found = name ? find_node(&all, name) : all.count ? &all.node[0] : NULL;
	if (found)
		*ret = *found;
	mvctl_nodes_clear(&all);
	snprintf(what, sizeof what, "no aggregator%s%s", name ? " called " : "", name ? name : "");
	return found ? 0 : mvctl_nobody(ctl, what);
}
