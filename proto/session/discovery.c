/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SENDER_WAYS = 4, HELLO_AD_LEN = MVMP_HEADER_LEN + MVMP_ID_LEN };

static struct mvmp_aead *hello_key(
	struct mvmp_endpoint *ep, unsigned slot, const uint8_t id[static MVMP_ID_LEN])
{
	uint8_t key[MVMP_KEY_LEN];
	struct mvmp_aead *aead;

	mvmp_hkdf(ep->crypto, key, sizeof(key), id, MVMP_ID_LEN, ep->keys[slot].cluster_key,
		MVMP_KEY_LEN, "mvmp v1 hello");
	aead = ep->crypto->aead_new(key);
	mvmp_wipe(key, sizeof(key));
	return aead;
}

int mvmp_discovery_init(struct mvmp_endpoint *ep, uint64_t now)
{
	struct discovery *d = &ep->discovery;
	uint32_t places = 64;

	while (places < 2 * ep->config.sessions_max)
		places *= 2;
	d->known = calloc(places, sizeof(*d->known));
	d->known_mask = places - 1;
	d->timer.kind = TIMER_ANSWERS;
	mvmp_ep_random(ep, d->id, MVMP_ID_LEN);
	mvmp_ep_random(ep, d->probe, sizeof(d->probe));
	d->probe_turn = now + MVMP_PROBE_TURN_S * MVMP_NS_PER_S;
	mvmp_answers_init(ep);
	mvmp_cert_fingerprint(
		ep->crypto, d->fingerprint, ep->identity->cert_bytes, ep->identity->cert_len);
	return d->known ? 0 : -ENOMEM;
}

static void free_key(struct mvmp_endpoint *ep, struct mvmp_aead **aead)
{
	ep->crypto->aead_free(*aead);
	*aead = NULL;
}

/* What was seen of a sender is kept: its counters go on whatever key it uses. */
void mvmp_discovery_forget_slot(struct mvmp_endpoint *ep, unsigned slot)
{
	struct discovery *d = &ep->discovery;

	free_key(ep, &d->aead[slot]);
	for (unsigned i = 0; i < MVMP_HELLO_SENDERS; i++) {
		free_key(ep, &d->sender[i].aead[slot]);
		d->sender[i].probe = 0;
	}
	for (uint32_t i = 0; d->known && i <= d->known_mask; i++) {
		if (d->known[i].slot == slot)
			d->known[i].seen = 0;
	}
	for (unsigned i = 0; i < d->answers; i++)
		d->answer[i].slots &= ~(1u << slot);
}

void mvmp_discovery_clear(struct mvmp_endpoint *ep)
{
	struct discovery *d = &ep->discovery;

	free(d->known);
	*d = (struct discovery){0};
}

/* ---- sending ---- */

static void fill_hello(struct mvmp_endpoint *ep, struct mvmp_hello *hello, unsigned link)
{
	const struct mvmp_cert *cert = &ep->identity->cert;

	hello->mtu = ep->link[link].mtu;
	hello->roles = cert->roles;
	hello->macs = cert->macs;
	memcpy(hello->host_boot, ep->config.host_boot, MVMP_ID_LEN);
	memcpy(hello->instance, ep->instance, MVMP_ID_LEN);
	memcpy(hello->fingerprint, ep->discovery.fingerprint, sizeof(hello->fingerprint));
	memcpy(hello->mac, cert->mac, sizeof(hello->mac));
	memcpy(hello->name, cert->name, sizeof(hello->name));
}

int mvmp_discovery_send(struct mvmp_endpoint *ep, enum mvmp_kind kind, const struct mvmp_addr *to,
	unsigned slot, struct mvmp_hello *hello)
{
	struct discovery *d = &ep->discovery;
	uint8_t *frame = ep->out + MVMP_LINK_HEADROOM;
	uint8_t *body = frame + HELLO_AD_LEN;
	struct mvmp_frame head = {
		.kind = kind, .payload_len = MVMP_PROBE_PAYLOAD, .counter = d->counter++};

	if (!d->aead[slot]) {
		d->aead[slot] = hello_key(ep, slot, d->id);
		mvmp_keylog_hello(ep, slot, d->id);
	}
	if (!d->aead[slot])
		return -ENOMEM;
	fill_hello(ep, hello, to->link);
	mvmp_frame_encode(frame, &head);
	memcpy(frame + MVMP_HEADER_LEN, d->id, MVMP_ID_LEN);
	mvmp_hello_encode(body, hello);
	if (ep->crypto->seal(
		    d->aead[slot], head.counter, frame, HELLO_AD_LEN, body, MVMP_HELLO_LEN, body))
		return -EIO;
	return mvmp_ep_send(ep, to, MVMP_CONTROL, frame, MVMP_HEADER_LEN + MVMP_PROBE_PAYLOAD);
}

static void turn_probe_number(struct mvmp_endpoint *ep, uint64_t now)
{
	struct discovery *d = &ep->discovery;

	if (now < d->probe_turn)
		return;
	d->probe[1] = d->probe[0];
	mvmp_ep_random(ep, d->probe, sizeof(d->probe[0]));
	if (now >= d->probe_turn + MVMP_PROBE_TURN_S * MVMP_NS_PER_S)
		mvmp_ep_random(ep, &d->probe[1], sizeof(d->probe[1]));
	d->probe_turn = now + MVMP_PROBE_TURN_S * MVMP_NS_PER_S;
}

int mvmp_discovery_probe(
	struct mvmp_endpoint *ep, const struct mvmp_addr *to, unsigned spread_ms, uint64_t now)
{
	struct mvmp_hello hello = {0};
	int rc;

	if (spread_ms > MVMP_SPREAD_MAX_MS)
		spread_ms = MVMP_SPREAD_MAX_MS;
	turn_probe_number(ep, now);
	hello.probe = ep->discovery.probe[0];
	hello.spread_ms = (uint16_t)spread_ms;
	rc = mvmp_discovery_send(ep, MVMP_PROBE, to, ep->slot, &hello);
	/* Who has not got the newer key yet can open this one. */
	if (!rc && ep->keys[!ep->slot].set)
		rc = mvmp_discovery_send(ep, MVMP_PROBE, to, !ep->slot, &hello);
	return rc;
}

/* ---- receiving ---- */

/* The sender's place in its set, or the least recently used place of it. */
static struct hello_sender *find_sender(
	struct discovery *d, const uint8_t id[static MVMP_ID_LEN], bool *found)
{
	struct hello_sender *set =
		&d->sender[id[0] % (MVMP_HELLO_SENDERS / SENDER_WAYS) * SENDER_WAYS];
	struct hello_sender *oldest = set;

	for (unsigned i = 0; i < SENDER_WAYS; i++) {
		if (set[i].set && !memcmp(set[i].id, id, MVMP_ID_LEN)) {
			*found = true;
			return &set[i];
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*found = false;
	return oldest;
}

/* The last 64 counters are told apart. */
static bool take_counter(struct hello_sender *sender, uint64_t counter)
{
	uint64_t behind;

	if (counter >= sender->next) {
		uint64_t shift = counter + 1 - sender->next;

		sender->seen = shift < 64 ? sender->seen << shift | 1 : 1;
		sender->next = counter + 1;
		return true;
	}
	behind = sender->next - 1 - counter;
	if (behind >= 64 || (sender->seen >> behind & 1))
		return false;
	sender->seen |= 1ull << behind;
	return true;
}

static bool open_hello(struct mvmp_endpoint *ep, const struct arrival *in, struct mvmp_aead *aead,
	uint8_t plain[static MVMP_HELLO_LEN])
{
	return ep->crypto->open(aead, in->frame.counter, in->header, HELLO_AD_LEN,
		       in->frame.payload + MVMP_ID_LEN, MVMP_HELLO_LEN + MVMP_TAG_LEN, plain) == 0;
}

/* Tries one of our cluster keys; a sender's own key is kept only where its tag was right. */
static enum mvmp_verdict unseal_under(struct mvmp_endpoint *ep, struct arrival *in, unsigned slot,
	struct mvmp_aead **kept, uint8_t plain[static MVMP_HELLO_LEN])
{
	struct mvmp_aead *aead = *kept;

	if (!ep->keys[slot].set)
		return MVMP_DROP_STRANGER;
	if (!aead)
		aead = hello_key(ep, slot, in->frame.payload);
	if (!aead)
		return MVMP_DROP_FULL;
	in->slot = slot;
	if (open_hello(ep, in, aead, plain)) {
		if (!*kept)
			mvmp_keylog_hello(ep, slot, in->frame.payload);
		*kept = aead;
		return MVMP_ACCEPTED;
	}
	if (!*kept)
		ep->crypto->aead_free(aead);
	return MVMP_DROP_STRANGER;
}

/* A sender is remembered only after its tag was right: strangers take no place. */
static enum mvmp_verdict unseal(struct mvmp_endpoint *ep, struct arrival *in,
	struct hello_sender **ret, uint8_t plain[static MVMP_HELLO_LEN])
{
	const uint8_t *id = in->frame.payload;
	bool found;
	struct hello_sender *sender = find_sender(&ep->discovery, id, &found);
	struct hello_sender fresh = {.set = true}, *at = found ? sender : &fresh;
	enum mvmp_verdict verdict = unseal_under(ep, in, ep->slot, &at->aead[ep->slot], plain);

	if (verdict == MVMP_DROP_STRANGER)
		verdict = unseal_under(ep, in, !ep->slot, &at->aead[!ep->slot], plain);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	if (!found) {
		for (unsigned i = 0; i < KEY_SLOTS; i++)
			ep->crypto->aead_free(sender->aead[i]);
		*sender = fresh;
		memcpy(sender->id, id, MVMP_ID_LEN);
	}
	*ret = sender;
	sender->used = in->now + 1;
	return take_counter(sender, in->frame.counter) ? MVMP_ACCEPTED : MVMP_DROP_REPLAY;
}

/* Who holds two keys asks under both, the newer one first; one answer is enough. */
static bool asked_before(const struct mvmp_endpoint *ep, struct hello_sender *sender,
	const struct arrival *in, const struct mvmp_hello *hello)
{
	if (in->slot != ep->slot)
		return sender->probe && sender->probe == hello->probe;
	sender->probe = hello->probe;
	return false;
}

static struct known *known_place(struct mvmp_endpoint *ep, const struct mvmp_addr *addr)
{
	return &ep->discovery.known[mvmp_addr_hash(addr) & ep->discovery.known_mask];
}

static void learn(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct mvmp_hello *hello)
{
	struct known *known = known_place(ep, in->from);

	if (!mvmp_addr_equal(&known->addr, in->from))
		*known = (struct known){.addr = *in->from};
	known->seen = in->now + 1;
	known->slot = in->slot;
	known->roles = hello->roles;
	memcpy(known->instance, hello->instance, MVMP_ID_LEN);
	memcpy(known->fingerprint, hello->fingerprint, MVMP_FINGERPRINT_LEN);
}

static bool role_wanted(const struct session *s, uint16_t roles)
{
	return !s->expect_roles || (s->expect_roles & roles);
}

const struct known *mvmp_discovery_known(struct mvmp_endpoint *ep, const struct session *s)
{
	struct known *known = known_place(ep, &s->peer.addr);

	if (!known->seen || !mvmp_addr_equal(&known->addr, &s->peer.addr) ||
		!role_wanted(s, known->roles))
		return NULL;
	return known;
}

const uint8_t *mvmp_discovery_fingerprint(struct mvmp_endpoint *ep, const struct session *s,
	const uint8_t instance[static MVMP_ID_LEN])
{
	const struct known *known = known_place(ep, &s->peer.addr);

	if (!mvmp_addr_equal(&known->addr, &s->peer.addr) ||
		memcmp(known->instance, instance, MVMP_ID_LEN))
		return NULL;
	return known->fingerprint;
}

bool mvmp_discovery_cookie(struct mvmp_endpoint *ep, const struct mvmp_addr *addr, uint64_t now,
	uint8_t cookie[static MVMP_MAC_FIELD_LEN], uint64_t *since)
{
	const struct known *known = known_place(ep, addr);

	if (!known->cookie_at || !mvmp_addr_equal(&known->addr, addr) ||
		now - known->cookie_at > MVMP_COOKIE_TURN_S * MVMP_NS_PER_S)
		return false;
	memcpy(cookie, known->cookie, MVMP_MAC_FIELD_LEN);
	*since = known->cookie_at;
	return true;
}

void mvmp_discovery_keep_cookie(struct mvmp_endpoint *ep, const struct arrival *in,
	const uint8_t cookie[static MVMP_MAC_FIELD_LEN])
{
	struct known *known = known_place(ep, in->from);

	if (!mvmp_addr_equal(&known->addr, in->from))
		return;
	memcpy(known->cookie, cookie, MVMP_MAC_FIELD_LEN);
	known->cookie_at = in->now;
}

void mvmp_discovery_forget(struct mvmp_endpoint *ep, const struct mvmp_addr *addr)
{
	struct known *known = known_place(ep, addr);

	if (mvmp_addr_equal(&known->addr, addr))
		known->seen = 0;
}

/* Handshakes towards this address begin with the instance that answered our own question. One
 * under way changes over only when it seems unanswered: two programs may share a MAC. */
static void wake_connects(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct mvmp_hello *hello)
{
	struct session *next;

	for (struct session *s = mvmp_session_bucket(ep, in->from); s; s = next) {
		next = s->next;
		if (!mvmp_addr_equal(&s->peer.addr, in->from) || !role_wanted(s, hello->roles))
			continue;
		if (s->state == SESSION_PROBING ||
			(s->state == SESSION_SHAKING && s->shake->tries >= 2 &&
				memcmp(s->shake->instance, hello->instance, MVMP_ID_LEN)))
			mvmp_initiator_shake(ep, s, hello->instance, in->slot, in->now);
	}
}

static enum mvmp_verdict receive_beacon(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct mvmp_hello *hello)
{
	const struct discovery *d = &ep->discovery;
	bool asked = hello->probe == d->probe[0] || hello->probe == d->probe[1];
	struct mvmp_peer peer;
	struct mvmp_event event = {.type = MVMP_EVENT_BEACON, .peer = &peer};

	if (hello->probe && !asked)
		return MVMP_DROP_STATE;
	if (asked) {
		learn(ep, in, hello);
		wake_connects(ep, in, hello);
	}
	mvmp_session_doubt(ep, hello, in->from, in->now);
	mvmp_hello_peer(&peer, hello, in->from, in->now);
	ep->config.env.event(ep->config.env.ctx, &event);
	return MVMP_ACCEPTED;
}

enum mvmp_verdict mvmp_discovery_receive(struct mvmp_endpoint *ep, struct arrival *in)
{
	uint8_t plain[MVMP_HELLO_LEN];
	struct hello_sender *sender;
	struct mvmp_hello hello;
	enum mvmp_verdict verdict;

	if (in->frame.kind == MVMP_PROBE && !ep->config.answer_probes)
		return MVMP_DROP_ROLE;
	verdict = unseal(ep, in, &sender, plain);
	if (verdict != MVMP_ACCEPTED)
		return verdict;
	if (!mvmp_hello_decode(&hello, plain))
		return MVMP_DROP_RECORD;
	if (in->frame.kind == MVMP_PROBE && asked_before(ep, sender, in, &hello)) {
		ep->counters.probes_ignored++;
		return MVMP_ACCEPTED;
	}
	if (in->frame.kind == MVMP_PROBE)
		return mvmp_answers_probe(ep, in, &hello);
	return receive_beacon(ep, in, &hello);
}
