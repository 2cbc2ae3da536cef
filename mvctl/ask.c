/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 128 }; /* calls under way, well below the sessions there are */

struct mvctl_ask {
	struct mvctl *ctl;
	const struct mvctl_nodes *nodes;
	uint16_t role;
	enum mvmp_verb verb;
	const void *body;
	size_t len;
	struct mvctl_reply *replies;
	unsigned next, under_way, ended, failed;
	uint64_t began, timeout_ns;
	bool showed;
};

static void end_reply(struct mvctl_ask *ask, struct mvctl_reply *reply)
{
	reply->ended = true;
	ask->ended++;
	if (reply->error.status != MVMP_OK)
		ask->failed++;
}

/* Who answers by another name than the one asked for does not count. */
static void check_name(struct mvctl_reply *reply, const struct mvmp_cert *cert)
{
	const char *from = cert->name;

	reply->cert = *cert;
	if (!reply->node->by_mac && strcmp(reply->node->name, from) != 0) {
		mvmp_fail(&reply->error, MVMP_NOT_TRUSTED,
			"%s was asked, a member with the certificate of %s answered",
			reply->node->name, from);
		return;
	}
	snprintf(reply->name, sizeof reply->name, "%s", from);
}

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct mvctl_reply *reply = ctx;
	struct mvctl_ask *ask = reply->ask;

	reply->error = answer->error;
	mvctl_clean(reply->error.text);
	mvctl_clean(reply->error.hint);
	reply->session = answer->session;
	reply->elapsed_ns = answer->elapsed_ns;
	if (answer->from)
		check_name(reply, answer->from);
	if (answer->body_len) {
		reply->body = mvctl_alloc(answer->body_len, 1);
		memcpy(reply->body, answer->body, answer->body_len);
		reply->body_len = answer->body_len;
	}
	ask->under_way--;
	end_reply(ask, reply);
}

static void start_call(
	struct mvctl_ask *ask, const struct mvctl_node *node, struct mvctl_reply *reply)
{
	struct mvmp_target target = {.role = ask->role};
	uint64_t now = mvmp_now(), id;

	if (node->by_mac)
		target.mac = node->mac;
	else
		target.text = node->name;
	reply->started = true;
	id = mvmp_client_call(mvmp_run_client(ask->ctl->net->run), &target, ask->verb, ask->body,
		ask->len, reply->mutates ? reply->operation : NULL, now + ask->timeout_ns,
		on_answer, reply, now, &reply->error);
	reply->call = id;
	if (id)
		ask->under_way++;
	else
		end_reply(ask, reply);
}

static void start_more(struct mvctl_ask *ask)
{
	while (ask->next < ask->nodes->count && ask->under_way < AT_ONCE) {
		unsigned i = ask->next++;

		start_call(ask, &ask->nodes->node[i], &ask->replies[i]);
	}
}

/* One line on a terminal, after a moment, for more than one node. */
static void show_progress(struct mvctl_ask *ask)
{
	double seconds = (double)(mvmp_now() - ask->began) / 1e9;
	const char *waiting = "";

	if (ask->nodes->count < 2 || seconds < 0.3 || !isatty(fileno(ask->ctl->err)))
		return;
	for (unsigned i = 0; i < ask->nodes->count && !*waiting; i++) {
		if (!ask->replies[i].ended)
			waiting = ask->nodes->node[i].name;
	}
	fprintf(ask->ctl->err, "\r\033[K%s  [%u/%u]  %u failed   %.1f s   waiting: %s",
		mvmp_verb_info(ask->verb)->name, ask->ended, ask->nodes->count, ask->failed,
		seconds, waiting);
	fflush(ask->ctl->err);
	ask->showed = true;
}

static bool all_ended(void *ctx)
{
	struct mvctl_ask *ask = ctx;

	start_more(ask);
	return ask->ended == ask->nodes->count;
}

/* Gives the calls up; what changes something goes on without us, and its id is told. */
static int interrupted(struct mvctl_ask *ask)
{
	char id[2 * MVMP_ID_LEN + 1];
	struct mvmp_error error;

	for (unsigned i = 0; i < ask->nodes->count; i++) {
		struct mvctl_reply *reply = &ask->replies[i];

		if (!reply->started || reply->ended)
			continue;
		mvmp_client_cancel(mvmp_run_client(ask->ctl->net->run), reply->call);
		mvmp_fail(&error, reply->mutates ? MVMP_OUTCOME_UNKNOWN : MVMP_NO_ANSWER,
			"interrupted before %s answered", reply->name);
		mvctl_keep_error(
			ask->ctl, &error, reply->name, reply->mutates ? reply->operation : NULL);
		if (reply->mutates)
			fprintf(ask->ctl->err, "under way on %s: operation %s\n", reply->name,
				mvmp_hex(id, reply->operation, MVMP_ID_LEN));
	}
	return MVCTL_EXIT_INTERRUPTED;
}

/* As the protocol has it: milliseconds since 1970, then what nobody else draws. Known before the
 * call, so that Ctrl-C can print what is under way. */
static void draw_operation(uint8_t id[static MVMP_ID_LEN])
{
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MVMP_NS_PER_MS;
	for (unsigned i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (8 * (5 - i)));
	mvmp_random_os(NULL, id + 6, MVMP_ID_LEN - 6);
}

static void prepare(struct mvctl_ask *ask)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(ask->verb);

	for (unsigned i = 0; i < ask->nodes->count; i++) {
		struct mvctl_reply *reply = &ask->replies[i];

		reply->ask = ask;
		reply->node = &ask->nodes->node[i];
		reply->mutates = info && info->mutates;
		snprintf(reply->name, sizeof reply->name, "%s", reply->node->name);
		if (reply->mutates)
			draw_operation(reply->operation);
	}
}

int mvctl_ask_all(struct mvctl *ctl, const struct mvctl_nodes *nodes, uint16_t role,
	enum mvmp_verb verb, const void *body, size_t len, struct mvctl_reply *replies)
{
	struct mvctl_ask ask = {.ctl = ctl,
		.nodes = nodes,
		.role = role,
		.verb = verb,
		.body = body,
		.len = len,
		.replies = replies,
		.began = mvmp_now()};
	ask.timeout_ns = (uint64_t)(ctl->opt.timeout_s * 1e9);
	prepare(&ask);
	/* Every call ends by its own deadline; those that wait for a turn get theirs then. */
	while (!all_ended(&ask) && !ctl->net->interrupted) {
		mvctl_wait(ctl, 0.2, all_ended, &ask);
		show_progress(&ask);
	}
	if (ask.showed)
		fputs("\r\033[K", ctl->err);
	return ctl->net->interrupted ? interrupted(&ask) : 0;
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
