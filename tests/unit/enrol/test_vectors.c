/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <wire.h>

enum { LINES_MAX = 32 };

static struct line {
	char name[32];
	uint8_t bytes[ENROL_FRAME_LEN];
	size_t len;
} lines[LINES_MAX];

static const struct line *find(const char *name)
{
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (!strcmp(lines[i].name, name))
			return &lines[i];
	}
	fail_msg("there is no vector %s", name);
	return NULL;
}

static int read_vectors(void **state)
{
	FILE *file = fopen(VECTORS "/enrol.txt", "r");
	char text[1300], hex[1200];
	unsigned n = 0;

	while (file && n < LINES_MAX && fgets(text, sizeof text, file)) {
		if (text[0] == '#' || sscanf(text, "%31s %1199s", lines[n].name, hex) != 2)
			continue;
		lines[n].len = strlen(hex) / 2;
		if (mvmp_unhex(lines[n].bytes, lines[n].len, hex))
			return -1;
		n++;
	}
	if (file)
		fclose(file);
	return n ? 0 : -1;
}

/* One side, whose random draws are the vector's. */
struct end {
	const char *ephemeral;
	struct mvmp_enrol_node *node;
	struct mvmp_enrol_operator *op;
	uint8_t sent[ENROL_FRAME_LEN];
	size_t sent_len;
	struct mvmp_enrol_request request;
	struct mvmp_error outcome;
};

static void draw(void *ctx, void *to, size_t len)
{
	const struct line *line =
		find(len == ENROL_ID_LEN ? "conversation" : ((struct end *)ctx)->ephemeral);

	assert_int_equal(line->len, len);
	memcpy(to, line->bytes, len);
}

static int keep(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	struct end *end = ctx;

	assert_int_equal(len, ENROL_FRAME_LEN);
	memcpy(end->sent, frame, len);
	end->sent_len = len;
	return 0;
}

static void requested(
	void *ctx, const struct mvmp_enrol_request *request, const struct mvmp_addr *from)
{
	((struct end *)ctx)->request = *request;
}

static void concluded(void *ctx, const struct mvmp_error *outcome)
{
	((struct end *)ctx)->outcome = *outcome;
}

static struct mvmp_enrol_delivery taken;

/* Keeps it and refuses it. */
static void delivered(
	void *ctx, const struct mvmp_enrol_delivery *delivery, const struct mvmp_addr *by)
{
	struct end *end = ctx;
	struct mvmp_error no = {.status = MVMP_NOT_TRUSTED, .text = "no"};
	static uint8_t copy[MVMP_ENROL_DELIVERY_MAX];
	int len = mvmp_enrol_delivery_encode(copy, delivery);

	assert_true(mvmp_enrol_delivery_decode(&taken, copy, (size_t)len));
	mvmp_enrol_node_conclude(end->node, &no, 1);
}

static void passes(const struct end *from, const char *name)
{
	const struct line *line = find(name);

	assert_int_equal(from->sent_len, line->len);
	assert_memory_equal(from->sent, line->bytes, line->len);
}

static void begin(struct end *node, struct end *op)
{
	struct mvmp_enrol_node_config config = {.crypto = &mvmp_crypto_openssl,
		.env = {node, keep, draw},
		.secret = find("code")->bytes,
		.request = {.name = "node-7", .macs = 1},
		.delivered = delivered};
	struct mvmp_enrol_operator_config other = {.crypto = &mvmp_crypto_openssl,
		.env = {op, keep, draw},
		.secret = find("code")->bytes,
		.patience_ns = MVMP_NS_PER_S,
		.requested = requested,
		.concluded = concluded};

	*node = (struct end){.ephemeral = "node_ephemeral"};
	*op = (struct end){.ephemeral = "operator_ephemeral"};
	memcpy(config.request.mac[0], find("node_mac")->bytes, MVMP_MAC_LEN);
	mvmp_crypto_openssl.dh_public(config.request.key, find("node_secret")->bytes);
	assert_int_equal(mvmp_enrol_node_new(&config, 0, &node->node, NULL), 0);
	assert_int_equal(mvmp_enrol_operator_new(&other, 0, &op->op, NULL), 0);
}

static struct mvmp_addr address(const uint8_t *mac)
{
	struct mvmp_addr addr = {.link = 0};

	memcpy(addr.mac, mac, MVMP_MAC_LEN);
	return addr;
}

/* Every frame of an enrolment is byte for byte what another program made from the
 * specification. */
static void enrolment(void **state)
{
	struct mvmp_addr at_node = address(find("node_mac")->bytes);
	struct mvmp_addr at_operator = address((const uint8_t[]){2, 0, 0, 0, 0, 2});
	struct mvmp_enrol_delivery delivery;
	struct end node, op;

	begin(&node, &op);
	passes(&op, "frame_first");
	mvmp_enrol_node_receive(node.node, &at_operator, MVMP_CONTROL, op.sent, op.sent_len, 1);
	passes(&node, "frame_second");
	mvmp_enrol_operator_receive(op.op, &at_node, MVMP_CONTROL, node.sent, node.sent_len, 1);
	assert_string_equal(op.request.name, "node-7");
	/* The node opens the vector's question; what it held makes the same question again. */
	mvmp_enrol_node_receive(node.node, &at_operator, MVMP_CONTROL,
		find("frame_question")->bytes, ENROL_FRAME_LEN, 1);
	passes(&node, "frame_answer");
	delivery = taken;
	assert_int_equal(mvmp_enrol_operator_give(op.op, &delivery, 1), 0);
	passes(&op, "frame_question");
	mvmp_enrol_operator_receive(op.op, &at_node, MVMP_CONTROL, node.sent, node.sent_len, 1);
	assert_int_equal(op.outcome.status, MVMP_NOT_TRUSTED);
	assert_string_equal(op.outcome.text, "no");
	mvmp_enrol_node_free(node.node);
	mvmp_enrol_operator_free(op.op);
}

/* The code's text is the specification's. */
static void code(void **state)
{
	const struct line *text = find("code_text");
	char made[MVMP_ENROL_CODE_SIZE];

	mvmp_enrol_code_text(made, find("code")->bytes);
	assert_int_equal(strlen(made), text->len);
	assert_memory_equal(made, text->bytes, text->len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enrolment),
		cmocka_unit_test(code),
	};

	return cmocka_run_group_tests(tests, read_vectors, NULL);
}
