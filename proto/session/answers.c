/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <string.h>

/* Which PROBEs are answered by a BEACON, when, and how many for whom. */

/* A node answers this often, however many PROBEs come, replayed ones included; of which who asks
 * more often than the second leaves half to the others. */
static const struct mvmp_rate beacon_rate = {.spacing_ns = MVMP_NS_PER_S / 100, .burst = 100};
static const struct mvmp_rate asker_rate = {.spacing_ns = MVMP_NS_PER_S / 10, .burst = 20};

enum { ASKER_WAYS = 4 };

/* A number that nobody else can tell, though the id is public. */
void mvmp_answers_init(struct mvmp_endpoint *ep)
{
	struct discovery *d = &ep->discovery;
	uint8_t seed[MVMP_MAC_FIELD_LEN];

	mvmp_member_mac(
		ep, seed, ep->identity->secret, MVMP_KEY_LEN, "askers", 6, d->id, MVMP_ID_LEN);
	memcpy(&d->asker_seed, seed, sizeof(d->asker_seed));
	d->asker_seed |= 1;
}

/* What an address asked lately; it may take the place of the one of its set that asked least
 * lately. The sets go by a random number, so that nobody knows whose addresses share one with his
 * own. */
static struct asker *find_asker(struct discovery *d, const struct mvmp_addr *addr)
{
	uint64_t key = addr->link;
	struct asker *set, *oldest;

	for (unsigned i = 0; i < MVMP_MAC_LEN; i++)
		key = key << 8 | addr->mac[i];
	set = &d->asker[(key * d->asker_seed >> 32) % (MVMP_ASKERS / ASKER_WAYS) * ASKER_WAYS];
	oldest = set;
	for (unsigned i = 0; i < ASKER_WAYS; i++) {
		if (set[i].used && mvmp_addr_equal(&set[i].addr, addr))
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*oldest = (struct asker){.addr = *addr};
	return oldest;
}

static bool may_answer(struct mvmp_endpoint *ep, const struct mvmp_addr *to, uint64_t now)
{
	struct discovery *d = &ep->discovery;
	struct asker *asker = find_asker(d, to);
	bool modest = mvmp_limiter_take(&asker->rate, &asker_rate, now);

	asker->used = now + 1;
	return mvmp_ep_take(ep, &d->beacons, &beacon_rate,
		modest ? beacon_rate.burst : beacon_rate.burst / 2, now);
}

static void send_beacon(struct mvmp_endpoint *ep, const struct mvmp_addr *to, unsigned slot,
	uint64_t probe, uint64_t now)
{
	struct mvmp_hello hello = {.probe = probe};

	if (!may_answer(ep, to, now)) {
		ep->counters.probes_ignored++;
		return;
	}
	if (!mvmp_discovery_send(ep, MVMP_BEACON, to, slot, &hello))
		ep->counters.beacons_sent++;
}

static void arm_answers(struct mvmp_endpoint *ep)
{
	struct discovery *d = &ep->discovery;
	uint64_t next = MVMP_NEVER;

	for (unsigned i = 0; i < d->answers; i++) {
		if (d->answer[i].due < next)
			next = d->answer[i].due;
	}
	mvmp_heap_set(&ep->heap, &d->timer, next);
}

static bool add_answer(struct mvmp_endpoint *ep, const struct mvmp_addr *to, unsigned slots,
	uint64_t probe, uint64_t due)
{
	struct discovery *d = &ep->discovery;

	if (d->answers == MVMP_ANSWERS_MAX)
		return false;
	d->answer[d->answers++] =
		(struct answer){.to = *to, .probe = probe, .due = due, .slots = slots};
	arm_answers(ep);
	return true;
}

void mvmp_answers_expire(struct mvmp_endpoint *ep, uint64_t now)
{
	struct discovery *d = &ep->discovery;

	for (unsigned i = 0; i < d->answers;) {
		struct answer answer = d->answer[i];

		if (answer.due > now) {
			i++;
			continue;
		}
		d->answer[i] = d->answer[--d->answers];
		for (unsigned slot = 0; slot < KEY_SLOTS; slot++) {
			if (answer.slots >> slot & 1 && ep->keys[slot].set &&
				ep->link[answer.to.link].set)
				send_beacon(ep, &answer.to, slot, answer.probe, now);
		}
	}
	arm_answers(ep);
}

void mvmp_answers_announce(struct mvmp_endpoint *ep, unsigned link, uint64_t now)
{
	struct mvmp_addr all = {.link = (uint8_t)link};

	memcpy(all.mac, mvmp_group, MVMP_MAC_LEN);
	add_answer(ep, &all, ~0u, 0,
		now + mvmp_ep_random_below(ep, MVMP_ANNOUNCE_MS * MVMP_NS_PER_MS));
}

enum mvmp_verdict mvmp_answers_probe(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct mvmp_hello *hello)
{
	unsigned spread_ms =
		hello->spread_ms < MVMP_SPREAD_MAX_MS ? hello->spread_ms : MVMP_SPREAD_MAX_MS;
	uint64_t wait;

	if (!spread_ms) {
		send_beacon(ep, in->from, in->slot, hello->probe, in->now);
		ep->counters.probes_answered++;
		return MVMP_ACCEPTED;
	}
	wait = mvmp_ep_random_below(ep, spread_ms * MVMP_NS_PER_MS);
	if (!add_answer(ep, in->from, 1u << in->slot, hello->probe, in->now + wait)) {
		ep->counters.probes_ignored++;
		return MVMP_DROP_FULL;
	}
	ep->counters.probes_answered++;
	return MVMP_ACCEPTED;
}
