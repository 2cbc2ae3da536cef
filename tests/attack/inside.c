/* SPDX-License-Identifier: Apache-2.0 */
#include "../../proto/session/record.h"
#include "command.h"
#include "contact.h"
#include <err.h>
#include <string.h>

/*
 * A member's session whose sealed frames hold what no honest program sends: one frame a row, in
 * this order, each with the counter that SPECIFICATION.md (8.2, 8.3, 11) names.
 */

enum {
	ACK_BODY_MAX = MVMP_ACK_HEAD + MVMP_ACK_BITMAP_MAX,
	NEVER_SENT = 1000000,
};

struct piece {
	uint32_t sequence, message, total, offset;
	uint16_t len;
};

static const struct row {
	const char *what;
	uint8_t type;
	uint16_t told, sent; /* length of the body, in the record's head and really */
	struct piece piece;  /* FRAGMENT */
	uint32_t next;	     /* ACK */
	const char *verdict; /* NULL: accepted */
} rows[] = {
	{.what = "type 0", .type = 0, .verdict = "record"},
	{"record beyond the frame", MVMP_RECORD_PING, 200, 8, .verdict = "record"},
	{"PING of 7 bytes", MVMP_RECORD_PING, 7, 7, .verdict = "record"},
	{"PONG of 9 bytes", MVMP_RECORD_PONG, 9, 9, .verdict = "record"},
	{"PONG nobody asked for", MVMP_RECORD_PONG, 8, 8, .verdict = NULL},
	{"ACK of 9 bytes", MVMP_RECORD_ACK, 9, 9, .verdict = "record"},
	{"ACK with a long bitmap", MVMP_RECORD_ACK, ACK_BODY_MAX + 1, ACK_BODY_MAX + 1,
		.verdict = "record"},
	{"ACK of what was never sent", MVMP_RECORD_ACK, 10, 10, .next = NEVER_SENT,
		.verdict = "record"},
	{"CLOSE without a reason", MVMP_RECORD_CLOSE, 0, 0, .verdict = "record"},
	{"type of a later version", 200, 40, 40, .verdict = NULL},
	{"fragment without bytes", MVMP_RECORD_FRAGMENT, 16, 16, {3, 3, 10, 0, 0},
		.verdict = "record"},
	{"message of no bytes", MVMP_RECORD_FRAGMENT, 17, 17, {3, 3, 0, 0, 1}, .verdict = "record"},
	{"message too long", MVMP_RECORD_FRAGMENT, 26, 26, {3, 3, MVMP_MESSAGE_MAX + 1, 0, 10},
		.verdict = "record"},
	{"message of 4 GiB", MVMP_RECORD_FRAGMENT, 26, 26, {3, 3, ~0u, 0, 10}, .verdict = "record"},
	{"fragment beyond its message", MVMP_RECORD_FRAGMENT, 26, 26, {3, 3, 100, 91, 10},
		.verdict = "record"},
	{"offset that wraps", MVMP_RECORD_FRAGMENT, 26, 26, {3, 3, 100, ~0u - 4, 10},
		.verdict = "record"},
	{"sequence number beyond the window", MVMP_RECORD_FRAGMENT, 26, 26,
		{MVMP_WINDOW, 3, 100, 0, 10}, .verdict = "window"},
	{"sequence number of the past", MVMP_RECORD_FRAGMENT, 26, 26, {~0u, 3, 100, 0, 10},
		.verdict = NULL}, /* taken for a repetition */
	{"message far ahead", MVMP_RECORD_FRAGMENT, 26, 26, {3, 32, 100, 0, 10},
		.verdict = "window"},
	{"message of the past", MVMP_RECORD_FRAGMENT, 26, 26, {3, ~0u, 100, 0, 10},
		.verdict = "window"},
	{"first part of a message", MVMP_RECORD_FRAGMENT, 76, 76, {3, 3, 100, 0, 60},
		.verdict = NULL},
	{"another total for it", MVMP_RECORD_FRAGMENT, 36, 36, {4, 3, 200, 60, 20},
		.verdict = "window"},
	{"overlap of it", MVMP_RECORD_FRAGMENT, 76, 76, {5, 3, 100, 30, 60}, .verdict = "window"},
	{"the same fragment again", MVMP_RECORD_FRAGMENT, 76, 76, {3, 3, 100, 0, 60},
		.verdict = NULL},
	{"overlap that fills it up", MVMP_RECORD_FRAGMENT, 56, 56, {6, 3, 100, 20, 40},
		.verdict = NULL}, /* garbage, but whole: message 3 waits for 0 to 2 */
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static size_t put_row(uint8_t *plain, size_t size, const struct row *row)
{
	struct mvmp_writer w = mvmp_writer(plain, size);
	size_t head;

	memset(plain, 0, size);
	mvmp_put_u8(&w, row->type);
	mvmp_put_u8(&w, 0);
	mvmp_put_u16(&w, row->told);
	head = w.used;
	if (row->type == MVMP_RECORD_FRAGMENT) {
		mvmp_put_u32(&w, row->piece.sequence);
		mvmp_put_u32(&w, row->piece.message);
		mvmp_put_u32(&w, row->piece.total);
		mvmp_put_u32(&w, row->piece.offset);
	} else if (row->type == MVMP_RECORD_ACK) {
		mvmp_put_u32(&w, row->next);
	}
	return head + row->sent;
}

/* What is wrong with a frame outside its seal. */
enum wrong { WRONG_INDEX, WRONG_SOURCE, WRONG_TAG, WRONG_COUNTER, WRONG_AGAIN, WRONGS };

static const struct {
	const char *what, *verdict;
} wrongs[WRONGS] = {
	[WRONG_INDEX] = {"index of no session", "session"},
	[WRONG_SOURCE] = {"from another MAC", "mac"},
	[WRONG_TAG] = {"one bit of the seal turned", "tag"},
	[WRONG_COUNTER] = {"another counter than sealed", "tag"},
	[WRONG_AGAIN] = {"the same frame again", "replay"},
};

/* A sealed PING, made wrong afterwards. */
static void send_wrong(struct contact *contact, enum wrong wrong)
{
	uint8_t ping[12] = {MVMP_RECORD_PING, 0, 8}, copy[WIRE_FRAME_MAX];
	struct wire *wire = contact->wire;
	uint8_t *frame;
	size_t len;

	wire_flush(wire);
	contact_send(contact, MVMP_CONTROL, ping, sizeof ping);
	frame = wire->batch[0] + WIRE_HEADER_LEN;
	len = wire->len[0] - WIRE_HEADER_LEN;
	memcpy(copy, frame, len);
	if (wrong == WRONG_INDEX)
		memset(frame + 4, 0xee, 4);
	else if (wrong == WRONG_SOURCE)
		wire_mac(wire->batch[0] + MVMP_MAC_LEN, 77);
	else if (wrong == WRONG_TAG)
		frame[len - 1] ^= 1;
	else if (wrong == WRONG_COUNTER)
		frame[8] ^= 0x40;
	wire_flush(wire);
	if (wrong != WRONG_AGAIN)
		return;
	wire_send(wire, contact->dst, contact->src, MVMP_ETHERTYPE_CONTROL, copy, len);
	wire_flush(wire);
}

/* Counts the rows' verdicts, those of `wrongs` as well. */
static void expect_all(void)
{
	static const char *const names[] = {"record", "window", "session", "mac", "tag", "replay"};

	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
		uint64_t count = 0;

		for (unsigned i = 0; i < ROWS; i++)
			count += rows[i].verdict && !strcmp(rows[i].verdict, names[k]);
		for (unsigned i = 0; i < WRONGS; i++)
			count += !strcmp(wrongs[i].verdict, names[k]);
		attack_expect(names[k], count);
	}
}

/* The session lives if a PING is answered by a PONG with its token. */
static bool is_alive(struct contact *contact)
{
	uint8_t ping[12] = {MVMP_RECORD_PING, 0, 8, 0, 0x77, 0x66, 0x55}, plain[WIRE_FRAME_MAX];
	uint64_t until = wire_now() + 2 * MVMP_NS_PER_S;
	size_t len;

	contact_send(contact, MVMP_CONTROL, ping, sizeof ping);
	wire_flush(contact->wire);
	while ((len = contact_receive(contact, plain, until)) > 0) {
		struct mvmp_reader r = mvmp_reader(plain, len);
		struct mvmp_frame_record record;

		while (mvmp_record_next(&r, &record)) {
			if (record.type == MVMP_RECORD_PONG && record.body.left == 8 &&
				!memcmp(record.body.at, ping + 4, 8))
				return true;
		}
	}
	return false;
}

static void connect_or_exit(struct attack *attack, struct contact *contact)
{
	int refusal;

	*contact = (struct contact){.wire = &attack->wire, .thief = &attack->thief};
	attack_learn_instance(attack, contact->instance);
	memcpy(contact->src, attack->src, MVMP_MAC_LEN);
	memcpy(contact->dst, attack->victim, MVMP_MAC_LEN);
	refusal = contact_open(contact, 3000);
	if (refusal)
		errx(1, "no session: refusal %d", refusal);
}

int attack_inside(struct attack *attack)
{
	uint8_t plain[1024];
	struct contact contact;

	connect_or_exit(attack, &contact);
	for (unsigned i = 0; i < ROWS; i++) {
		contact_send(&contact, MVMP_CONTROL, plain, put_row(plain, sizeof plain, &rows[i]));
		printf("row %s: %s\n", rows[i].what, rows[i].verdict ? rows[i].verdict : "-");
	}
	for (unsigned i = 0; i < WRONGS; i++) {
		send_wrong(&contact, (enum wrong)i);
		printf("row %s: %s\n", wrongs[i].what, wrongs[i].verdict);
	}
	expect_all();
	printf("alive %d\n", is_alive(&contact));
	attack_report(attack);
	contact_drop(&contact);
	return 0;
}
