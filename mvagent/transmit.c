/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_private.h"
#include <errno.h>
#include <string.h>

/* A member's own numbers are appended to the common bytes: of a field that comes twice the last
 * one counts (protobuf, "Last One Wins"). */
enum { TAIL = 24, TAG_SUBSCRIPTION = 1 << 3, TAG_SEQUENCE = 2 << 3 };

static struct mva_transmission *free_transmission(struct mva_transmit *t)
{
	for (unsigned i = 0; i < MVA_TRANSMISSIONS_MAX; i++) {
		if (!t->at[i].shot)
			return &t->at[i];
	}
	t->dropped++;
	return NULL;
}

/* What of the shot a subscription wants; held by the caller. */
static struct mva_shot *selection(
	struct mva_agent *agent, struct mva_shot *shot, const struct mva_subscription *sub)
{
	struct mva_shot *own;

	if (!sub->domains)
		return mva_shot_hold(shot);
	own = mva_sampler_blank(&agent->sampler);
	if (own && mva_sample_filter(&own->sample, &shot->sample,
			   (const uint8_t(*)[MVMP_ID_LEN])sub->domain, sub->domains)) {
		mva_shot_release(own);
		return NULL;
	}
	return own;
}

/* Starts sending what the first subscription wants of the shot. */
static struct mva_transmission *start(struct mva_agent *agent, struct mva_shot *shot,
	const struct mva_subscription *sub, size_t room, bool texts)
{
	struct mva_transmission *t = free_transmission(&agent->transmit);
	struct mva_shot *own = t ? selection(agent, shot, sub) : NULL;

	if (!own) {
		agent->transmit.dropped += t != NULL;
		return NULL;
	}
	*t = (struct mva_transmission){.shot = own,
		.interval_ms = (uint32_t)(sub->interval_ns / MVMP_NS_PER_MS),
		.room = room,
		.members = 1,
		.member = {{sub->session, sub->number}}};
	t->cursor.sample = &own->sample;
	t->cursor.kinds = sub->kinds;
	t->cursor.texts = texts;
	agent->transmit.busy = true;
	return t;
}

static bool with_texts(const struct mva_subscription *sub)
{
	return sub->samples % sub->texts_every == 0;
}

static size_t room_of(const struct mva_agent *agent, const struct mva_subscription *sub)
{
	size_t room = agent->env.stats_room(agent->env.ctx, sub->session);

	return room > MVMP_FRAME_MAX ? MVMP_FRAME_MAX : room;
}

/* Others that are due and want the very same join in. */
static void join(struct mva_agent *agent, struct mva_transmission *t,
	struct mva_subscription *first, bool texts, uint64_t now)
{
	for (struct mva_subscription *sub = first + 1;
		sub < agent->subscriptions.at + MVA_SUBSCRIPTIONS_MAX; sub++) {
		if (!sub->session || sub->next_ns > now || t->members == MVA_TRANSMISSION_MEMBERS ||
			with_texts(sub) != texts || !mva_subscription_alike(sub, first) ||
			room_of(agent, sub) != t->room)
			continue;
		t->member[t->members++] = (struct mva_member){sub->session, sub->number};
		sub->samples++;
		mva_subscription_step(sub, now);
	}
}

static void send_sample(
	struct mva_agent *agent, struct mva_subscription *sub, struct mva_shot *shot, uint64_t now)
{
	bool texts = with_texts(sub);
	size_t room = room_of(agent, sub);
	struct mva_transmission *t;

	if (room <= TAIL) {
		mva_subscription_drop(&agent->subscriptions, sub);
		return;
	}
	t = start(agent, shot, sub, room, texts);
	if (t)
		join(agent, t, sub, texts, now);
	sub->samples++;
	mva_subscription_step(sub, now);
}

void mva_transmit_due(struct mva_agent *agent, uint64_t now)
{
	struct mva_subscriptions *subs = &agent->subscriptions;
	struct mva_shot *shot;
	uint32_t kinds = 0;

	mva_subscriptions_expire(subs, now);
	for (unsigned i = 0; subs->used && i < MVA_SUBSCRIPTIONS_MAX; i++) {
		if (subs->at[i].session && subs->at[i].next_ns <= now)
			kinds |= subs->at[i].kinds;
	}
	if (!kinds)
		return;
	shot = mva_sampler_recent(&agent->sampler, kinds, MVA_SHARE_MS * MVMP_NS_PER_MS, now);
	for (unsigned i = 0; i < MVA_SUBSCRIPTIONS_MAX; i++) {
		struct mva_subscription *sub = &subs->at[i];

		if (!sub->session || sub->next_ns > now)
			continue;
		if (shot)
			send_sample(agent, sub, shot, now);
		else
			mva_subscription_step(sub, now);
	}
	if (shot && shot->sample.kinds == MVA_KINDS_ALL)
		mva_reapply_observe(agent, &shot->sample);
	mva_shot_release(shot);
}

/* Sends a packed frame to one member under its own numbers. */
static void send_frame(struct mva_agent *agent, const struct mva_member *member, bool backfill,
	uint8_t *frame, size_t len, uint64_t now)
{
	struct mva_subscription *sub =
		mva_subscriptions_find(&agent->subscriptions, member->session, member->number);
	struct mvmp_writer w = mvmp_writer(frame + len, TAIL);

	if (!sub)
		return;
	mvmp_put_u8(&w, TAG_SUBSCRIPTION);
	mvmp_put_varint(&w, sub->number);
	mvmp_put_u8(&w, TAG_SEQUENCE);
	mvmp_put_varint(&w, ++sub->sequence[backfill]);
	if (agent->env.send_stats(agent->env.ctx, member->session, frame, len + w.used, now) ==
		-ENOTCONN)
		mva_subscription_drop(&agent->subscriptions, sub);
}

/* The next frame of a transmission to all its members; how many were sent. */
static unsigned next_frame(struct mva_agent *agent, struct mva_transmission *t, uint64_t now)
{
	static uint8_t frame[MVMP_FRAME_MAX + TAIL];
	struct mvmp_stats_head head = {.interval_ms = t->interval_ms, .backfill = t->backfill};
	int len = mvmp_stats_pack(&t->cursor, &head, frame, t->room - TAIL);

	for (unsigned i = 0; len > 0 && i < t->members; i++)
		send_frame(agent, &t->member[i], t->backfill, frame, (size_t)len, now);
	if (len > 0 && !t->cursor.done)
		return t->members;
	mva_shot_release(t->shot);
	t->shot = NULL;
	return len > 0 ? t->members : 0;
}

/* Takes the next sample of the ring for a subscriber, or ends. */
static void next_backfill(struct mva_agent *agent, struct mva_backfill *b)
{
	struct mva_subscription *sub =
		mva_subscriptions_find(&agent->subscriptions, b->member.session, b->member.number);
	struct mva_shot *shot = sub ? mva_sampler_blank(&agent->sampler) : NULL;
	struct mva_transmission *t;
	int rc = shot ? mva_ring_next(agent->ring, b->after, b->from_wall_ns, b->to_wall_ns,
				&shot->sample)
		      : 0;

	if (sub && !shot)
		return; /* a later turn finds one */
	if (rc <= 0) {
		b->member.session = 0;
		mva_shot_release(shot);
		return;
	}
	b->after = shot->sample.number;
	t = start(agent, shot, sub, room_of(agent, sub), true);
	if (t && t->room > TAIL) {
		t->backfill = true;
	} else if (t) {
		mva_shot_release(t->shot);
		t->shot = NULL;
	}
	mva_shot_release(shot);
}

static bool under_way(const struct mva_transmit *t, const struct mva_member *member)
{
	for (unsigned i = 0; i < MVA_TRANSMISSIONS_MAX; i++) {
		if (t->at[i].shot && t->at[i].backfill &&
			t->at[i].member[0].session == member->session)
			return true;
	}
	return false;
}

/* True when a subscriber still waits for samples of the ring. */
static bool backfill_turn(struct mva_agent *agent)
{
	bool waiting = false;

	for (unsigned i = 0; i < MVA_BACKFILLS_MAX; i++) {
		struct mva_backfill *b = &agent->transmit.backfill[i];

		if (b->member.session && !under_way(&agent->transmit, &b->member))
			next_backfill(agent, b);
		waiting |= b->member.session != 0;
	}
	return waiting;
}

void mva_transmit_turn(struct mva_agent *agent, uint64_t now)
{
	struct mva_transmit *transmit = &agent->transmit;
	unsigned sent = 0, idle = 0;

	if (!transmit->busy || transmit->turn_ns > now)
		return;
	transmit->busy = backfill_turn(agent);
	while (sent < MVA_FRAMES_PER_TURN && idle < MVA_TRANSMISSIONS_MAX) {
		struct mva_transmission *t = &transmit->at[transmit->next];

		transmit->next = (transmit->next + 1) % MVA_TRANSMISSIONS_MAX;
		idle = t->shot ? 0 : idle + 1;
		if (t->shot)
			sent += next_frame(agent, t, now);
	}
	if (sent >= MVA_FRAMES_PER_TURN)
		transmit->busy = true;
	transmit->turn_ns = now + MVA_TURN_US * 1000ull;
}

int mva_transmit_backfill(struct mva_agent *agent, const struct mva_subscription *sub,
	uint64_t from_wall_ns, uint64_t to_wall_ns, struct mvmp_error *err)
{
	struct mva_backfill *slot = NULL;

	for (unsigned i = 0; i < MVA_BACKFILLS_MAX; i++) {
		struct mva_backfill *b = &agent->transmit.backfill[i];

		if (b->member.session == sub->session || (!slot && !b->member.session))
			slot = b;
		if (b->member.session == sub->session)
			break;
	}
	if (!slot)
		return mvmp_fail(err, MVMP_BUSY, "%d readers are served from the ring already",
			MVA_BACKFILLS_MAX);
	*slot = (struct mva_backfill){.member = {sub->session, sub->number},
		.from_wall_ns = from_wall_ns,
		.to_wall_ns = to_wall_ns};
	agent->transmit.busy = true;
	return 0;
}

void mva_transmit_clear(struct mva_transmit *transmit)
{
	for (unsigned i = 0; i < MVA_TRANSMISSIONS_MAX; i++)
		mva_shot_release(transmit->at[i].shot);
	*transmit = (struct mva_transmit){0};
}
