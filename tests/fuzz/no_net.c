/* SPDX-License-Identifier: Apache-2.0 */
#include "no_net.h"

#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

static struct mvmp_reader answers;
static struct mvmp_link wire = {.name = "eth1", .mtu = 1500, .has_macs = true};

void no_net_answers(const uint8_t *bytes, size_t len)
{
	answers = mvmp_reader(bytes, len);
}

int mvctl_connect(struct mvctl *ctl, bool listen_stats)
{
	if (!ctl->net)
		ctl->net = mvctl_alloc(1, sizeof *ctl->net);
	return 0;
}

void mvctl_disconnect(struct mvctl *ctl)
{
	free(ctl->net);
	ctl->net = NULL;
}

/* Frames of a subscription; then Ctrl-C, so that what follows them ends. */
void mvctl_wait(struct mvctl *ctl, double seconds, bool (*done)(void *ctx), void *ctx)
{
	while (ctl->net->event && answers.left && !answers.bad) {
		size_t len = mvmp_get_u16(&answers);
		struct mvmp_event event = {.type = MVMP_EVENT_STATS, .session = 1, .text = ""};

		event.len = len < answers.left ? len : answers.left;
		event.bytes = mvmp_get_view(&answers, event.len);
		ctl->net->event(ctl->net->event_ctx, &event);
	}
	ctl->net->interrupted = true;
}

const struct mvmp_link *mvmp_run_link(const struct mvmp_run *run, unsigned index)
{
	return &wire;
}

struct mvmp_client *mvmp_run_client(struct mvmp_run *run)
{
	return NULL;
}

struct mvmp_endpoint *mvmp_run_endpoint(struct mvmp_run *run)
{
	return NULL;
}

/* ---- who is there ---- */

void mvctl_nodes_clear(struct mvctl_nodes *nodes)
{
	free(nodes->node);
	memset(nodes, 0, sizeof *nodes);
}

void mvctl_heard(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret)
{
	struct mvctl_node *node = mvctl_alloc(1, sizeof *node);

	strcpy(node->name, roles & MVMP_ROLE_NODE ? "n1" : "agg");
	strcpy(node->id, "00000001");
	node->found = true;
	node->peer = (struct mvmp_peer){.roles = roles, .mtu = 1500, .macs = 1};
	strcpy(node->peer.name, node->name);
	free(ret->node);
	*ret = (struct mvctl_nodes){node, 1};
}

int mvctl_discover(struct mvctl *ctl, uint16_t roles, struct mvctl_nodes *ret,
	bool (*enough)(void *ctx, const struct mvctl_nodes *so_far), void *ctx)
{
	mvctl_heard(ctl, roles, ret);
	return 0;
}

/* ---- what they answer ---- */

/* As mvctl_ask_all() hands it on: of a sentence control characters are gone. */
static void take_error(struct mvctl_reply *reply, enum mvmp_status status, const void *text)
{
	mvmp_fail(&reply->error, status, "%.*s", (int)reply->body_len, (const char *)text);
	mvmp_hint(&reply->error, "%.*s", (int)reply->body_len, (const char *)text);
	mvctl_clean(reply->error.text);
	mvctl_clean(reply->error.hint);
}

static void take_answer(struct mvctl_reply *reply)
{
	size_t len = mvmp_get_u16(&answers);
	enum mvmp_status status = mvmp_get_u8(&answers) % MVMP_STATUS_COUNT;
	const uint8_t *bytes;

	reply->ended = true;
	if (answers.bad) {
		mvmp_fail(&reply->error, MVMP_NO_ANSWER, "nobody answered");
		return;
	}
	reply->session = 1;
	reply->body_len = len < answers.left ? len : answers.left;
	bytes = mvmp_get_view(&answers, reply->body_len);
	if (reply->body_len) {
		reply->body = mvctl_alloc(reply->body_len, 1);
		memcpy(reply->body, bytes, reply->body_len);
	}
	reply->error.status = status;
	if (status != MVMP_OK)
		take_error(reply, status, bytes);
}

int mvctl_ask_all(struct mvctl *ctl, const struct mvctl_nodes *nodes, uint16_t role,
	enum mvmp_verb verb, const void *body, size_t len, struct mvctl_reply *replies)
{
	for (unsigned i = 0; i < nodes->count; i++) {
		struct mvctl_reply *reply = &replies[i];

		reply->node = &nodes->node[i];
		reply->started = true;
		reply->mutates = mvmp_verb_info(verb)->mutates;
		reply->cert.roles = role;
		strcpy(reply->name, reply->node->name);
		strcpy(reply->cert.name, reply->node->name);
		take_answer(reply);
	}
	return 0;
}

int mvctl_ask_one(struct mvctl *ctl, const struct mvctl_node *node, uint16_t role,
	enum mvmp_verb verb, const void *body, size_t len, struct mvctl_reply *reply)
{
	struct mvctl_node copy = *node;
	struct mvctl_nodes nodes = {&copy, 1};
	int rc = mvctl_ask_all(ctl, &nodes, role, verb, body, len, reply);

	reply->node = node;
	return rc;
}

void mvctl_replies_clear(struct mvctl_reply *replies, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		free(replies[i].body);
		replies[i].body = NULL;
	}
}
