/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"
#include <mvmp.pb-c.h>
#include <mvmp/stats.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIFETIME_S = 30,
	REFRESH_S = 10,
	RETRY_S = 1,
};

struct followed {
	struct mvctl_reply reply;
	const struct mvctl_node *node;
	mvmp_session session;
	struct mvctl_source source; /* `after` is whole */
	struct mvmp_sample filling;
	uint64_t sequence;
	bool has_sequence, started, announced_loss;
	unsigned long samples;
	uint64_t refresh_at;
};

struct follow {
	struct mvctl *ctl;
	const struct mvctl_follow_options *options;
	struct mvctl_follow_totals *totals;
	struct followed *one;
	unsigned count;
};

static struct followed *find_session(struct follow *follow, mvmp_session session)
{
	for (unsigned i = 0; i < follow->count; i++) {
		if (session && follow->one[i].session == session)
			return &follow->one[i];
	}
	return NULL;
}

/* Texts travel in some samples only: the last that were heard stay valid. */
static void keep_texts(struct followed *one)
{
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		struct mvmp_records *now = &one->source.after.kind[kind];

		for (uint32_t i = 0; i < now->count; i++) {
			const struct mvmp_record *old =
				mvctl_earlier(&one->source, (enum mvmp_entity)kind, &now->at[i]);

			for (unsigned t = 0; old && t < MVMP_TEXTS_MAX; t++) {
				if (!now->at[i].text[t][0])
					memcpy(now->at[i].text[t], old->text[t], MVMP_TEXT_LEN);
			}
		}
	}
}

/* The sample that was filled becomes the newest. */
static void complete_sample(struct follow *follow, struct followed *one)
{
	struct mvmp_sample spare = one->source.before;

	if (one->samples >= follow->options->count && follow->options->count)
		return;
	one->source.before = one->source.after;
	one->source.after = one->filling;
	mvctl_keep_older(&one->source, &spare);
	one->filling = spare;
	mvmp_sample_reset(&one->filling);
	keep_texts(one);
	one->samples++;
	follow->totals->samples++;
	follow->options->sample(follow->options->ctx, &one->source);
}

static void count_frame(
	struct follow *follow, struct followed *one, const struct mvmp_stats_head *head)
{
	if (one->has_sequence && head->sequence > one->sequence + 1)
		follow->totals->lost += head->sequence - one->sequence - 1;
	one->sequence = head->sequence;
	one->has_sequence = true;
	follow->totals->frames++;
}

static void take_frame(
	struct follow *follow, struct followed *one, const uint8_t *bytes, size_t len)
{
	struct mvmp_stats_head head = {0};
	struct mvmp_sample fields = {0};

	if (mvmp_stats_peek(bytes, len, &head, &fields)) {
		follow->totals->malformed++;
		return;
	}
	count_frame(follow, one, &head);
	if (fields.number != one->filling.number ||
		memcmp(fields.instance, one->filling.instance, MVMP_ID_LEN) != 0)
		mvmp_sample_reset(&one->filling);
	if (mvmp_stats_unpack(bytes, len, &head, &one->filling)) {
		follow->totals->malformed++;
		return;
	}
	one->source.interval_ns = head.interval_ms * MVMP_NS_PER_MS;
	if (head.last)
		complete_sample(follow, one);
}

static void on_event(void *ctx, const struct mvmp_event *event)
{
	struct follow *follow = ctx;
	struct followed *one = find_session(follow, event->session);

	if (!one)
		return;
	if (event->type == MVMP_EVENT_STATS)
		take_frame(follow, one, event->bytes, event->len);
	if (event->type == MVMP_EVENT_SESSION_DOWN) {
		mvctl_note(follow->ctl, "%s: %s; subscribing again", one->reply.name,
			event->text && *event->text ? event->text : "session ended");
		one->session = 0;
		one->has_sequence = false;
		one->refresh_at = mvmp_now() + RETRY_S * MVMP_NS_PER_S;
	}
}

/* Subscribes, or refreshes. A node that is away is tried again: only the first time counts. */
static int subscribe(struct follow *follow, struct followed *one)
{
	const struct mvctl_follow_options *options = follow->options;
	Mvmp__Subscribe request = MVMP__SUBSCRIBE__INIT;
	struct mvctl_reply reply = {0};
	uint8_t body[64];
	int rc;

	request.subscription = 1;
	request.interval_ms = options->interval_ms;
	request.kinds = options->kinds;
	request.lifetime_s = LIFETIME_S;
	request.texts_every = 5;
	rc = mvctl_ask_one(follow->ctl, one->node, MVMP_ROLE_NODE, MVMP_VERB_SUBSCRIBE, body,
		mvmp__subscribe__pack(&request, body), &reply);
	if (rc)
		return rc;
	mvctl_replies_clear(&reply, 1);
	one->refresh_at = mvmp_now() + RETRY_S * MVMP_NS_PER_S;
	if (reply.error.status == MVMP_OK) {
		one->session = reply.session;
		one->refresh_at = mvmp_now() + REFRESH_S * MVMP_NS_PER_S;
	}
	if (!one->started || reply.error.status == MVMP_OK)
		one->reply = reply;
	one->source.node = one->reply.name;
	one->started = true;
	return 0;
}

static bool all_done(void *ctx)
{
	struct follow *follow = ctx;

	for (unsigned i = 0; i < follow->count; i++) {
		bool failed = follow->one[i].reply.error.status != MVMP_OK;

		if (!failed && (!follow->options->count ||
				       follow->one[i].samples < follow->options->count))
			return false;
	}
	return true;
}

static int subscribe_due(struct follow *follow)
{
	for (unsigned i = 0; i < follow->count; i++) {
		struct followed *one = &follow->one[i];
		int rc;

		if (one->refresh_at > mvmp_now() ||
			(one->started && one->reply.error.status != MVMP_OK))
			continue;
		rc = subscribe(follow, one);
		if (rc)
			return rc;
	}
	return 0;
}

static void clear(struct follow *follow)
{
	follow->ctl->net->event = NULL;
	for (unsigned i = 0; i < follow->count; i++) {
		mvctl_source_clear(&follow->one[i].source);
		mvmp_sample_free(&follow->one[i].filling);
	}
	free(follow->one);
}

static void report(struct follow *follow)
{
	struct mvctl_reply *replies = mvctl_alloc(follow->count, sizeof replies[0]);

	for (unsigned i = 0; i < follow->count; i++)
		replies[i] = follow->one[i].reply;
	mvctl_report_replies(follow->ctl, replies, follow->count, "stats");
	free(replies);
}

int mvctl_follow(struct mvctl *ctl, const struct mvctl_nodes *nodes,
	const struct mvctl_follow_options *options, struct mvctl_follow_totals *totals)
{
	struct follow follow = {ctl, options, totals, NULL, nodes->count};
	int rc = 0;

	follow.one = mvctl_alloc(nodes->count, sizeof follow.one[0]);
	for (unsigned i = 0; i < nodes->count; i++)
		follow.one[i].node = &nodes->node[i];
	ctl->net->event = on_event;
	ctl->net->event_ctx = &follow;
	while (!rc && !ctl->net->interrupted) {
		rc = subscribe_due(&follow);
		if (rc || all_done(&follow))
			break;
		mvctl_wait(ctl, 0.5, all_done, &follow);
	}
	if (!rc)
		report(&follow);
	clear(&follow);
	return rc == MVCTL_EXIT_INTERRUPTED ? 0 : rc;
}
