/* SPDX-License-Identifier: Apache-2.0 */
#include "../session/limiter.h"
#include "wire.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

/* Repeated answers. They go to the conversation's own address whoever caused them. */
static const struct mvmp_rate repeat_rate = {.spacing_ns = MVMP_NS_PER_S / 100, .burst = 20};

/* What one operator and we have agreed on. */
struct conversation {
	bool used;
	struct mvmp_addr peer;
	uint8_t id[ENROL_ID_LEN];
	uint8_t first[MVMP_MAC_FIELD_LEN]; /* MAC of its first frame */
	struct enrol_channel channel;
	uint64_t next;	       /* counter of the next question */
	struct enrol_out last; /* what we sent last */
};

struct mvmp_enrol_node {
	struct mvmp_enrol_node_config config;
	const struct mvmp_crypto_ops *crypto;
	struct enrol_keys keys;
	uint64_t deadline;
	bool waiting, enrolled; /* for the owner's conclusion */
	struct mvmp_limiter repeats;
	/* The one that asked last proves itself by its first question; until then the other lives.
	 */
	struct conversation current, hopeful;
	uint8_t seen[MVMP_ENROL_HANDSHAKES][MVMP_MAC_FIELD_LEN];
	unsigned handshakes;
	uint32_t total, got; /* of the delivery */
	uint8_t delivery[MVMP_ENROL_DELIVERY_MAX];
};

int mvmp_enrol_node_new(const struct mvmp_enrol_node_config *config, uint64_t now,
	struct mvmp_enrol_node **ret, struct mvmp_error *err)
{
	const struct mvmp_enrol_request *request = &config->request;
	struct mvmp_enrol_node *node;

	if (!request->macs || request->macs > MVMP_CERT_MACS_MAX)
		return mvmp_fail(err, MVMP_INVALID, "a node has 1 to %d MACs, not %u",
			MVMP_CERT_MACS_MAX, request->macs);
	node = calloc(1, sizeof *node);
	if (!node)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for an enrolment");
	node->config = *config;
	node->config.secret = NULL;
	node->crypto = config->crypto;
	node->deadline = now + MVMP_ENROL_WINDOW_S * MVMP_NS_PER_S;
	enrol_keys_derive(node->crypto, &node->keys, config->secret);
	*ret = node;
	return 0;
}

static void forget(struct mvmp_enrol_node *node, struct conversation *c)
{
	enrol_channel_clear(node->crypto, &c->channel);
	mvmp_wipe(c, sizeof *c);
}

void mvmp_enrol_node_free(struct mvmp_enrol_node *node)
{
	if (!node)
		return;
	forget(node, &node->current);
	forget(node, &node->hopeful);
	mvmp_wipe(node, sizeof *node);
	free(node);
}

uint64_t mvmp_enrol_node_deadline(const struct mvmp_enrol_node *node)
{
	return node->deadline;
}

static void send_last(struct mvmp_enrol_node *node, struct conversation *c)
{
	/* A link takes the room before the frame for its own header, not the frame. */
	node->config.env.send(
		node->config.env.ctx, &c->peer, enrol_out_frame(&c->last), ENROL_FRAME_LEN);
}

static enum mvmp_verdict repeat(struct mvmp_enrol_node *node, struct conversation *c, uint64_t now)
{
	if (!mvmp_limiter_take(&node->repeats, &repeat_rate, now))
		return MVMP_DROP_RATE;
	send_last(node, c);
	return MVMP_ACCEPTED;
}

static bool same_address(const struct mvmp_addr *a, const struct mvmp_addr *b)
{
	return a->link == b->link && !memcmp(a->mac, b->mac, MVMP_MAC_LEN);
}

static bool was_seen(const struct mvmp_enrol_node *node, const uint8_t *mac)
{
	for (unsigned i = 0; i < node->handshakes; i++) {
		if (!memcmp(node->seen[i], mac, MVMP_MAC_FIELD_LEN))
			return true;
	}
	return false;
}

/* ---- first messages ---- */

static int shake(
	struct mvmp_enrol_node *node, struct conversation *c, const struct enrol_frame *frame)
{
	uint8_t text[ENROL_REQUEST_LEN], ephemeral[MVMP_KEY_LEN];
	struct mvmp_noise noise;
	int ret;

	enrol_noise_start(node->crypto, &noise, &node->keys, false, frame->id);
	ret = mvmp_noise_read(&noise, frame->body, ENROL_BODY_LEN, text, sizeof text);
	if (ret >= 0) {
		node->config.env.random(node->config.env.ctx, ephemeral, sizeof ephemeral);
		mvmp_noise_set_ephemeral(&noise, ephemeral);
		enrol_request_encode(text, &node->config.request);
		enrol_write_head(&c->last, ENROL_SECOND, frame->id, 0);
		ret = mvmp_noise_write(
			&noise, text, sizeof text, enrol_out_body(&c->last), ENROL_BODY_LEN);
	}
	if (ret >= 0)
		ret = enrol_channel_set(node->crypto, &c->channel, &noise);
	if (!ret)
		enrol_write_mac(node->crypto, &node->keys, &c->last);
	mvmp_wipe(ephemeral, sizeof ephemeral);
	mvmp_noise_clear(&noise);
	return ret;
}

/* Whoever made it has the code. What is remembered of it is bounded by their number. */
static enum mvmp_verdict receive_first(struct mvmp_enrol_node *node, const struct mvmp_addr *from,
	const struct enrol_frame *frame, uint64_t now)
{
	struct conversation *c = &node->hopeful;
	int ret;

	if (node->enrolled)
		return MVMP_DROP_STATE;
	if (c->used && !memcmp(c->first, frame->mac, sizeof c->first))
		return same_address(from, &c->peer) ? repeat(node, c, now) : MVMP_DROP_MAC;
	if (was_seen(node, frame->mac))
		return MVMP_DROP_REPLAY;
	if (node->handshakes == MVMP_ENROL_HANDSHAKES)
		return MVMP_DROP_FULL;
	forget(node, c);
	ret = shake(node, c, frame);
	if (ret)
		return ret == -ENOMEM ? MVMP_DROP_FULL : MVMP_DROP_TAG;
	memcpy(node->seen[node->handshakes++], frame->mac, MVMP_MAC_FIELD_LEN);
	memcpy(c->first, frame->mac, sizeof c->first);
	memcpy(c->id, frame->id, sizeof c->id);
	c->peer = *from;
	c->used = true;
	send_last(node, c);
	return MVMP_ACCEPTED;
}

/* ---- questions ---- */

static enum mvmp_verdict answer(
	struct mvmp_enrol_node *node, enum mvmp_status status, const char *text)
{
	struct conversation *c = &node->current;
	struct enrol_answer what = {.status = (uint16_t)status, .offset = node->got};
	uint8_t plain[ENROL_PLAIN_LEN];

	memcpy(what.text, text, strnlen(text, ENROL_TEXT_MAX));
	enrol_answer_encode(plain, &what);
	if (enrol_seal(node->crypto, &node->keys, &c->channel, &c->last, ENROL_ANSWER, c->id,
		    c->next - 1, plain))
		return MVMP_DROP_FULL;
	send_last(node, c);
	return MVMP_ACCEPTED;
}

/* The operator is told, and may begin again at offset 0. */
static enum mvmp_verdict refuse_piece(struct mvmp_enrol_node *node, const char *why)
{
	node->got = node->total = 0;
	return answer(node, MVMP_INVALID, why);
}

static enum mvmp_verdict take_piece(struct mvmp_enrol_node *node, const struct enrol_piece *piece)
{
	struct mvmp_enrol_delivery delivery;

	if (!piece->offset) {
		node->total = piece->total;
		node->got = 0;
	}
	if (piece->total != node->total || piece->offset != node->got)
		return refuse_piece(node, "the pieces of the delivery are out of order");
	memcpy(node->delivery + node->got, piece->bytes, piece->len);
	node->got += piece->len;
	if (node->got < node->total)
		return answer(node, MVMP_RUNNING, "");
	if (!mvmp_enrol_delivery_decode(&delivery, node->delivery, node->total))
		return refuse_piece(node, "the delivery is malformed");
	node->waiting = true;
	node->config.delivered(node->config.env.ctx, &delivery, &node->current.peer);
	return MVMP_ACCEPTED;
}

/* It opened under the keys of the newest handshake: its maker is no recording. */
static struct conversation *promote(struct mvmp_enrol_node *node)
{
	forget(node, &node->current);
	node->current = node->hopeful;
	memset(&node->hopeful, 0, sizeof node->hopeful); /* its keys have moved */
	node->got = node->total = 0;
	return &node->current;
}

static struct conversation *find(struct mvmp_enrol_node *node, const uint8_t *id)
{
	struct conversation *all[] = {&node->current, &node->hopeful};

	for (unsigned i = 0; i < 2; i++) {
		if (all[i]->used && !memcmp(all[i]->id, id, ENROL_ID_LEN))
			return all[i];
	}
	return NULL;
}

static enum mvmp_verdict take_question(struct mvmp_enrol_node *node, struct conversation *c,
	const struct enrol_frame *frame, const uint8_t *plain, uint64_t now)
{
	struct enrol_piece piece;

	if (node->waiting)
		return MVMP_DROP_STATE;
	if (c->next && frame->counter == c->next - 1)
		return repeat(node, c, now);
	if (frame->counter != c->next)
		return frame->counter < c->next ? MVMP_DROP_REPLAY : MVMP_DROP_WINDOW;
	if (node->enrolled)
		return MVMP_DROP_STATE;
	if (c == &node->hopeful)
		c = promote(node);
	c->next++;
	if (!enrol_piece_decode(&piece, plain)) {
		refuse_piece(node, "a piece of the delivery is malformed");
		return MVMP_DROP_RECORD;
	}
	return take_piece(node, &piece);
}

static enum mvmp_verdict receive_question(struct mvmp_enrol_node *node,
	const struct mvmp_addr *from, const struct enrol_frame *frame, uint64_t now)
{
	struct conversation *c = find(node, frame->id);
	uint8_t plain[ENROL_PLAIN_LEN];
	enum mvmp_verdict verdict;

	if (!c)
		return MVMP_DROP_SESSION;
	if (!same_address(from, &c->peer))
		return MVMP_DROP_MAC;
	if (enrol_unseal(node->crypto, &c->channel, frame, plain))
		return MVMP_DROP_TAG;
	verdict = take_question(node, c, frame, plain, now);
	mvmp_wipe(plain, sizeof plain);
	return verdict;
}

enum mvmp_verdict mvmp_enrol_node_receive(struct mvmp_enrol_node *node,
	const struct mvmp_addr *from, enum mvmp_channel channel, const uint8_t *bytes, size_t len,
	uint64_t now)
{
	struct enrol_frame frame;
	enum mvmp_verdict verdict;

	if (from->mac[0] & 1)
		return MVMP_DROP_SOURCE;
	verdict = enrol_read(node->crypto, &node->keys, &frame, channel, bytes, len);
	if (verdict)
		return verdict;
	if (now >= node->deadline)
		return MVMP_DROP_STATE;
	if (frame.step == ENROL_FIRST && !frame.counter)
		return receive_first(node, from, &frame, now);
	if (frame.step == ENROL_QUESTION)
		return receive_question(node, from, &frame, now);
	return MVMP_DROP_ROLE;
}

void mvmp_enrol_node_conclude(
	struct mvmp_enrol_node *node, const struct mvmp_error *outcome, uint64_t now)
{
	if (!node->waiting)
		return;
	node->waiting = false;
	node->enrolled = outcome->status == MVMP_OK;
	if (node->enrolled)
		node->deadline = now + MVMP_ENROL_LINGER_MS * MVMP_NS_PER_MS;
	mvmp_wipe(node->delivery, sizeof node->delivery);
	if (!node->enrolled)
		node->got = node->total = 0;
	answer(node, outcome->status, node->enrolled ? "" : outcome->text);
}
