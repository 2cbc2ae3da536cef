/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdlib.h>
#include <string.h>

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* Copies the UUIDs; -1 when one is none or there are too many. */
static int copy_domains(struct mva_agent *agent, struct mva_subscribe *how,
	const Mvmp__Subscribe *body, uint8_t (**ret)[MVMP_ID_LEN])
{
	*ret = NULL;
	if (body->n_domain > MVA_SUBSCRIPTION_DOMAINS_MAX)
		return -1;
	*ret = calloc(body->n_domain + 1, sizeof **ret);
	agent->starved = !*ret;
	if (!*ret)
		return -1;
	for (size_t i = 0; i < body->n_domain; i++) {
		if (body->domain[i].len != MVMP_ID_LEN)
			return -1;
		memcpy((*ret)[i], body->domain[i].data, MVMP_ID_LEN);
	}
	how->domain = (const uint8_t(*)[MVMP_ID_LEN]) * ret;
	how->domains = (unsigned)body->n_domain;
	return 0;
}

static void subscribe(struct mva_agent *agent, const struct mvmp_request *request,
	const struct mva_subscribe *how, uint64_t now)
{
	Mvmp__SubscribeAnswer answer = MVMP__SUBSCRIBE_ANSWER__INIT;
	struct mvmp_error err = {.status = MVMP_OK};

	if (how->interval_ms < MVMP_STATS_INTERVAL_MIN_MS ||
		how->interval_ms > MVMP_STATS_INTERVAL_MAX_MS)
		mvmp_fail(&err, MVMP_INVALID, "interval %u ms: %s takes %d ms to %d ms",
			how->interval_ms, agent->node, MVMP_STATS_INTERVAL_MIN_MS,
			MVMP_STATS_INTERVAL_MAX_MS);
	else if (!how->kinds)
		mvmp_fail(&err, MVMP_INVALID, "no kind of entity is asked for");
	else
		mva_subscriptions_set(&agent->subscriptions, how, now, NULL, &err);
	if (err.status) {
		mva_refuse(agent, request->call, &err, now);
		return;
	}
	answer.interval_ms = how->interval_ms;
	answer.lifetime_s = how->lifetime_s;
	answer.oldest_ring_mono_ns = mva_ring_oldest(agent->ring);
	mva_answer(agent, request->call, &answer.base, now);
}

void mva_verb_subscribe(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__Subscribe *body =
		mvmp__subscribe__unpack(&agent->allocator, request->body_len, request->body);
	uint8_t(*domains)[MVMP_ID_LEN] = NULL;
	struct mva_subscribe how = {.session = request->session, .serial = request->caller->serial};

	if (!body || copy_domains(agent, &how, body, &domains)) {
		mva_refuse_body(agent, request, now);
	} else {
		how.number = body->subscription;
		how.interval_ms = body->interval_ms;
		how.kinds = body->kinds & MVA_KINDS_ALL;
		how.lifetime_s = clamp(body->lifetime_s, MVA_LIFETIME_MIN_S, MVA_LIFETIME_MAX_S);
		how.texts_every = body->texts_every ? body->texts_every : MVA_TEXTS_EVERY;
		subscribe(agent, request, &how, now);
	}
	free(domains);
	if (body)
		mvmp__subscribe__free_unpacked(body, &agent->allocator);
}

void mva_verb_unsubscribe(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__Unsubscribe *body =
		mvmp__unsubscribe__unpack(&agent->allocator, request->body_len, request->body);
	struct mva_subscription *sub = NULL;

	if (!body) {
		mva_refuse_body(agent, request, now);
		return;
	}
	sub = mva_subscriptions_find(&agent->subscriptions, request->session, body->subscription);
	if (sub)
		mva_subscription_drop(&agent->subscriptions, sub);
	mva_answer(agent, request->call, NULL, now); /* gone, whether it was there or not */
	mvmp__unsubscribe__free_unpacked(body, &agent->allocator);
}

void mva_verb_ring_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__RingRead *body =
		mvmp__ring_read__unpack(&agent->allocator, request->body_len, request->body);
	struct mvmp_error err = {.status = MVMP_OK};
	struct mva_subscription *sub;
	uint64_t to;

	if (!body) {
		mva_refuse_body(agent, request, now);
		return;
	}
	to = body->to_wall_ns ? body->to_wall_ns : UINT64_MAX;
	sub = mva_subscriptions_find(&agent->subscriptions, request->session, body->subscription);
	if (!sub)
		mvmp_fail(&err, MVMP_NOT_FOUND, "this session has no subscription %u",
			body->subscription);
	else
		mva_transmit_backfill(agent, sub, body->from_wall_ns, to, &err);
	if (err.status)
		mva_refuse(agent, request->call, &err, now);
	else
		mva_answer(agent, request->call, NULL, now);
	mvmp__ring_read__free_unpacked(body, &agent->allocator);
}
