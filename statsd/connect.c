/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"
#include "node.h"
#include <stdio.h>
#include <string.h>

/*
 * Keeps one node's subscription: asks who and how it is (SAMPLE_READ), subscribes, asks for what
 * was missed (RING_READ), refreshes. Whatever fails goes back to the beginning after a moment
 * that grows from 0.25 to 2 s, so that a restarted agent is found within 5 s. A node that stays
 * away is asked every 30 s; its BEACON, which our probes call for, brings it back at once.
 */

enum { RETRY_MIN_MS = 250, RETRY_MAX_MS = 2000 };
static const uint64_t retry_seldom_ns = 30 * MVMP_NS_PER_S, heard_again_ns = MVMP_NS_PER_S;
static const uint64_t refresh_ns = MVS_LIFETIME_S / 3 * MVMP_NS_PER_S;

static void begin_reading(struct mvs_node *node, uint64_t now);
static void begin_subscribing(struct mvs_node *node, uint64_t now);

static uint64_t retry_delay(unsigned failures)
{
	uint64_t ms = RETRY_MIN_MS;

	if (failures >= MVS_FAILURES_MANY)
		return retry_seldom_ns;
	while (--failures && ms < RETRY_MAX_MS)
		ms *= 2;
	return ms * MVMP_NS_PER_MS;
}

void mvs_node_lost(struct mvs_node *node, const char *why, uint64_t now)
{
	if (node->call)
		mvmp_client_cancel(node->core->config.client, node->call);
	node->call = 0;
	node->session = 0;
	node->turn += node->phase == MVS_READING;
	node->phase = MVS_IDLE;
	node->failures++;
	node->failed_ns = now;
	node->retry_ns = now + retry_delay(node->failures);
	mvs_clean_text(node->note, sizeof node->note, why);
	mvs_node_arm(node);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_node(struct mvs_node *node, enum mvmp_verb verb, const ProtobufCMessage *message,
	mvmp_client_done *done, uint64_t now)
{
	struct mvmp_target target = {.role = MVMP_ROLE_NODE};
	struct mvs_bytes body;
	struct mvmp_error err;

	target.addr = mvs_way_next(node);
	if (!target.addr)
		target.text = node->text;
	if (mvs_pack(&body, message)) {
		mvs_node_lost(node, "no memory", now);
		return;
	}
	node->call = mvmp_client_call(node->core->config.client, &target, verb, body.at, body.len,
		NULL, now + MVS_CALL_MS * MVMP_NS_PER_MS, done, node, now, &err);
	mvs_bytes_free(&body);
	if (!node->call)
		mvs_node_lost(node, err.text, now);
}

/* Time inside callbacks of the client, which have none: that of the last event or advance. */
static uint64_t node_now(const struct mvs_node *node)
{
	return node->core->now;
}

/* Whether a certificate proves the node: its name once that is known, else what it was called. */
static bool is_proof(const struct mvs_node *node, const struct mvmp_cert *cert)
{
	uint8_t mac[MVMP_MAC_LEN];
	char id[9];

	if (node->name[0])
		return strcmp(node->name, cert->name) == 0;
	return strcmp(node->text, cert->name) == 0 ||
	       (cert->macs && strcmp(node->text, mvmp_cert_node_id(id, cert)) == 0) ||
	       (mvmp_mac_parse(mac, node->text) == 0 && mvmp_cert_has_mac(cert, mac));
}

/* Who answered where the node was said to be is somebody else. */
static void refuse_identity(struct mvs_node *node, const struct mvmp_cert *cert, uint64_t now)
{
	char why[128];

	snprintf(why, sizeof why, "%.60s answered where it was announced", cert->name);
	mvs_way_drop(node);
	mvs_node_lost(node, why, now);
}

/* The node is who its certificate says. Another entry may be the same node, found another way:
 * the later one gives way. */
static int take_identity(struct mvs_node *node, const struct mvmp_answer *answer)
{
	const struct mvmp_cert *cert = answer->from;
	const struct mvmp_peer *peer;
	struct mvs_node *other = mvs_names_proved(node->core, cert->name);

	if (other && other != node) {
		other->told |= node->told;
		return -1;
	}
	snprintf(node->name, sizeof node->name, "%s", cert->name);
	(void)mvs_names_put(node); /* needs no memory: it is in the table */
	mvmp_cert_node_id(node->node_id, cert);
	if (cert->macs)
		memcpy(node->mac, cert->mac[0], MVMP_MAC_LEN);
	node->session = answer->session;
	peer = mvmp_endpoint_peer(node->core->config.endpoint, answer->session);
	if (peer)
		mvs_way_prove(node, &peer->addr);
	mvs_node_adopt_dir(node, true);
	return 0;
}

static void take_reading(struct mvs_node *node, const struct mvmp_answer *answer)
{
	uint64_t now = node_now(node);

	node->call = 0;
	if (answer->error.status != MVMP_OK || !answer->from) {
		mvs_node_lost(node, answer->error.text, now);
		return;
	}
	if (!is_proof(node, answer->from)) {
		refuse_identity(node, answer->from, now);
		return;
	}
	if (take_identity(node, answer)) {
		node->superfluous = true;
		return;
	}
	if (mvs_each_frame(answer->body, answer->body_len, node, now))
		mvs_node_lost(node, "its answer is malformed, or there was no memory for it", now);
	else
		begin_subscribing(node, now);
}

static void read_done(void *ctx, const struct mvmp_answer *answer)
{
	take_reading(ctx, answer);
	mvs_node_arm(ctx);
}

static void begin_reading(struct mvs_node *node, uint64_t now)
{
	Mvmp__SampleRead read = MVMP__SAMPLE_READ__INIT;

	read.kinds = node->core->config.kinds;
	read.texts = true;
	read.previous = true;
	read.max_age_ms = 1; /* made now: our clocks are related by it */
	node->phase = MVS_READING;
	call_node(node, MVMP_VERB_SAMPLE_READ, &read.base, read_done, now);
}

/* ---- subscription -------------------------------------------------------------------------- */

static void ring_done(void *ctx, const struct mvmp_answer *answer)
{
	struct mvs_node *node = ctx;

	/* A node without a ring is no worse off: the gap stays. */
	node->call = 0;
	node->fill_ns = node_now(node) + MVS_FILL_MS * MVMP_NS_PER_MS;
	mvs_node_arm(node);
}

/* From what is stored to now, on the node's wall clock, which only the newest sample relates to
 * its monotonic clock. Without a sample there is nothing to relate. */
static void begin_filling(struct mvs_node *node, uint64_t now)
{
	const struct mvmp_sample *latest = &node->live.now->sample;
	uint64_t now_ms = mvs_timeline_ms(&node->core->timeline, (int64_t)now);
	Mvmp__RingRead read = MVMP__RING_READ__INIT;
	uint64_t missed_ns;

	node->phase = MVS_FILLING;
	node->fill_ns = now + MVS_CALL_MS * MVMP_NS_PER_MS;
	if (!mvs_live_has(&node->live))
		return;
	missed_ns = MVS_RING_S * MVMP_NS_PER_S;
	if (node->stored_ms && now_ms - node->stored_ms < MVS_RING_S * 1000)
		missed_ns = (now_ms - node->stored_ms) * MVMP_NS_PER_MS;
	read.subscription = MVS_SUBSCRIPTION;
	read.from_wall_ns = latest->wall_ns > missed_ns ? latest->wall_ns - missed_ns : 0;
	read.to_wall_ns = latest->wall_ns + MVMP_NS_PER_S;
	call_node(node, MVMP_VERB_RING_READ, &read.base, ring_done, now);
}

static void take_subscription(struct mvs_node *node, const struct mvmp_answer *answer)
{
	uint64_t now = node_now(node);
	Mvmp__SubscribeAnswer *told;

	node->call = 0;
	if (answer->error.status != MVMP_OK) {
		mvs_node_lost(node, answer->error.text, now);
		return;
	}
	told = mvmp__subscribe_answer__unpack(NULL, answer->body_len, answer->body);
	if (told && told->interval_ms >= MVMP_STATS_INTERVAL_MIN_MS &&
		told->interval_ms <= MVMP_STATS_INTERVAL_MAX_MS)
		node->interval_ms = node->live.interval_ms = told->interval_ms;
	if (told)
		mvmp__subscribe_answer__free_unpacked(told, NULL);
	node->session = answer->session;
	node->refresh_ns = now + refresh_ns;
	node->failures = 0;
	node->note[0] = '\0';
	if (node->phase == MVS_SUBSCRIBING)
		begin_filling(node, now);
}

static void subscribe_done(void *ctx, const struct mvmp_answer *answer)
{
	take_subscription(ctx, answer);
	mvs_node_arm(ctx);
}

static void send_subscribe(struct mvs_node *node, uint64_t now)
{
	Mvmp__Subscribe subscribe = MVMP__SUBSCRIBE__INIT;

	subscribe.subscription = MVS_SUBSCRIPTION;
	subscribe.interval_ms = node->core->config.interval_ms;
	subscribe.kinds = node->core->config.kinds;
	subscribe.lifetime_s = MVS_LIFETIME_S;
	node->refresh_ns = now + refresh_ns;
	call_node(node, MVMP_VERB_SUBSCRIBE, &subscribe.base, subscribe_done, now);
}

static void begin_subscribing(struct mvs_node *node, uint64_t now)
{
	node->phase = MVS_SUBSCRIBING;
	send_subscribe(node, now);
}

/* ---- time and news --------------------------------------------------------------------------- */

/* Silence of two intervals and a half is reason to ask before the refresh is due. */
static uint64_t silence_ns(const struct mvs_node *node)
{
	uint64_t last = node->live.now->arrival_ns;

	if (last < node->refresh_ns - refresh_ns)
		last = node->refresh_ns - refresh_ns;
	return last + node->interval_ms * MVMP_NS_PER_MS * 5 / 2;
}

static void end_filling(struct mvs_node *node, uint64_t now)
{
	mvs_node_frame_end(node, now);
	node->phase = MVS_RUNNING;
}

static void advance(struct mvs_node *node, uint64_t now)
{
	mvs_node_expire(node, now);
	if (node->phase == MVS_FILLING && now >= node->fill_ns)
		end_filling(node, now);
	if (node->call)
		return;
	if (node->phase == MVS_IDLE && now >= node->retry_ns)
		begin_reading(node, now);
	else if (node->phase == MVS_RUNNING && (now >= node->refresh_ns || now >= silence_ns(node)))
		send_subscribe(node, now);
}

void mvs_node_advance(struct mvs_node *node, uint64_t now)
{
	advance(node, now);
	mvs_node_arm(node);
}

uint64_t mvs_node_deadline(const struct mvs_node *node)
{
	uint64_t at = mvs_live_deadline(&node->live), due = UINT64_MAX;

	if (node->phase == MVS_FILLING)
		due = node->fill_ns;
	else if (node->phase == MVS_IDLE)
		due = node->retry_ns;
	else if (node->phase == MVS_RUNNING && !node->call)
		due = node->refresh_ns < silence_ns(node) ? node->refresh_ns : silence_ns(node);
	return at < due ? at : due;
}

/* A beacon is a hint: of a node we do not know yet, or where one may be. It ends no session:
 * whether an agent is back with a new instance, the endpoint asks by a ping, and tells by the end
 * of the session. */
void mvs_node_heard(struct mvs_core *core, const struct mvmp_peer *peer, uint64_t now)
{
	struct mvs_node *node;

	if (!(peer->roles & MVMP_ROLE_NODE))
		return;
	node = mvs_names_heard(core, peer);
	if (!node && core->config.discover)
		node = mvs_node_admit(core, peer, now);
	if (!node)
		return;
	mvs_way_heard(node, &peer->addr, now);
	if (node->phase != MVS_IDLE)
		return;
	if (node->failures < 2 || now - node->failed_ns > heard_again_ns)
		node->retry_ns = now;
	mvs_node_arm(node);
}
