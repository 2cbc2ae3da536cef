/* SPDX-License-Identifier: Apache-2.0 */
#include "believer.h"
#include "fuzz.h"

#include <mvmp/bytes.h>
#include <mvmp/enrol.h>
#include <stdlib.h>
#include <string.h>
#include <wire.h>

/*
 * Both sides of an enrolment, behind the seals. The first byte says which side hears; then come
 * frames: how, counter, length of the body (2), body.
 */
enum how {
	STEP = 7,
	OTHER_CONVERSATION = 8,
	OTHER_SOURCE = 16,
	RAW = 32,   /* the body is the whole frame */
	LATER = 64, /* the counter is seconds that pass before */
};

static struct side {
	struct mvmp_enrol_node *node;
	struct mvmp_enrol_operator *op;
	uint64_t now;
	unsigned said;
	bool asked;
} side;

static int count(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	if (len != ENROL_FRAME_LEN || (side.node && to->mac[0] & 1))
		abort(); /* only an operator speaks to the group */
	side.said++;
	return 0;
}

static void zeros(void *ctx, void *to, size_t len)
{
	memset(to, 0, len);
}

static void delivered(
	void *ctx, const struct mvmp_enrol_delivery *delivery, const struct mvmp_addr *by)
{
	static const struct mvmp_enrol_request asked = {.macs = 1, .mac = {{2}}};
	struct mvmp_error err = {.status = MVMP_OK};

	if (delivery->cert_len > MVMP_CERT_MAX || delivery->state_len > MVMP_CLUSTER_MAX)
		abort();
	if (mvmp_enrol_delivery_check(&believer, delivery, &asked, NULL, BELIEVER_NOW_S, &err) !=
		-(int)err.status)
		abort();
	mvmp_enrol_node_conclude(side.node, &err, side.now);
}

static void requested(
	void *ctx, const struct mvmp_enrol_request *request, const struct mvmp_addr *from)
{
	if (!request->macs || request->macs > MVMP_CERT_MACS_MAX ||
		(request->name[0] && !mvmp_name_valid(request->name, strlen(request->name))))
		abort();
	side.asked = true;
}

static void concluded(void *ctx, const struct mvmp_error *outcome)
{
}

static void begin(bool node)
{
	static const uint8_t secret[MVMP_ENROL_SECRET_LEN];
	struct mvmp_enrol_node_config config = {.crypto = &believer,
		.env = {NULL, count, zeros},
		.secret = secret,
		.request = {.name = "n", .macs = 1, .mac = {{2}}},
		.delivered = delivered};
	struct mvmp_enrol_operator_config other = {.crypto = &believer,
		.env = {NULL, count, zeros},
		.secret = secret,
		.patience_ns = MVMP_NS_PER_S,
		.requested = requested,
		.concluded = concluded};

	side = (struct side){.now = MVMP_NS_PER_S};
	if (node ? mvmp_enrol_node_new(&config, side.now, &side.node, NULL)
		 : mvmp_enrol_operator_new(&other, side.now, &side.op, NULL))
		abort();
}

static void hear(const uint8_t *frame, size_t len, bool other_source)
{
	struct mvmp_addr from = {.mac = {2, [5] = other_source}};
	unsigned before = side.said;

	if (side.node) {
		mvmp_enrol_node_receive(side.node, &from, MVMP_CONTROL, frame, len, side.now);
		if (side.said > before + 1)
			abort(); /* more than one answer */
		return;
	}
	mvmp_enrol_operator_receive(side.op, &from, MVMP_CONTROL, frame, len, side.now);
	mvmp_enrol_operator_advance(side.op, side.now);
}

/* As soon as the operator's side knows the request it delivers something long. */
static void give(void)
{
	static const uint8_t bytes[MVMP_CLUSTER_MAX];
	const struct mvmp_enrol_delivery delivery = {.cluster_key = bytes,
		.cert = bytes,
		.cert_len = 9,
		.state = bytes,
		.state_len = 2000};

	if (!side.asked)
		return;
	side.asked = false;
	mvmp_enrol_operator_give(side.op, &delivery, side.now);
}

static void next_frame(struct mvmp_reader *r)
{
	uint8_t how = mvmp_get_u8(r), counter = mvmp_get_u8(r);
	size_t len = mvmp_get_u16(r);
	struct enrol_out out = {.bytes = {0}};
	const uint8_t id[ENROL_ID_LEN] = {how & OTHER_CONVERSATION};
	const uint8_t *body;

	len = len < r->left ? len : r->left;
	body = mvmp_get_view(r, len);
	if (!body)
		return;
	if (how & LATER)
		side.now += counter * MVMP_NS_PER_S;
	if (how & RAW) {
		hear(body, len, how & OTHER_SOURCE);
		return;
	}
	enrol_write_head(&out, (enum enrol_step)(how & STEP), id, counter);
	memcpy(enrol_out_body(&out), body, len < ENROL_BODY_LEN ? len : ENROL_BODY_LEN);
	hear(enrol_out_frame(&out), ENROL_FRAME_LEN, how & OTHER_SOURCE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);

	begin(mvmp_get_u8(&r) & 1);
	while (r.left && !r.bad) {
		next_frame(&r);
		give();
	}
	mvmp_enrol_node_free(side.node);
	mvmp_enrol_operator_free(side.op);
	return 0;
}
