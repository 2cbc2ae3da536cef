/* SPDX-License-Identifier: Apache-2.0 */
#include "admit.h"
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A handshake costs about 0.4 ms of public-key work, a reading 10 us of symmetric work. */
static const struct mvmp_rate all_rate = {.spacing_ns = MVMP_NS_PER_S / 600, .burst = 200};
static const struct mvmp_rate read_rate = {.spacing_ns = MVMP_NS_PER_S / 5000, .burst = 500};
/* The same for those with tickets, all together and each. */
static const struct mvmp_rate ticket_rate = {.spacing_ns = MVMP_NS_PER_S / 200, .burst = 100};
static const struct mvmp_rate ticket_read_rate = {
	.spacing_ns = MVMP_NS_PER_S / 10000, .burst = 1000};
static const struct mvmp_rate each_rate = {.spacing_ns = MVMP_NS_PER_S / 20, .burst = 40};
static const struct mvmp_rate each_read_rate = {.spacing_ns = MVMP_NS_PER_S / 1000, .burst = 200};

int mvmp_admit_init(struct admit *admit)
{
	admit->by_ticket = calloc(MVMP_TICKETS_APART, sizeof(*admit->by_ticket));
	admit->seen = calloc(MVMP_SEEN_INITS, sizeof(*admit->seen));
	if (!admit->by_ticket || !admit->seen)
		return -ENOMEM;
	return mvmp_served_init(&admit->served);
}

void mvmp_admit_clear(struct admit *admit)
{
	free(admit->by_ticket);
	free(admit->seen);
	mvmp_served_clear(&admit->served);
	*admit = (struct admit){0};
}

/* Half of the places are taken. Who replays recorded INITs (a stranger can) takes places, but
 * cannot open the COOKIE that the next one asks for. */
static bool crowded(const struct responder *r)
{
	return 2 * r->taken >= r->count;
}

static bool strained(const struct responder *r, uint64_t now)
{
	return crowded(r) || mvmp_limiter_strained(&r->admit.all, &all_rate, now) ||
	       mvmp_limiter_strained(&r->admit.reads, &read_rate, now);
}

/* Ids are MACs: their first byte spreads them evenly, and nobody chooses his own. */
static struct ticket_rates *rates_of(struct admit *admit, const struct arrival *in)
{
	return &admit->by_ticket[in->frame.payload[INIT_TICKET_AT] % MVMP_TICKETS_APART];
}

static uint64_t *seen_place(struct admit *admit, const struct arrival *in, uint64_t *mark)
{
	uint64_t mac[MVMP_MAC_FIELD_LEN / 8];

	memcpy(mac, in->frame.payload + INIT_MEMBER_AT, sizeof(mac));
	*mark = mac[1];
	return &admit->seen[mac[0] % MVMP_SEEN_INITS];
}

void mvmp_admit_note(struct mvmp_endpoint *ep, const struct arrival *in, const struct admission *a,
	enum mvmp_verdict verdict)
{
	uint64_t mark, *place;

	if (!a->ticket || verdict == MVMP_DROP_RATE || verdict == MVMP_DROP_FULL)
		return;
	place = seen_place(&ep->responder.admit, in, &mark);
	*place = mark;
}

static enum mvmp_verdict take(struct mvmp_endpoint *ep, struct mvmp_limiter *limiter,
	const struct mvmp_rate *rate, bool served)
{
	unsigned part = served ? rate->burst / 2 : rate->burst;

	return mvmp_ep_take(ep, limiter, rate, part, ep->now) ? MVMP_ACCEPTED : MVMP_DROP_RATE;
}

/* An INIT that had its end before is replayed by somebody: its ticket must not pay for that. */
static enum mvmp_verdict read_ticket(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct admit *admit = &ep->responder.admit;
	enum mvmp_verdict verdict;
	uint64_t mark;

	if (*seen_place(admit, in, &mark) == mark)
		return MVMP_DROP_REPLAY;
	verdict = take(ep, &rates_of(admit, in)->reads, &each_read_rate, false);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	return take(ep, &admit->ticket_reads, &ticket_read_rate, false);
}

enum mvmp_verdict mvmp_admit_read(
	struct mvmp_endpoint *ep, const struct arrival *in, struct admission *a)
{
	struct admit *admit = &ep->responder.admit;

	*a = (struct admission){.strained = strained(&ep->responder, in->now)};
	if (!a->strained)
		return take(ep, &admit->reads, &read_rate, false);
	a->ticket = mvmp_ticket_right(ep, in);
	if (!mvmp_cookie_proven(ep, in, a)) {
		mvmp_cookie_send(ep, in, a->ticket);
		return MVMP_DROP_COOKIE;
	}
	if (a->ticket)
		return read_ticket(ep, in);
	return take(ep, &admit->reads, &read_rate, a->served);
}

static enum mvmp_verdict answer_ticket(struct mvmp_endpoint *ep, const struct arrival *in)
{
	struct admit *admit = &ep->responder.admit;
	enum mvmp_verdict verdict = take(ep, &rates_of(admit, in)->handshakes, &each_rate, false);

	if (verdict != MVMP_ACCEPTED)
		return verdict;
	return take(ep, &admit->ticket_all, &ticket_rate, false);
}

enum mvmp_verdict mvmp_admit_answer(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct admission *a)
{
	struct admit *admit = &ep->responder.admit;
	enum mvmp_verdict verdict;

	if (a->ticket)
		return answer_ticket(ep, in);
	verdict = take(ep, &admit->all, &all_rate, a->served);
	if (verdict == MVMP_ACCEPTED && a->strained)
		mvmp_served_add(&admit->served, a->cookie);
	return verdict;
}
