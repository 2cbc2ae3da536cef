/* SPDX-License-Identifier: Apache-2.0 */
#include "../link/container.h"
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- shared by this folder ---- */

void mvmp_ep_random(struct mvmp_endpoint *ep, void *to, size_t len)
{
	ep->config.env.random(ep->config.env.ctx, to, len);
}

uint64_t mvmp_ep_random_below(struct mvmp_endpoint *ep, uint64_t bound)
{
	uint64_t v = 0;

	mvmp_ep_random(ep, &v, sizeof(v));
	return bound ? v % bound : 0;
}

/* Simulated: with 16 and 8 whoever asks at any time gets its share within a tenth, while others ask
 * 20 times as often as is granted, evenly in time. */
enum { LOTTERY_ODDS = 16, LOTTERY = 8 };

bool mvmp_ep_take(struct mvmp_endpoint *ep, struct mvmp_limiter *limiter,
	const struct mvmp_rate *rate, unsigned part, uint64_t now)
{
	bool last = limiter->full_at > now + rate->spacing_ns * (part - 1 - LOTTERY);

	if (limiter->full_at > now + rate->spacing_ns * (part - 1))
		return false;
	if (last && mvmp_ep_random_below(ep, LOTTERY_ODDS))
		return false;
	return mvmp_limiter_take_part(limiter, rate, part, now);
}

bool mvmp_addr_equal(const struct mvmp_addr *a, const struct mvmp_addr *b)
{
	return a->link == b->link && memcmp(a->mac, b->mac, MVMP_MAC_LEN) == 0;
}

/* FNV-1a; addresses are as good as chosen by their owners, and a crowded bucket only costs
 * time in proportion to sessions that were authenticated. */
uint32_t mvmp_addr_hash(const struct mvmp_addr *addr)
{
	uint32_t hash = 2166136261u ^ addr->link;

	for (unsigned i = 0; i < MVMP_MAC_LEN; i++)
		hash = (hash ^ addr->mac[i]) * 16777619u;
	return hash ^ hash >> 15;
}

int mvmp_ep_send(struct mvmp_endpoint *ep, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	int rc = ep->config.env.send(ep->config.env.ctx, to, channel, frame, len);

	if (rc) {
		ep->counters.send_failures++;
		return rc;
	}
	ep->counters.frames_out[channel]++;
	ep->counters.bytes_out[channel] += len;
	return 0;
}

/* ---- life ---- */

static int allocate(struct mvmp_endpoint *ep, uint64_t now)
{
	/* A session holds its keys, the ones before, and those of a handshake under way. */
	uint32_t half_open = ep->config.half_open_max + MVMP_HALF_OPEN_TICKET;
	uint32_t pairs = 3 * ep->config.sessions_max + half_open;
	uint32_t timers = ep->config.sessions_max + half_open + 1;

	if (mvmp_heap_init(&ep->heap, timers) || mvmp_keyring_init(&ep->keyring, pairs) ||
		mvmp_sessions_init(ep) || mvmp_responder_init(ep) || mvmp_discovery_init(ep, now) ||
		mvmp_tickets_init(ep))
		return -ENOMEM;
	return 0;
}

int mvmp_endpoint_new(const struct mvmp_endpoint_config *config, uint64_t now,
	struct mvmp_endpoint **ret, struct mvmp_error *err)
{
	struct mvmp_endpoint *ep;

	if (config->sessions_max > MVMP_SESSIONS_MOST)
		return mvmp_fail(err, MVMP_INVALID, "%u sessions: at most %u are possible",
			config->sessions_max, MVMP_SESSIONS_MOST);
	ep = calloc(1, sizeof(*ep));
	if (!ep)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for an endpoint");
	ep->config = *config;
	if (!ep->config.sessions_max)
		ep->config.sessions_max = MVMP_SESSIONS_DEFAULT;
	if (!ep->config.half_open_max)
		ep->config.half_open_max = MVMP_HALF_OPEN_DEFAULT;
	ep->identity = config->identity;
	ep->crypto = config->identity->crypto;
	ep->now = now;
	mvmp_ep_random(ep, ep->instance, MVMP_ID_LEN);
	mvmp_member_take_keys(ep);
	if (allocate(ep, now)) {
		mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the tables of %u sessions",
			ep->config.sessions_max);
		mvmp_endpoint_free(ep);
		return -MVMP_NO_MEMORY;
	}
	*ret = ep;
	return 0;
}

void mvmp_endpoint_free(struct mvmp_endpoint *ep)
{
	if (!ep)
		return;
	mvmp_sessions_clear(ep);
	mvmp_responder_clear(ep);
	mvmp_member_wipe_keys(ep);
	mvmp_discovery_clear(ep);
	mvmp_tickets_clear(ep);
	mvmp_keyring_clear(&ep->keyring, ep->crypto);
	mvmp_pool_clear(&ep->pool);
	mvmp_heap_clear(&ep->heap);
	mvmp_wipe(ep, sizeof(*ep));
	free(ep);
}

/* ---- links ---- */

/* Ends the sessions of a link whose frames may be longer than `mtu` takes; 0: all of them. */
static void end_sessions(struct mvmp_endpoint *ep, unsigned index, uint16_t mtu, const char *why)
{
	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		struct session *s = &ep->session[i];

		if (s->state == SESSION_FREE || s->peer.addr.link != index)
			continue;
		if (mtu && s->mtu_wanted > mtu)
			s->mtu_wanted = mtu;
		if (mtu && s->mtu <= mtu)
			continue;
		mvmp_session_down(ep, s, MVMP_NO_ANSWER, "%s", why);
	}
}

int mvmp_endpoint_set_link(struct mvmp_endpoint *ep, unsigned index, const struct mvmp_link *link)
{
	struct link_state *state;
	bool fresh;

	if (index >= MVMP_LINKS_MAX || link->mtu < MVMP_MTU_MIN)
		return -EINVAL;
	state = &ep->link[index];
	fresh = !state->set;
	*state = (struct link_state){.set = true, .has_macs = link->has_macs, .mtu = link->mtu};
	if (state->mtu > MVMP_FRAME_MAX)
		state->mtu = MVMP_FRAME_MAX;
	memcpy(state->mac, link->mac, MVMP_MAC_LEN);
	memcpy(state->name, link->name, sizeof(state->name) - 1);
	if (!fresh)
		end_sessions(ep, index, state->mtu, "the link's MTU shrank");
	else if (ep->config.answer_probes)
		mvmp_answers_announce(ep, index, ep->now);
	return 0;
}

void mvmp_endpoint_drop_link(struct mvmp_endpoint *ep, unsigned index, uint64_t now)
{
	if (index >= MVMP_LINKS_MAX || !ep->link[index].set)
		return;
	ep->now = now;
	ep->link[index].set = false;
	end_sessions(ep, index, 0, "the link went down");
	for (unsigned i = 0; i < mvmp_responder_places(&ep->responder); i++) {
		struct half_open *half = &ep->responder.half_open[i];

		if (half->pair && half->peer.addr.link == index)
			mvmp_responder_drop(ep, half);
	}
}

/* ---- frames ---- */

static enum mvmp_verdict check_source(const struct mvmp_endpoint *ep, const struct mvmp_addr *from)
{
	const struct link_state *link = &ep->link[from->link];

	if (from->mac[0] & 1)
		return MVMP_DROP_SOURCE;
	if (link->has_macs && !memcmp(from->mac, link->mac, MVMP_MAC_LEN))
		return MVMP_DROP_SOURCE;
	return MVMP_ACCEPTED;
}

static enum mvmp_verdict dispatch(struct mvmp_endpoint *ep, struct arrival *in)
{
	switch (in->frame.kind) {
	case MVMP_PROBE:
	case MVMP_BEACON:
		return mvmp_discovery_receive(ep, in);
	case MVMP_INIT:
		return mvmp_responder_receive(ep, in);
	case MVMP_REPLY:
		return mvmp_initiator_reply(ep, in);
	case MVMP_COOKIE:
		return mvmp_initiator_cookie(ep, in);
	case MVMP_DATA:
		return mvmp_data_receive(ep, in);
	case MVMP_ENROL:
		return MVMP_DROP_ROLE; /* who is a member has nothing to do with it */
	}
	return MVMP_DROP_KIND;
}

static enum mvmp_verdict receive(struct mvmp_endpoint *ep, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len)
{
	struct arrival in = {.from = from, .header = frame, .now = ep->now};
	enum mvmp_verdict verdict;

	if (from->link >= MVMP_LINKS_MAX || !ep->link[from->link].set)
		return MVMP_DROP_SOURCE;
	verdict = check_source(ep, from);
	if (verdict == MVMP_ACCEPTED)
		verdict = mvmp_frame_decode(&in.frame, channel, frame, len);
	return verdict == MVMP_ACCEPTED ? dispatch(ep, &in) : verdict;
}

enum mvmp_verdict mvmp_endpoint_receive(struct mvmp_endpoint *ep, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len, uint64_t now)
{
	enum mvmp_verdict verdict;

	ep->now = now;
	ep->counters.frames_in[channel]++;
	ep->counters.bytes_in[channel] += len;
	verdict = receive(ep, from, channel, frame, len);
	ep->counters.drops.count[verdict]++;
	return verdict;
}

/* ---- time ---- */

static void expire(struct mvmp_endpoint *ep, struct mvmp_timer *timer, uint64_t now)
{
	switch ((enum timer_kind)timer->kind) {
	case TIMER_SESSION:
		mvmp_session_expire(ep, container_of(timer, struct session, timer), now);
		break;
	case TIMER_HALF_OPEN:
		mvmp_responder_drop(ep, container_of(timer, struct half_open, timer));
		break;
	case TIMER_ANSWERS:
		mvmp_answers_expire(ep, now);
		break;
	}
}

void mvmp_endpoint_advance(struct mvmp_endpoint *ep, uint64_t now)
{
	struct mvmp_timer *timer;

	ep->now = now;
	while ((timer = mvmp_heap_pop(&ep->heap, now)))
		expire(ep, timer, now);
}

uint64_t mvmp_endpoint_deadline(const struct mvmp_endpoint *ep)
{
	return mvmp_heap_next(&ep->heap);
}

/* ---- asking ---- */

int mvmp_endpoint_probe(struct mvmp_endpoint *ep, unsigned link, const uint8_t *mac,
	unsigned spread_ms, uint64_t now)
{
	struct mvmp_addr to = {.link = (uint8_t)link};

	if (link >= MVMP_LINKS_MAX || !ep->link[link].set)
		return -ENOTCONN;
	ep->now = now;
	memcpy(to.mac, mac ? mac : mvmp_group, MVMP_MAC_LEN);
	return mvmp_discovery_probe(ep, &to, mac ? 0 : spread_ms, now);
}

static int begin_connect(struct mvmp_endpoint *ep, struct session *s, uint64_t now)
{
	const struct known *known = mvmp_discovery_known(ep, s);

	if (known)
		return mvmp_initiator_shake(ep, s, known->instance, known->slot, now);
	s->shake->retry_at = now; /* the first PROBE is the first repetition */
	mvmp_initiator_expire(ep, s, now);
	mvmp_session_arm(ep, s, now);
	return 0;
}

mvmp_session mvmp_endpoint_connect(struct mvmp_endpoint *ep, const struct mvmp_addr *to,
	const uint8_t *expect_mac, uint16_t expect_roles, uint64_t give_up, uint64_t now)
{
	struct session *s;

	if (to->link >= MVMP_LINKS_MAX || !ep->link[to->link].set || (to->mac[0] & 1))
		return 0;
	ep->now = now;
	s = mvmp_session_take(ep, to, NULL, now);
	if (!s)
		return 0;
	if (!ep->link[s->peer.addr.link]
			.set) { /* dropped by the owner as it heard of an eviction */
		mvmp_session_drop(ep, s);
		return 0;
	}
	s->initiated = true;
	s->expect_roles = expect_roles;
	s->has_expect_mac = expect_mac != NULL;
	if (expect_mac)
		memcpy(s->expect_mac, expect_mac, MVMP_MAC_LEN);
	if (mvmp_initiator_begin(ep, s, give_up > now ? give_up : now + 1) ||
		begin_connect(ep, s, now)) {
		mvmp_session_drop(ep, s);
		return 0;
	}
	return s->handle;
}

static struct session *find_up(const struct mvmp_endpoint *ep, mvmp_session session)
{
	struct session *s = mvmp_session_find(ep, session);

	return s && s->state == SESSION_UP ? s : NULL;
}

void mvmp_endpoint_close(struct mvmp_endpoint *ep, mvmp_session session, uint64_t now)
{
	struct session *s = mvmp_session_find(ep, session);

	if (!s)
		return;
	ep->now = now;
	if (s->state == SESSION_UP)
		mvmp_data_send_close(ep, s, MVMP_OK);
	mvmp_session_drop(ep, s);
}

int mvmp_endpoint_send(
	struct mvmp_endpoint *ep, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct session *s = find_up(ep, session);
	int rc;

	if (!s)
		return -ENOTCONN;
	if (!len || len > MVMP_MESSAGE_MAX)
		return -EMSGSIZE;
	ep->now = now;
	rc = mvmp_outbox_push(&s->outbox, bytes, len);
	if (rc)
		return rc;
	s->active_at = now;
	mvmp_data_flush(ep, s, now);
	return 0;
}

size_t mvmp_endpoint_stats_room(const struct mvmp_endpoint *ep, mvmp_session session)
{
	const struct session *s = find_up(ep, session);

	return s ? (size_t)s->mtu - MVMP_DATA_OVERHEAD : 0;
}

int mvmp_endpoint_send_stats(
	struct mvmp_endpoint *ep, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct session *s = find_up(ep, session);

	if (!s)
		return -ENOTCONN;
	ep->now = now;
	return mvmp_data_send_stats(ep, s, bytes, len, now);
}

/* ---- looking ---- */

const struct mvmp_cert *mvmp_endpoint_cert(const struct mvmp_endpoint *ep, mvmp_session session)
{
	const struct session *s = find_up(ep, session);

	return s ? &s->cert : NULL;
}

const struct mvmp_peer *mvmp_endpoint_peer(const struct mvmp_endpoint *ep, mvmp_session session)
{
	const struct session *s = find_up(ep, session);

	return s ? &s->peer : NULL;
}

const struct mvmp_endpoint_counters *mvmp_endpoint_counters(const struct mvmp_endpoint *ep)
{
	return &ep->counters;
}

const uint8_t *mvmp_endpoint_instance(const struct mvmp_endpoint *ep)
{
	return ep->instance;
}

static const char *lost_trust(
	const struct mvmp_endpoint *ep, const struct mvmp_cert *cert, uint64_t wall_s)
{
	const struct mvmp_cluster *cluster = &ep->identity->cluster;
	uint64_t now_s = wall_s > cluster->time_floor ? wall_s : cluster->time_floor;

	if (mvmp_cluster_revokes(cluster, cert->serial))
		return "revoked";
	if (!mvmp_cluster_has_signer(ep->crypto, cluster, cert))
		return "signed by a CA key that is not valid any more";
	return now_s >= cert->not_after ? "expired" : NULL;
}

static void recheck_half_open(struct mvmp_endpoint *ep, uint64_t wall_s)
{
	for (unsigned i = 0; i < mvmp_responder_places(&ep->responder); i++) {
		struct half_open *half = &ep->responder.half_open[i];

		if (half->pair && lost_trust(ep, &half->cert, wall_s))
			mvmp_responder_drop(ep, half);
	}
}

void mvmp_endpoint_take_cert(struct mvmp_endpoint *ep, uint64_t now)
{
	ep->now = now;
	mvmp_cert_fingerprint(ep->crypto, ep->discovery.fingerprint, ep->identity->cert_bytes,
		ep->identity->cert_len);
	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		if (ep->session[i].state != SESSION_UP)
			continue;
		mvmp_session_renew_early(&ep->session[i]);
		mvmp_session_arm(ep, &ep->session[i], now);
	}
}

void mvmp_endpoint_take_keys(struct mvmp_endpoint *ep, uint64_t now)
{
	ep->now = now;
	mvmp_member_take_keys(ep);
}

void mvmp_endpoint_recheck(struct mvmp_endpoint *ep, uint64_t now)
{
	uint64_t wall_s = ep->config.env.wall_s(ep->config.env.ctx);

	ep->now = now;
	recheck_half_open(ep, wall_s);
	for (unsigned i = 0; i < ep->config.sessions_max; i++) {
		struct session *s = &ep->session[i];
		const char *why = s->state == SESSION_UP ? lost_trust(ep, &s->cert, wall_s) : NULL;

		if (!why)
			continue;
		mvmp_data_send_close(ep, s, MVMP_NOT_TRUSTED);
		mvmp_session_down(ep, s, MVMP_NOT_TRUSTED, "certificate %llu (%s) is %s",
			(unsigned long long)s->cert.serial, s->cert.name, why);
	}
}
