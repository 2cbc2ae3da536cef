/* SPDX-License-Identifier: Apache-2.0 */
#include "subscription.h"
#include <stdlib.h>
#include <string.h>

static void clear(struct mva_subscription *sub)
{
	free(sub->domain);
	*sub = (struct mva_subscription){0};
}

void mva_subscriptions_clear(struct mva_subscriptions *subs)
{
	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++)
		clear(&subs->at[i]);
	subs->used = 0;
}

struct mva_subscription *mva_subscriptions_find(
	struct mva_subscriptions *subs, mvmp_session session, uint32_t number)
{
	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++) {
		if (subs->at[i].session == session && session && subs->at[i].number == number)
			return &subs->at[i];
	}
	return NULL;
}

void mva_subscription_drop(struct mva_subscriptions *subs, struct mva_subscription *sub)
{
	if (sub->session)
		subs->used--;
	clear(sub);
}

void mva_subscriptions_drop_session(struct mva_subscriptions *subs, mvmp_session session)
{
	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++) {
		if (subs->at[i].session == session)
			mva_subscription_drop(subs, &subs->at[i]);
	}
}

void mva_subscriptions_expire(struct mva_subscriptions *subs, uint64_t now)
{
	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++) {
		if (subs->at[i].session && subs->at[i].ends_ns <= now)
			mva_subscription_drop(subs, &subs->at[i]);
	}
}

/* A free slot within the limits. */
static struct mva_subscription *free_slot(
	struct mva_subscriptions *subs, const struct mva_subscribe *how, struct mvmp_error *err)
{
	struct mva_subscription *slot = NULL;
	unsigned own = 0, of_certificate = 0;

	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++) {
		const struct mva_subscription *sub = &subs->at[i];

		own += sub->session == how->session;
		of_certificate += sub->session && sub->serial == how->serial;
		if (!subs->at[i].session && !slot)
			slot = &subs->at[i];
	}
	if (own >= MVA_SUBSCRIPTIONS_OF_SESSION) {
		mvmp_fail(err, MVMP_BUSY, "this session has its %d subscriptions already",
			MVA_SUBSCRIPTIONS_OF_SESSION);
		return NULL;
	}
	if (of_certificate >= MVA_SUBSCRIPTIONS_OF_CERTIFICATE) {
		mvmp_fail(err, MVMP_BUSY, "certificate %llu has its %d subscriptions already",
			(unsigned long long)how->serial, MVA_SUBSCRIPTIONS_OF_CERTIFICATE);
		return NULL;
	}
	if (!slot)
		mvmp_fail(err, MVMP_BUSY, "the node serves its %d subscriptions already",
			MVA_SUBSCRIPTIONS_MAX);
	return slot;
}

static bool same_domains(
	const struct mva_subscription *sub, const uint8_t (*domain)[MVMP_ID_LEN], unsigned domains)
{
	return sub->domains == domains &&
	       (!domains || memcmp(sub->domain, domain, domains * MVMP_ID_LEN) == 0);
}

bool mva_subscription_alike(const struct mva_subscription *a, const struct mva_subscription *b)
{
	return a->kinds == b->kinds && a->interval_ns == b->interval_ns &&
	       same_domains(a, (const uint8_t(*)[MVMP_ID_LEN])b->domain, b->domains);
}

/* The first sample comes at once when the next common time is far. */
static uint64_t first_time(uint64_t interval_ns, uint64_t now)
{
	uint64_t next = (now / interval_ns + 1) * interval_ns;

	return next - now > interval_ns / 2 ? now : next;
}

static int select_domains(struct mva_subscription *sub, const struct mva_subscribe *how)
{
	uint8_t(*domain)[MVMP_ID_LEN] = NULL;

	if (how->domains) {
		domain = malloc(how->domains * sizeof *domain);
		if (!domain)
			return -1;
		memcpy(domain, how->domain, how->domains * sizeof *domain);
	}
	free(sub->domain);
	sub->domain = domain;
	sub->domains = how->domains;
	return 0;
}

int mva_subscriptions_set(struct mva_subscriptions *subs, const struct mva_subscribe *how,
	uint64_t now, struct mva_subscription **ret, struct mvmp_error *err)
{
	struct mva_subscription *sub = mva_subscriptions_find(subs, how->session, how->number);
	uint64_t interval_ns = how->interval_ms * MVMP_NS_PER_MS;
	bool fresh = !sub;

	if (!sub)
		sub = free_slot(subs, how, err);
	if (!sub)
		return -MVMP_BUSY;
	if (fresh || !same_domains(sub, how->domain, how->domains)) {
		if (select_domains(sub, how))
			return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	}
	if (fresh || sub->interval_ns != interval_ns)
		sub->next_ns = first_time(interval_ns, now);
	if (sub->kinds != how->kinds)
		sub->samples = 0; /* names are wanted with what is new */
	subs->used += fresh;
	sub->session = how->session;
	sub->serial = how->serial;
	sub->number = how->number;
	sub->interval_ns = interval_ns;
	sub->kinds = how->kinds;
	sub->texts_every = how->texts_every;
	sub->ends_ns = now + how->lifetime_s * MVMP_NS_PER_S;
	if (ret)
		*ret = sub;
	return 0;
}

void mva_subscription_step(struct mva_subscription *sub, uint64_t now)
{
	sub->next_ns = (now / sub->interval_ns + 1) * sub->interval_ns;
}

uint64_t mva_subscriptions_deadline(const struct mva_subscriptions *subs)
{
	uint64_t at = UINT64_MAX;
	unsigned left = subs->used;

	/* Asked at every turn of the loop: the table is walked no further than there are any. */
	for (unsigned i = 0; left && i < MVA_SUBSCRIPTIONS_MAX; i++) {
		const struct mva_subscription *sub = &subs->at[i];

		if (!sub->session)
			continue;
		left--;
		if (sub->next_ns < at)
			at = sub->next_ns;
		if (sub->ends_ns < at)
			at = sub->ends_ns;
	}
	return at;
}
