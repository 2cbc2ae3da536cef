/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SUBSCRIPTION_H
#define MVA_SUBSCRIPTION_H

/*
 * Who wants which samples how often. Times are multiples of the interval on the agent's clock,
 * so that equal intervals share their samples and missed ones are skipped, never made up.
 */

#include <mvmp/endpoint.h>

enum {
	MVA_SUBSCRIPTIONS_MAX = 256,
	MVA_SUBSCRIPTIONS_OF_SESSION = 16,
	MVA_SUBSCRIPTIONS_OF_CERTIFICATE = 64, /* over all its sessions */
	MVA_SUBSCRIPTION_DOMAINS_MAX = 256,
	MVA_LIFETIME_MIN_S = 10,
	MVA_LIFETIME_MAX_S = 3600,
	MVA_TEXTS_EVERY = 6,
};

struct mva_subscription {
	mvmp_session session; /* 0: free */
	uint64_t serial;      /* of its certificate */
	uint32_t number;
	uint64_t interval_ns, next_ns, ends_ns;
	uint32_t kinds, texts_every;
	uint32_t samples;		/* sent, for texts_every */
	uint64_t sequence[2];		/* of the frame sent last: of samples, from the ring */
	uint8_t (*domain)[MVMP_ID_LEN]; /* owned; NULL: all */
	unsigned domains;
};

/* What a SUBSCRIBE asks for, in bounds. */
struct mva_subscribe {
	mvmp_session session;
	uint64_t serial;
	uint32_t number, interval_ms, kinds, lifetime_s, texts_every;
	const uint8_t (*domain)[MVMP_ID_LEN];
	unsigned domains;
};

struct mva_subscriptions {
	struct mva_subscription at[MVA_SUBSCRIPTIONS_MAX];
	unsigned used;
};

void mva_subscriptions_clear(struct mva_subscriptions *subs);

/* Adds, or replaces the one with this session and number: the same selection and interval go on
 * undisturbed. *ret may be NULL. MVMP_BUSY names the limit reached; MVMP_NO_MEMORY. */
int mva_subscriptions_set(struct mva_subscriptions *subs, const struct mva_subscribe *how,
	uint64_t now, struct mva_subscription **ret, struct mvmp_error *err);

struct mva_subscription *mva_subscriptions_find(
	struct mva_subscriptions *subs, mvmp_session session, uint32_t number);
void mva_subscription_drop(struct mva_subscriptions *subs, struct mva_subscription *sub);
void mva_subscriptions_drop_session(struct mva_subscriptions *subs, mvmp_session session);

/* Forgets those whose lifetime is over. */
void mva_subscriptions_expire(struct mva_subscriptions *subs, uint64_t now);

/* Moves a due subscription to its next time after now. */
void mva_subscription_step(struct mva_subscription *sub, uint64_t now);

/* Earliest sample or end of a lifetime. */
uint64_t mva_subscriptions_deadline(const struct mva_subscriptions *subs);

/* True when one packed sample serves both. */
bool mva_subscription_alike(const struct mva_subscription *a, const struct mva_subscription *b);

#endif
