/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum phase {
	ASKING, /* for the request */
	ASKED,	/* and answered; it is the owner's turn */
	GIVING,
	OVER,
};

struct mvmp_enrol_operator {
	struct mvmp_enrol_operator_config config;
	const struct mvmp_crypto_ops *crypto;
	struct enrol_keys keys;
	enum phase phase;
	struct mvmp_addr peer;
	uint8_t id[ENROL_ID_LEN];
	struct mvmp_noise noise;
	struct enrol_channel channel;
	uint64_t counter; /* of the question under way */
	struct enrol_out out;
	unsigned repeats;
	uint64_t retry_at, give_up;
	uint32_t total, given, under_way;
	uint8_t delivery[MVMP_ENROL_DELIVERY_MAX];
};

static void send_out(struct mvmp_enrol_operator *op, uint64_t now)
{
	uint64_t wait = (uint64_t)MVMP_ENROL_RETRY_MS << (op->repeats < 8 ? op->repeats : 8);

	if (wait > MVMP_ENROL_RETRY_MAX_MS)
		wait = MVMP_ENROL_RETRY_MAX_MS;
	op->retry_at = now + wait * MVMP_NS_PER_MS;
	op->config.env.send(
		op->config.env.ctx, &op->peer, enrol_out_frame(&op->out), ENROL_FRAME_LEN);
}

/* A first message under a new key: a node answers each only once, and only to the address where it
 * came from first. */
static int begin(struct mvmp_enrol_operator *op, uint64_t now)
{
	static const uint8_t nothing[ENROL_REQUEST_LEN];
	const struct mvmp_enrol_env *env = &op->config.env;
	uint8_t ephemeral[MVMP_KEY_LEN];
	int ret;

	env->random(env->ctx, op->id, sizeof op->id);
	env->random(env->ctx, ephemeral, sizeof ephemeral);
	enrol_noise_start(op->crypto, &op->noise, &op->keys, true, op->id);
	mvmp_noise_set_ephemeral(&op->noise, ephemeral);
	mvmp_wipe(ephemeral, sizeof ephemeral);
	enrol_write_head(&op->out, ENROL_FIRST, op->id, 0);
	ret = mvmp_noise_write(
		&op->noise, nothing, sizeof nothing, enrol_out_body(&op->out), ENROL_BODY_LEN);
	if (ret < 0)
		return ret;
	enrol_write_mac(op->crypto, &op->keys, &op->out);
	op->repeats = 0;
	send_out(op, now);
	return 0;
}

int mvmp_enrol_operator_new(const struct mvmp_enrol_operator_config *config, uint64_t now,
	struct mvmp_enrol_operator **ret, struct mvmp_error *err)
{
	struct mvmp_enrol_operator *op = calloc(1, sizeof *op);

	if (!op)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for an enrolment");
	op->config = *config;
	op->config.secret = NULL;
	op->crypto = config->crypto;
	op->peer = config->to;
	op->give_up = now + config->patience_ns;
	enrol_keys_derive(op->crypto, &op->keys, config->secret);
	if (begin(op, now)) {
		mvmp_enrol_operator_free(op);
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for an enrolment");
	}
	*ret = op;
	return 0;
}

void mvmp_enrol_operator_free(struct mvmp_enrol_operator *op)
{
	if (!op)
		return;
	enrol_channel_clear(op->crypto, &op->channel);
	mvmp_wipe(op, sizeof *op);
	free(op);
}

static void conclude(struct mvmp_enrol_operator *op, enum mvmp_status status, const char *text)
{
	struct mvmp_error outcome = {.status = status};

	mvmp_wipe(op->delivery, sizeof op->delivery);
	op->phase = OVER;
	if (status)
		mvmp_fail(&outcome, status, "%s", text);
	op->config.concluded(op->config.env.ctx, &outcome);
}

/* ---- the second message ---- */

static bool names(const struct mvmp_enrol_request *request, const uint8_t *mac)
{
	for (unsigned i = 0; i < request->macs; i++) {
		if (!memcmp(request->mac[i], mac, MVMP_MAC_LEN))
			return true;
	}
	return false;
}

static enum mvmp_verdict receive_second(struct mvmp_enrol_operator *op,
	const struct mvmp_addr *from, const struct enrol_frame *frame)
{
	struct mvmp_enrol_request request;
	struct mvmp_noise tried = op->noise;
	uint8_t plain[ENROL_REQUEST_LEN];
	enum mvmp_verdict verdict = MVMP_ACCEPTED;

	if (op->phase != ASKING)
		return MVMP_DROP_STATE;
	if (mvmp_noise_read(&tried, frame->body, ENROL_BODY_LEN, plain, sizeof plain) < 0)
		verdict = MVMP_DROP_TAG;
	else if (!enrol_request_decode(&request, plain))
		verdict = MVMP_DROP_RECORD;
	else if (!names(&request, from->mac))
		verdict = MVMP_DROP_MAC;
	else if (enrol_channel_set(op->crypto, &op->channel, &tried))
		verdict = MVMP_DROP_FULL;
	mvmp_noise_clear(&tried);
	if (verdict)
		return verdict;
	mvmp_noise_clear(&op->noise);
	op->phase = ASKED;
	op->peer = *from;
	op->config.requested(op->config.env.ctx, &request, from);
	return MVMP_ACCEPTED;
}

/* ---- the delivery ---- */

static int send_piece(struct mvmp_enrol_operator *op, uint64_t now)
{
	uint32_t left = op->total - op->given;
	struct enrol_piece piece = {.total = op->total,
		.offset = op->given,
		.len = (uint16_t)(left < ENROL_PIECE_MAX ? left : ENROL_PIECE_MAX),
		.bytes = op->delivery + op->given};
	uint8_t plain[ENROL_PLAIN_LEN];
	int ret;

	enrol_piece_encode(plain, &piece);
	ret = enrol_seal(op->crypto, &op->keys, &op->channel, &op->out, ENROL_QUESTION, op->id,
		op->counter, plain);
	mvmp_wipe(plain, sizeof plain);
	if (ret)
		return ret;
	op->under_way = op->given + piece.len;
	op->repeats = 0;
	op->give_up = now + op->config.patience_ns;
	send_out(op, now);
	return 0;
}

int mvmp_enrol_operator_give(
	struct mvmp_enrol_operator *op, const struct mvmp_enrol_delivery *delivery, uint64_t now)
{
	int len;

	if (op->phase != ASKED)
		return -EPROTO;
	len = mvmp_enrol_delivery_encode(op->delivery, delivery);
	if (len < 0)
		return len;
	op->phase = GIVING;
	op->total = (uint32_t)len;
	op->given = 0;
	return send_piece(op, now);
}

static void take_answer(
	struct mvmp_enrol_operator *op, const struct enrol_answer *answer, uint64_t now)
{
	op->counter++;
	if (answer->status != MVMP_RUNNING) {
		conclude(op, (enum mvmp_status)answer->status, answer->text);
		return;
	}
	op->given = op->under_way;
	if (answer->offset != op->given || op->given == op->total)
		conclude(op, MVMP_FAILED, "the node lost count of the delivery");
	else if (send_piece(op, now))
		conclude(op, MVMP_NO_MEMORY, "out of memory");
}

static enum mvmp_verdict receive_answer(
	struct mvmp_enrol_operator *op, const struct enrol_frame *frame, uint64_t now)
{
	uint8_t plain[ENROL_PLAIN_LEN];
	struct enrol_answer answer;

	if (op->phase != GIVING)
		return MVMP_DROP_STATE;
	if (enrol_unseal(op->crypto, &op->channel, frame, plain))
		return MVMP_DROP_TAG;
	if (frame->counter != op->counter)
		return frame->counter < op->counter ? MVMP_DROP_REPLAY : MVMP_DROP_WINDOW;
	if (!enrol_answer_decode(&answer, plain))
		return MVMP_DROP_RECORD;
	take_answer(op, &answer, now);
	return MVMP_ACCEPTED;
}

enum mvmp_verdict mvmp_enrol_operator_receive(struct mvmp_enrol_operator *op,
	const struct mvmp_addr *from, enum mvmp_channel channel, const uint8_t *bytes, size_t len,
	uint64_t now)
{
	struct enrol_frame frame;
	enum mvmp_verdict verdict;

	if (from->mac[0] & 1)
		return MVMP_DROP_SOURCE;
	verdict = enrol_read(op->crypto, &op->keys, &frame, channel, bytes, len);
	if (verdict)
		return verdict;
	if (frame.step != ENROL_SECOND && frame.step != ENROL_ANSWER)
		return MVMP_DROP_ROLE;
	if (memcmp(frame.id, op->id, ENROL_ID_LEN) != 0)
		return MVMP_DROP_SESSION;
	if (frame.step == ENROL_SECOND)
		return receive_second(op, from, &frame);
	if (from->link != op->peer.link || memcmp(from->mac, op->peer.mac, MVMP_MAC_LEN) != 0)
		return MVMP_DROP_MAC;
	return receive_answer(op, &frame, now);
}

/* ---- time ---- */

static void give_up(struct mvmp_enrol_operator *op)
{
	if (op->phase == ASKING)
		conclude(op, MVMP_NO_ANSWER, "no node with this code answered");
	else if (op->under_way == op->total)
		conclude(op, MVMP_OUTCOME_UNKNOWN,
			"the node fell silent at the last piece; it may be enrolled");
	else
		conclude(op, MVMP_NO_ANSWER, "the node fell silent; it is not enrolled");
}

void mvmp_enrol_operator_advance(struct mvmp_enrol_operator *op, uint64_t now)
{
	if (op->phase != ASKING && op->phase != GIVING)
		return;
	if (now >= op->give_up) {
		give_up(op);
		return;
	}
	if (now < op->retry_at)
		return;
	op->repeats++;
	if (op->phase != ASKING || op->repeats <= MVMP_ENROL_RENEW)
		send_out(op, now);
	else if (begin(op, now)) /* no memory now */
		op->retry_at = now + MVMP_ENROL_RETRY_MAX_MS * MVMP_NS_PER_MS;
}

uint64_t mvmp_enrol_operator_deadline(const struct mvmp_enrol_operator *op)
{
	if (op->phase != ASKING && op->phase != GIVING)
		return UINT64_MAX;
	return op->retry_at < op->give_up ? op->retry_at : op->give_up;
}
