/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include <mvmp/bytes.h>
#include <string.h>

/*
 * Frames that the receiver algorithm of SPECIFICATION.md (11) drops by their form, one row each
 * with the counter that step names, and well-formed ones whose payload is made up.
 */

enum { CONTROL = MVMP_ETHERTYPE_CONTROL, STATS = MVMP_ETHERTYPE_STATS };

static const struct shape {
	const char *what;
	uint8_t first, flags; /* version and kind */
	uint16_t told;	      /* payload length in the header */
	uint16_t sent;	      /* bytes after the header */
	uint32_t index;
	uint64_t counter;
	uint16_t ethertype;
	const char *verdict; /* NULL: not even seen */
	bool aggregator;     /* seen by those only who listen to stats */
} shapes[] = {
	{"header cut", 0x11, 0, 0, 0, 0, 0, CONTROL, "short"}, /* of these, 15 bytes are sent */
	{"PROBE cut by a byte", 0x11, 0, 208, 207, 0, 1, CONTROL, "short"},
	{"INIT cut by a byte", 0x13, 0, 528, 527, 0, 0, CONTROL, "short"},
	{"DATA without room for a tag", 0x16, 0, 16, 15, 9, 0, CONTROL, "short"},
	{"version 0", 0x03, 0, 528, 528, 0, 0, CONTROL, "version"},
	{"version 2", 0x23, 0, 528, 528, 0, 0, CONTROL, "version"},
	{"version 15", 0xf3, 0, 528, 528, 0, 0, CONTROL, "version"},
	{"kind 0", 0x10, 0, 208, 208, 0, 0, CONTROL, "kind"},
	{"kind 8", 0x18, 0, 208, 208, 0, 0, CONTROL, "kind"},
	{"kind 15", 0x1f, 0, 208, 208, 0, 0, CONTROL, "kind"},
	{"INIT that says less", 0x13, 0, 527, 528, 0, 0, CONTROL, "length"},
	{"INIT that says more, padded", 0x13, 0, 529, 900, 0, 0, CONTROL, "length"},
	{"PROBE that says 65535", 0x11, 0, 65535, 208, 0, 1, CONTROL, "length"},
	{"DATA beyond its frame", 0x16, 0, 101, 100, 9, 0, CONTROL, "length"},
	{"DATA of 65535 bytes", 0x16, 0, 65535, 1400, 9, 0, CONTROL, "length"},
	{"DATA oversized by a byte", 0x16, 0, 9201, 9201, 9, 0, CONTROL, "length"},
	{"flags", 0x13, 1, 528, 528, 0, 0, CONTROL, "reserved"},
	{"PROBE with an index", 0x11, 0, 208, 208, 9, 1, CONTROL, "reserved"},
	{"DATA without an index", 0x16, 0, 64, 64, 0, 0, CONTROL, "reserved"},
	{"INIT with a counter", 0x13, 0, 528, 528, 0, 1, CONTROL, "reserved"},
	{"PROBE with the counter of stats", 0x11, 0, 208, 208, 0, 1ull << 63, CONTROL, "reserved"},
	{"DATA of stats on control", 0x16, 0, 64, 64, 9, 1ull << 63, CONTROL, "ethertype"},
	{"made-up PROBE", 0x11, 0, 208, 208, 0, 1, CONTROL, "stranger"},
	{"made-up PROBE, padded", 0x11, 0, 208, 1000, 0, 2, CONTROL, "stranger"},
	{"made-up BEACON", 0x12, 0, 208, 208, 0, 1, CONTROL, "stranger"},
	{"made-up INIT", 0x13, 0, 528, 528, 0, 0, CONTROL, "stranger"},
	{"made-up INIT, padded", 0x13, 0, 528, 1400, 0, 0, CONTROL, "stranger"},
	{"ENROL to a member", 0x17, 0, 560, 560, 0, 0, CONTROL, "role"},
	{"REPLY nobody asked for", 0x14, 0, 480, 480, 9, 0, CONTROL, "session"},
	{"COOKIE nobody asked for", 0x15, 0, 64, 64, 9, 0, CONTROL, "session"},
	{"DATA of no session", 0x16, 0, 64, 64, 9, 0, CONTROL, "session"},
	{"DATA of no session, every index bit", 0x16, 0, 64, 64, ~0u, 0, CONTROL, "session"},
	{"INIT on the EtherType of stats", 0x13, 0, 528, 528, 0, 0, STATS, "ethertype", true},
	{"DATA of control on stats", 0x16, 0, 64, 64, 9, 0, STATS, "ethertype", true},
	{"INIT on an EtherType of others", 0x13, 0, 528, 528, 0, 0, 0x88b7, NULL},
	{"INIT in an 802.1Q tag's place", 0x13, 0, 528, 528, 0, 0, 0x8100, NULL},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void put_header(uint8_t *frame, const struct shape *shape)
{
	struct mvmp_writer w = mvmp_writer(frame, MVMP_HEADER_LEN);

	mvmp_put_u8(&w, shape->first);
	mvmp_put_u8(&w, shape->flags);
	mvmp_put_u16(&w, shape->told);
	mvmp_put_u32(&w, shape->index);
	mvmp_put_u64(&w, shape->counter);
}

static void send_shape(struct attack *attack, const struct shape *shape, uint64_t n)
{
	uint8_t frame[WIRE_FRAME_MAX], src[MVMP_MAC_LEN];
	size_t len = shape->sent ? (size_t)MVMP_HEADER_LEN + shape->sent : MVMP_HEADER_LEN - 1;

	mvmp_random_os(NULL, frame, len + 1);
	put_header(frame, shape);
	attack_source(attack, src, n);
	wire_send(&attack->wire, attack->victim, src, shape->ethertype, frame, len);
}

static uint64_t shapes_of(const char *verdict, bool aggregator)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < SHAPES; i++)
		count += shapes[i].verdict && !strcmp(shapes[i].verdict, verdict) &&
			 (aggregator || !shapes[i].aggregator);
	return count;
}

static bool told_before(unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (shapes[i].verdict && !strcmp(shapes[i].verdict, shapes[at].verdict))
			return true;
	}
	return false;
}

static bool has_word(const struct attack *attack, const char *word)
{
	return attack->argc > 0 && !strcmp(attack->argv[0], word);
}

/* `frames` of every shape, to an agent or to an aggregator; "own": from the victim's own MAC, of
 * which nobody sees anything. */
int attack_shapes(struct attack *attack)
{
	bool aggregator = has_word(attack, "aggregator"), own = has_word(attack, "own");

	for (uint64_t n = 0; n < attack->frames; n++) {
		for (unsigned i = 0; i < SHAPES; i++)
			send_shape(attack, &shapes[i], n * SHAPES + i);
	}
	for (unsigned i = 0; i < SHAPES; i++) {
		printf("shape %s: %s\n", shapes[i].what,
			shapes[i].verdict ? shapes[i].verdict : "not seen");
		if (shapes[i].verdict && !told_before(i) && !own)
			attack_expect(shapes[i].verdict,
				attack->frames * shapes_of(shapes[i].verdict, aggregator));
	}
	attack_report(attack);
	return 0;
}

/* A flood of one well-formed shape. The payload's first bytes differ from frame to frame. */
int attack_strangers(struct attack *attack)
{
	static const struct shape flood[] = {
		{"probe", 0x11, 0, 208, 208, 0, 1, CONTROL, "stranger"},
		{"beacon", 0x12, 0, 208, 208, 0, 1, CONTROL, "stranger"},
		{"init", 0x13, 0, 528, 528, 0, 0, CONTROL, "stranger"},
		{"reply", 0x14, 0, 480, 480, 9, 0, CONTROL, "session"},
		{"cookie", 0x15, 0, 64, 64, 9, 0, CONTROL, "session"},
		{"data", 0x16, 0, 1400, 1400, 9, 0, CONTROL, "session"},
		{"enrol", 0x17, 0, 560, 560, 0, 0, CONTROL, "role"}, /* a member's */
		{"short", 0x13, 0, 528, 40, 0, 0, CONTROL, "short"},
	};
	uint8_t frame[MVMP_HEADER_LEN + 1400], src[MVMP_MAC_LEN];
	uint64_t begin = wire_now(), n;
	const struct shape *shape = NULL;

	for (unsigned i = 0; attack->argc && i < sizeof flood / sizeof flood[0]; i++) {
		if (!strcmp(flood[i].what, attack->argv[0]))
			shape = &flood[i];
	}
	if (!shape)
		return 2;
	mvmp_random_os(NULL, frame, sizeof frame);
	put_header(frame, shape);
	for (n = 0; attack_goes_on(attack, begin, n); n++) {
		memcpy(frame + MVMP_HEADER_LEN, &n, sizeof n);
		attack_source(attack, src, n);
		wire_send(&attack->wire, attack->victim, src, shape->ethertype, frame,
			(size_t)MVMP_HEADER_LEN + shape->sent);
	}
	attack_expect(shape->verdict, n);
	attack_report(attack);
	return 0;
}
