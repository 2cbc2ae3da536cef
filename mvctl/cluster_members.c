/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"
#include "show.h"
#include <stdlib.h>
#include <string.h>

enum { NODE, ROLE, STATE, NUMBER, GENERATION, SERIAL, NOTE };

static const struct mvctl_column columns[] = {
	[NODE] = {"node", "NODE", 0, NULL},
	[ROLE] = {"role", "ROLE", 0, NULL},
	[STATE] = {"state", "STATE", MVCTL_STATE, NULL},
	[NUMBER] = {"state_number", "NUMBER", MVCTL_RIGHT, NULL},
	[GENERATION] = {"key_generation", "KEY", MVCTL_RIGHT, NULL},
	[SERIAL] = {"serial", "CERT", MVCTL_RIGHT, NULL},
	[NOTE] = {"note", "NOTE", 0, NULL},
};

/* ---- who is there ---- */

static bool is_listed(const struct mvctl_nodes *nodes, const char *name)
{
	for (unsigned i = 0; i < nodes->count; i++) {
		if (!strcmp(nodes->node[i].name, name))
			return true;
	}
	return false;
}

/* A member that is both is asked as a node. */
static void drop_nodes(struct mvctl_nodes *aggregators)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < aggregators->count; i++) {
		if (!(aggregators->node[i].peer.roles & MVMP_ROLE_NODE))
			aggregators->node[kept++] = aggregators->node[i];
	}
	aggregators->count = kept;
}

static void take_away(struct mvctl_members *members, const struct mvctl_reply *reply)
{
	Mvmp__NodesAnswer *known = NULL;

	if (reply->error.status == MVMP_OK)
		known = mvmp__nodes_answer__unpack(NULL, reply->body_len, reply->body);
	for (size_t i = 0; known && i < known->n_node; i++) {
		char *name = mvctl_clean(known->node[i]->name);

		if (*name && !is_listed(&members->group[0].nodes, name))
			mvctl_names_add(&members->away, name);
	}
	if (known)
		mvmp__nodes_answer__free_unpacked(known, NULL);
}

/* Nodes that are silent now get it when they return; an aggregator remembers them. */
static int find_away(struct mvctl *ctl, struct mvctl_members *members)
{
	const struct mvctl_nodes *aggregators = &members->group[1].nodes;
	struct mvctl_reply reply = {0};
	int rc;

	if (!aggregators->count)
		return 0;
	snprintf(members->teller, sizeof members->teller, "%s", aggregators->node[0].name);
	rc = mvctl_ask_one(ctl, &aggregators->node[0], MVMP_ROLE_AGGREGATOR, MVMP_VERB_NODES_READ,
		NULL, 0, &reply);
	if (!rc)
		take_away(members, &reply);
	mvctl_replies_clear(&reply, 1);
	return rc;
}

static bool never(void *ctx, const struct mvctl_nodes *so_far)
{
	return false;
}

int mvctl_members_find(struct mvctl *ctl, struct mvctl_members *members)
{
	int rc;

	*members = (struct mvctl_members){
		.group = {{.role = MVMP_ROLE_NODE}, {.role = MVMP_ROLE_AGGREGATOR}}};
	/* Nobody is to be missed: two rounds at least. */
	rc = mvctl_discover(
		ctl, MVMP_ROLE_NODE | MVMP_ROLE_AGGREGATOR, &members->group[0].nodes, never, NULL);
	if (rc)
		return rc;
	for (unsigned g = 0; g < MVCTL_GROUPS; g++) {
		struct mvctl_member_group *group = &members->group[g];

		mvctl_heard(ctl, group->role, &group->nodes);
		if (g)
			drop_nodes(&group->nodes);
		group->replies = mvctl_alloc(group->nodes.count + 1, sizeof group->replies[0]);
		group->standing = mvctl_alloc(group->nodes.count + 1, sizeof group->standing[0]);
	}
	if (!mvctl_members_count(members)) {
		struct mvmp_error error;

		mvmp_fail(&error, MVMP_NO_ANSWER, "no member answers on %s", ctl->net->links);
		mvmp_hint(&error, "nobody is there, the link is cut, or the cluster key is not "
				  "accepted there any more: mvctl key show DIR");
		return mvctl_report(ctl, &error, NULL, NULL);
	}
	return find_away(ctl, members);
}

void mvctl_members_clear(struct mvctl_members *members)
{
	for (unsigned g = 0; g < MVCTL_GROUPS; g++) {
		struct mvctl_member_group *group = &members->group[g];

		if (group->replies)
			mvctl_replies_clear(group->replies, group->nodes.count);
		free(group->replies);
		free(group->standing);
		mvctl_nodes_clear(&group->nodes);
	}
	mvctl_names_clear(&members->away);
}

unsigned mvctl_members_count(const struct mvctl_members *members)
{
	return members->group[0].nodes.count + members->group[1].nodes.count;
}

/* ---- what each holds ---- */

static void fill_exchange(
	Mvmp__ClusterExchange *message, const struct mvmp_identity *own, bool hand)
{
	uint32_t generation = mvmp_identity_key_generation(own);

	/* Who asks as if it had everything is handed nothing. */
	message->number = hand ? own->cluster.number : UINT64_MAX;
	message->generation = hand ? generation : UINT32_MAX;
	if (!hand)
		return;
	message->document = (ProtobufCBinaryData){own->cluster_len, own->cluster_bytes};
	if (generation)
		message->key = (ProtobufCBinaryData){MVMP_KEY_LEN, (uint8_t *)own->cluster_key};
}

static void read_standing(struct mvctl_standing *standing, struct mvctl_reply *reply)
{
	Mvmp__ClusterExchange *answer = NULL;

	if (reply->error.status == MVMP_OK)
		answer = mvmp__cluster_exchange__unpack(NULL, reply->body_len, reply->body);
	standing->answered = answer != NULL;
	if (!answer) {
		if (reply->error.status == MVMP_OK)
			mvctl_bad_answer(reply);
		return;
	}
	standing->number = answer->number;
	standing->generation = answer->generation;
	standing->serial = reply->cert.serial;
	if (answer->key.len)
		mvmp_wipe(answer->key.data, answer->key.len);
	mvmp__cluster_exchange__free_unpacked(answer, NULL);
}

static int ask_group(
	struct mvctl *ctl, struct mvctl_member_group *group, const uint8_t *body, size_t len)
{
	int rc;

	mvctl_replies_clear(group->replies, group->nodes.count);
	memset(group->replies, 0, group->nodes.count * sizeof group->replies[0]);
	rc = mvctl_ask_all(ctl, &group->nodes, group->role, MVMP_VERB_CLUSTER_EXCHANGE, body, len,
		group->replies);
	for (unsigned i = 0; i < group->nodes.count && !rc; i++)
		read_standing(&group->standing[i], &group->replies[i]);
	return rc;
}

int mvctl_members_ask(struct mvctl *ctl, struct mvctl_members *members, bool hand)
{
	Mvmp__ClusterExchange message = MVMP__CLUSTER_EXCHANGE__INIT;
	uint8_t *body;
	size_t len;
	int rc = 0;

	fill_exchange(&message, &ctl->net->identity, hand);
	len = mvmp__cluster_exchange__get_packed_size(&message);
	body = mvctl_alloc(len + 1, 1);
	mvmp__cluster_exchange__pack(&message, body);
	for (unsigned g = 0; g < MVCTL_GROUPS && !rc; g++)
		rc = ask_group(ctl, &members->group[g], body, len);
	mvmp_wipe(body, len);
	free(body);
	return rc;
}

struct mvctl_standing mvctl_members_newest(struct mvctl *ctl, const struct mvctl_members *members)
{
	const struct mvmp_identity *own = &ctl->net->identity;
	struct mvctl_standing newest = {
		.number = own->cluster.number, .generation = own->cluster.key_generation};

	for (unsigned g = 0; g < MVCTL_GROUPS; g++) {
		for (unsigned i = 0; i < members->group[g].nodes.count; i++) {
			const struct mvctl_standing *s = &members->group[g].standing[i];

			if (s->answered && s->number > newest.number)
				newest.number = s->number;
			if (s->answered && s->generation > newest.generation)
				newest.generation = s->generation;
		}
	}
	return newest;
}

/* ---- telling ---- */

static bool lags(const struct mvctl_standing *s, const struct mvctl_standing *newest)
{
	return s->number < newest->number || s->generation < newest->generation;
}

static void put_note(struct mvctl_cell *cell, const struct mvctl *ctl,
	const struct mvctl_standing *s, const struct mvctl_reply *reply)
{
	const struct mvmp_cluster *cluster = &ctl->net->identity.cluster;
	struct mvmp_cluster first = {.cas = 1};
	char text[64];

	memcpy(first.ca[0], cluster->ca[0], MVMP_KEY_LEN);
	if (s->install.status) {
		mvctl_put_text(cell, "certificate refused");
	} else if (s->former_serial && s->former_serial != s->serial) {
		snprintf(text, sizeof text, "certificate %llu -> %llu",
			(unsigned long long)s->former_serial, (unsigned long long)s->serial);
		mvctl_put_text(cell, text);
	} else if (cluster->cas == 2 &&
		   mvmp_cluster_has_signer(&mvmp_crypto_openssl, &first, &reply->cert)) {
		mvctl_put_text(cell, "certificate by the old CA key");
	}
}

static void add_rows(struct mvctl *ctl, struct mvctl_table *table,
	const struct mvctl_member_group *group, const struct mvctl_standing *newest)
{
	for (unsigned i = 0; i < group->nodes.count; i++) {
		const struct mvctl_standing *s = &group->standing[i];
		struct mvctl_cell *cell;

		if (!s->answered)
			continue;
		cell = mvctl_table_row(table)->cell;
		mvctl_put_text(&cell[NODE], group->replies[i].name);
		mvctl_put_text(&cell[ROLE], group->role == MVMP_ROLE_NODE ? "node" : "aggregator");
		mvctl_put_text(&cell[STATE], lags(s, newest) ? "behind" : "current");
		mvctl_put_uint(&cell[NUMBER], s->number);
		if (s->generation)
			mvctl_put_uint(&cell[GENERATION], s->generation);
		mvctl_put_uint(&cell[SERIAL], s->serial);
		put_note(&cell[NOTE], ctl, s, &group->replies[i]);
	}
}

static int print_table(
	struct mvctl *ctl, const struct mvctl_members *members, const struct mvctl_standing *newest)
{
	struct mvctl_table table;
	int rc;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, columns, sizeof columns / sizeof columns[0]);
	for (unsigned g = 0; g < MVCTL_GROUPS; g++)
		add_rows(ctl, &table, &members->group[g], newest);
	for (unsigned i = 0; i < members->away.count; i++) {
		struct mvctl_cell *cell = mvctl_table_row(&table)->cell;

		mvctl_put_text(&cell[NODE], members->away.name[i]);
		mvctl_put_text(&cell[ROLE], "node");
		mvctl_put_text(&cell[STATE], "away");
	}
	rc = mvctl_emit_table(ctl, &table);
	mvctl_table_clear(&table);
	return rc;
}

/* Makes a failure of what was answered, but is not as it should be. */
static void mark_failures(
	const struct mvctl_member_group *group, const struct mvctl_standing *newest)
{
	for (unsigned i = 0; i < group->nodes.count; i++) {
		const struct mvctl_standing *s = &group->standing[i];
		struct mvctl_reply *reply = &group->replies[i];

		if (s->answered && s->install.status)
			reply->error = s->install;
		else if (s->answered && lags(s, newest))
			mvmp_fail(&reply->error, MVMP_FAILED,
				"behind: state %llu of %llu, cluster key %u of %u",
				(unsigned long long)s->number, (unsigned long long)newest->number,
				s->generation, newest->generation);
	}
}

static void report_away(
	struct mvctl *ctl, const struct mvctl_members *members, const struct mvctl_standing *newest)
{
	struct mvmp_error error;
	char *folded;

	if (!members->away.count)
		return;
	folded = mvctl_nodeset_fold(&members->away);
	mvmp_fail(&error, MVMP_NO_ANSWER,
		"%.100s: away, known to %.63s; gets state %llu and cluster key %u on return",
		folded, members->teller, (unsigned long long)newest->number, newest->generation);
	mvmp_hint(
		&error, "who is away for longer than the grace of a cluster key is enrolled again");
	mvctl_report(ctl, &error, members->away.count == 1 ? folded : NULL, NULL);
	free(folded);
}

int mvctl_members_report(struct mvctl *ctl, const struct mvctl_members *members)
{
	struct mvctl_standing newest = mvctl_members_newest(ctl, members);
	int rc = print_table(ctl, members, &newest);

	if (rc)
		return rc;
	for (unsigned g = 0; g < MVCTL_GROUPS; g++) {
		const struct mvctl_member_group *group = &members->group[g];

		mark_failures(group, &newest);
		mvctl_report_replies(ctl, group->replies, group->nodes.count, "cluster state");
	}
	report_away(ctl, members, &newest);
	if (!ctl->failed)
		mvctl_note(ctl, "all %u members have state %llu and cluster key %u",
			mvctl_members_count(members), (unsigned long long)newest.number,
			newest.generation);
	return mvctl_result(ctl);
}
