/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A handle is a serial number above and the session's place below. */
enum { HANDLE_PLACE_BITS = 17 };

_Static_assert(MVMP_SESSIONS_MOST < 1 << HANDLE_PLACE_BITS, "every place has a handle");

int mvmp_sessions_init(struct mvmp_endpoint *ep)
{
	uint32_t buckets = 16;

	while (buckets < ep->config.sessions_max)
		buckets *= 2;
	ep->bucket = calloc(buckets, sizeof(*ep->bucket));
	ep->bucket_mask = buckets - 1;
	ep->session = calloc(ep->config.sessions_max, sizeof(*ep->session));
	if (!ep->bucket || !ep->session)
		return -ENOMEM;
	for (unsigned i = ep->config.sessions_max; i-- > 0;) {
		ep->session[i].next = ep->free_session;
		ep->free_session = &ep->session[i];
	}
	return 0;
}

void mvmp_sessions_clear(struct mvmp_endpoint *ep)
{
	for (unsigned i = 0; ep->session && i < ep->config.sessions_max; i++) {
		if (ep->session[i].state != SESSION_FREE)
			mvmp_session_drop(ep, &ep->session[i]);
	}
	free(ep->session);
	free(ep->bucket);
}

struct session *mvmp_session_bucket(struct mvmp_endpoint *ep, const struct mvmp_addr *addr)
{
	return ep->bucket[mvmp_addr_hash(addr) & ep->bucket_mask];
}

static bool asked_by(const struct session *s, const uint8_t *key)
{
	return s->state == SESSION_UP && !s->initiated && !memcmp(s->cert.key, key, MVMP_KEY_LEN);
}

/* The one key that may hold more than half of the table (Boyer and Moore's vote); NULL: none can.
 */
static const uint8_t *candidate(const struct mvmp_endpoint *ep)
{
	const uint8_t *key = NULL;
	unsigned votes = 0;

	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		const struct session *s = &ep->session[i];

		if (!votes)
			key = s->cert.key;
		votes += !votes || asked_by(s, key) ? 1 : -1u;
	}
	return votes ? key : NULL;
}

/* The key whose sessions fill more than half of the table; NULL: there is none. */
static const uint8_t *greedy_key(const struct mvmp_endpoint *ep)
{
	const uint8_t *key = candidate(ep);
	unsigned held = 0;

	for (unsigned i = 0; key && i < ep->config.sessions_max; i++)
		held += asked_by(&ep->session[i], key);
	return held > ep->config.sessions_max / 2 ? key : NULL;
}

/* A peer that vanished keeps its place until its pings are counted out; a newcomer may have the
 * place of the one that has been silent longest. `key` NULL: whoever it is. */
static struct session *most_silent(struct mvmp_endpoint *ep, const uint8_t *key, uint64_t now)
{
	struct session *silent = NULL;

	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		struct session *s = &ep->session[i];

		if (s->state == SESSION_UP && !s->initiated && (!key || asked_by(s, key)) &&
			now - s->received_at > MVMP_EVICT_SILENT_S * MVMP_NS_PER_S &&
			(!silent || s->received_at < silent->received_at))
			silent = s;
	}
	return silent;
}

static struct session *most_idle(struct mvmp_endpoint *ep, const uint8_t *key)
{
	struct session *idle = NULL;

	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		struct session *s = &ep->session[i];

		if (asked_by(s, key) && (!idle || s->active_at < idle->active_at))
			idle = s;
	}
	return idle;
}

/*
 * Whose place in a full table a newcomer may have. Who holds more than half of it gives way first,
 * also to himself: else he could push out others by opening more, since a subscriber that is told
 * samples may well be silent. NULL: nobody's. *busy: it is not gone, and must be told.
 */
static struct session *place_for(
	struct mvmp_endpoint *ep, const uint8_t *newcomer, uint64_t now, bool *busy)
{
	const uint8_t *greedy = greedy_key(ep);
	struct session *s = most_silent(ep, greedy, now);

	*busy = !s;
	if (s || !greedy || !newcomer || !memcmp(greedy, newcomer, MVMP_KEY_LEN))
		return s;
	return most_idle(ep, greedy);
}

bool mvmp_sessions_full(struct mvmp_endpoint *ep, const uint8_t *key, uint64_t now)
{
	bool busy;

	return !ep->free_session && !place_for(ep, key, now, &busy);
}

static void make_place(struct mvmp_endpoint *ep, const uint8_t *key, uint64_t now)
{
	bool busy;
	struct session *s = place_for(ep, key, now, &busy);

	if (s && !busy) {
		mvmp_session_down(ep, s, MVMP_NO_ANSWER,
			"silent, and its place in the table of sessions was needed");
	} else if (s) {
		mvmp_data_send_close(ep, s, MVMP_BUSY);
		mvmp_session_down(ep, s, MVMP_BUSY,
			"its certificate held most sessions, and a place was needed for another");
	}
}

struct session *mvmp_session_take(
	struct mvmp_endpoint *ep, const struct mvmp_addr *addr, const uint8_t *key, uint64_t now)
{
	struct mvmp_addr at = *addr; /* the owner, told of an eviction, may end what holds it */
	struct session *s, **bucket = &ep->bucket[mvmp_addr_hash(&at) & ep->bucket_mask];

	if (!ep->free_session)
		make_place(ep, key, now);
	s = ep->free_session;
	if (!s)
		return NULL;
	ep->free_session = s->next;
	*s = (struct session){.state = SESSION_PROBING, .previous_until = MVMP_NEVER};
	s->handle = ++ep->serial << HANDLE_PLACE_BITS | (uint64_t)(s - ep->session);
	s->peer.addr = at;
	s->next = *bucket;
	*bucket = s;
	s->rekey_at = MVMP_NEVER;
	s->timer.kind = TIMER_SESSION;
	s->inbox.held_all = &ep->held;
	mvmp_outbox_init(&s->outbox, &ep->pool, &s->rtt, &ep->counters);
	return s;
}

struct session *mvmp_session_find(const struct mvmp_endpoint *ep, mvmp_session handle)
{
	uint64_t place = handle & ((1u << HANDLE_PLACE_BITS) - 1);

	if (!handle || place >= ep->config.sessions_max || ep->session[place].handle != handle)
		return NULL;
	return &ep->session[place];
}

static void leave_bucket(struct mvmp_endpoint *ep, struct session *s)
{
	struct session **at = &ep->bucket[mvmp_addr_hash(&s->peer.addr) & ep->bucket_mask];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

void mvmp_session_drop(struct mvmp_endpoint *ep, struct session *s)
{
	mvmp_heap_set(&ep->heap, &s->timer, MVMP_NEVER);
	leave_bucket(ep, s);
	mvmp_initiator_end(ep, s);
	mvmp_keyring_drop(ep, s->current);
	mvmp_keyring_drop(ep, s->previous);
	mvmp_inbox_clear(&s->inbox);
	mvmp_outbox_clear(&s->outbox);
	*s = (struct session){.next = ep->free_session};
	ep->free_session = s;
}

void mvmp_session_down(struct mvmp_endpoint *ep, struct session *s, enum mvmp_status status,
	const char *format, ...)
{
	char text[192];
	struct mvmp_peer peer = s->peer;
	struct mvmp_event event = {.type = MVMP_EVENT_SESSION_DOWN,
		.session = s->handle,
		.peer = &peer,
		.initiated = s->initiated,
		.status = status,
		.text = text};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	mvmp_session_drop(ep, s);
	ep->config.env.event(ep->config.env.ctx, &event);
}

/* Frames up to MVMP_MTU_SURE pass every segment; more than that only what was tried: a switch may
 * carry less than both ends believe. */
static void begin_mtu(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	uint16_t own = ep->link[s->peer.addr.link].mtu;
	uint16_t wanted = own < s->peer.mtu ? own : s->peer.mtu;

	if (!s->mtu || wanted < s->mtu)
		s->mtu = wanted < MVMP_MTU_SURE ? wanted : MVMP_MTU_SURE;
	s->mtu_wanted = wanted;
	s->mtu_probes = 0;
	s->mtu_probe_at = s->mtu < wanted ? now : MVMP_NEVER;
}

static void schedule_rekey(struct session *s, uint64_t now)
{
	s->rekey_at = s->initiated ? now + MVMP_REKEY_S * MVMP_NS_PER_S - s->jitter_ns : MVMP_NEVER;
}

/* The initiator confirms at once, by a PING that travels with the first request if there is
 * one. */
static void begin_keys(
	struct mvmp_endpoint *ep, struct session *s, struct keypair *pair, uint64_t now)
{
	pair->session = s;
	s->current = pair;
	begin_mtu(ep, s, now);
	s->received_at = now;
	s->pings = 0;
	s->ping_wanted = s->initiated;
	s->tickets = s->initiated ? 0 : MVMP_TICKET_FRAMES;
	schedule_rekey(s, now);
}

void mvmp_session_up(
	struct mvmp_endpoint *ep, struct session *s, struct keypair *pair, uint64_t now)
{
	mvmp_session handle = s->handle;
	struct mvmp_event event = {.type = MVMP_EVENT_SESSION_UP,
		.session = handle,
		.peer = &s->peer,
		.cert = &s->cert,
		.initiated = s->initiated};

	s->state = SESSION_UP;
	s->inbox.longest = s->initiated ? 0 : ep->config.asked_max;
	s->active_at = now;
	s->jitter_ns = mvmp_ep_random_below(ep, MVMP_PING_EAGER_MS * MVMP_NS_PER_MS / 5);
	begin_keys(ep, s, pair, now);
	ep->counters.sessions_up++;
	mvmp_session_arm(ep, s, now);
	ep->config.env.event(ep->config.env.ctx, &event);
	s = mvmp_session_find(ep, handle);
	if (s)
		mvmp_data_flush(ep, s, now);
}

void mvmp_session_rotate(
	struct mvmp_endpoint *ep, struct session *s, struct keypair *pair, uint64_t now)
{
	mvmp_keyring_drop(ep, s->previous);
	s->previous = s->current;
	s->previous_until = now + MVMP_PREVIOUS_S * MVMP_NS_PER_S;
	begin_keys(ep, s, pair, now);
	ep->counters.rekeys++;
}

/* ---- time ---- */

static uint64_t idle_ns(const struct session *s, uint64_t now)
{
	bool awaited = s->initiated && now - s->active_at < MVMP_EAGER_S * MVMP_NS_PER_S;

	if (awaited || mvmp_outbox_busy(&s->outbox))
		return MVMP_PING_EAGER_MS * MVMP_NS_PER_MS - s->jitter_ns;
	return MVMP_PING_IDLE_MS * MVMP_NS_PER_MS - s->jitter_ns;
}

static uint64_t ping_due(const struct session *s, uint64_t now)
{
	if (s->pings)
		return s->ping_at +
		       (s->doubted ? MVMP_PING_DOUBT_MS : MVMP_PING_SPACING_MS) * MVMP_NS_PER_MS;
	return s->received_at + idle_ns(s, now);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t shake_deadline(const struct shake *shake)
{
	return shake ? least(shake->retry_at, shake->give_up) : MVMP_NEVER;
}

void mvmp_session_arm(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	uint64_t at = shake_deadline(s->shake);

	if (s->state == SESSION_UP) {
		at = least(at, ping_due(s, now));
		at = least(at, s->outbox.timer);
		at = least(at, mvmp_inbox_deadline(&s->inbox));
		at = least(at, s->shake ? MVMP_NEVER : s->rekey_at);
		at = least(at, s->current->born + MVMP_REJECT_S * MVMP_NS_PER_S);
		at = least(at, s->previous ? s->previous_until : MVMP_NEVER);
		at = least(at, s->mtu_probe_at);
		at = s->gone ? now : at;
	}
	mvmp_heap_set(&ep->heap, &s->timer, at);
}

void mvmp_session_renew_early(struct session *s)
{
	uint64_t at = s->current->born + MVMP_REKEY_LEAST_MS * MVMP_NS_PER_MS;

	if (s->initiated)
		s->rekey_at = least(s->rekey_at, at);
}

static void start_rekey(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	uint64_t give_up = now + MVMP_EAGER_S * MVMP_NS_PER_S;

	if (!mvmp_initiator_begin(ep, s, give_up) &&
		!mvmp_initiator_shake(ep, s, s->peer.instance, ep->slot, now))
		return;
	mvmp_initiator_end(ep, s);
	s->rekey_at = now + MVMP_REKEY_LEAST_MS * MVMP_NS_PER_MS;
}

static void renew_keys(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	if (s->previous && now >= s->previous_until) {
		mvmp_keyring_drop(ep, s->previous);
		s->previous = NULL;
	}
	if (s->shake)
		mvmp_initiator_expire(ep, s, now);
	else if (now >= s->rekey_at)
		start_rekey(ep, s, now);
}

/* Why the session must end now; NULL: it goes on. */
static const char *death(struct session *s, uint64_t now)
{
	if (s->gone)
		return "the peer hung up";
	if (now >= s->current->born + MVMP_REJECT_S * MVMP_NS_PER_S)
		return "its keys are too old and were not renewed";
	if (!mvmp_outbox_expire(&s->outbox, now))
		return "the peer did not acknowledge or take a message in time";
	if (s->pings >= MVMP_PINGS_LOST && now >= ping_due(s, now))
		return "the peer fell silent";
	return NULL;
}

void mvmp_session_expire(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	const char *why;

	if (s->state != SESSION_UP) {
		if (mvmp_initiator_expire(ep, s, now))
			mvmp_session_arm(ep, s, now);
		return;
	}
	why = death(s, now);
	if (why) {
		mvmp_discovery_forget(ep, &s->peer.addr);
		mvmp_session_down(ep, s, MVMP_NO_ANSWER, "%s", why);
		return;
	}
	if (now >= ping_due(s, now))
		s->ping_wanted = true;
	if (now >= s->mtu_probe_at)
		mvmp_data_probe_mtu(ep, s, now);
	renew_keys(ep, s, now);
	mvmp_data_flush(ep, s, now);
}

void mvmp_session_question(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	s->doubted = true;
	s->ping_wanted |= !s->pings;
	mvmp_data_flush(ep, s, now);
}

void mvmp_session_doubt(struct mvmp_endpoint *ep, const struct mvmp_hello *hello,
	const struct mvmp_addr *addr, uint64_t now)
{
	for (struct session *s = mvmp_session_bucket(ep, addr); s; s = s->next) {
		if (s->state != SESSION_UP || !s->initiated ||
			!mvmp_addr_equal(&s->peer.addr, addr) ||
			memcmp(s->peer.fingerprint, hello->fingerprint,
				sizeof(s->peer.fingerprint)) ||
			!memcmp(s->peer.instance, hello->instance, MVMP_ID_LEN))
			continue;
		mvmp_session_question(ep, s, now);
	}
}
