/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../proto/link/filter.h"
#include "../cmocka_all.h"
#include <mvmp/frame.h>
#include <pcap/pcap.h>

static const uint8_t own[6] = {0x02, 0, 0, 0, 0, 1};
static const uint8_t other[6] = {0x02, 0, 0, 0, 0, 2};

enum { CONTROL = 0x88B5, STATS = 0x88B6, VERSION_1 = 0x10 };

struct wire {
	uint8_t bytes[64];
	unsigned len;
};

static void put_u16(struct wire *wire, unsigned v)
{
	wire->bytes[wire->len++] = (uint8_t)(v >> 8);
	wire->bytes[wire->len++] = (uint8_t)v;
}

/* A frame of one header's length; `tag` below 0: untagged. */
static struct wire frame_of(
	const uint8_t *dst, const uint8_t *src, int tag, unsigned type, int kind)
{
	struct wire wire = {0};

	memcpy(wire.bytes, dst, 6);
	memcpy(wire.bytes + 6, src, 6);
	wire.len = 12;
	if (tag >= 0) {
		put_u16(&wire, 0x8100);
		put_u16(&wire, (unsigned)tag);
	}
	put_u16(&wire, type);
	wire.bytes[wire.len] = (uint8_t)(VERSION_1 | kind);
	wire.len += MVMP_HEADER_LEN;
	return wire;
}

static struct ethernet_rules rules_of(unsigned control, unsigned stats)
{
	struct ethernet_rules rules = {.ethertype = {(uint16_t)control, (uint16_t)stats}};

	memcpy(rules.mac, own, 6);
	return rules;
}

static bool passes(const struct ethernet_rules *rules, enum filter_frames frames, struct wire wire)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 1600);
	struct pcap_pkthdr header = {.caplen = wire.len, .len = wire.len};
	char text[FILTER_TEXT_SIZE];
	struct bpf_program program;
	bool passed;

	filter_text(text, rules, frames);
	if (pcap_compile(dead, &program, text, 1, PCAP_NETMASK_UNKNOWN))
		fail_msg("%s: %s", text, pcap_geterr(dead));
	passed = pcap_offline_filter(&program, &header, wire.bytes) != 0;
	pcap_freecode(&program);
	pcap_close(dead);
	return passed;
}

static void goes_to(const struct ethernet_rules *rules, struct wire wire, int ring)
{
	for (int f = FILTER_SESSION; f <= FILTER_STATS; f++)
		assert_int_equal(passes(rules, (enum filter_frames)f, wire), f == ring);
}

static int ring_of(int kind)
{
	return kind == 1 || kind == 3 || kind == 7 ? FILTER_STRANGER : FILTER_SESSION;
}

/* PROBE (1), INIT (3) and ENROL (7) get to the one ring, every other kind, known or not, to the
 * other: untagged, with a priority tag and with a VLAN's, to our MAC and to the group. */
static void test_kinds(void **state)
{
	static const int tags[] = {-1, 0, 0xe000, 5};
	struct ethernet_rules rules = rules_of(CONTROL, STATS);

	for (int kind = 0; kind < 16; kind++) {
		for (unsigned t = 0; t < sizeof tags / sizeof tags[0]; t++) {
			goes_to(&rules, frame_of(own, other, tags[t], CONTROL, kind),
				ring_of(kind));
			goes_to(&rules, frame_of(mvmp_group, other, tags[t], CONTROL, kind),
				ring_of(kind));
		}
	}
}

/* The kind is the low half of the byte, whatever version the other half says. */
static void test_versions(void **state)
{
	struct ethernet_rules rules = rules_of(CONTROL, STATS);

	for (unsigned version = 0; version < 16; version++) {
		struct wire init = frame_of(own, other, -1, CONTROL, 3);
		struct wire data = frame_of(own, other, 5, CONTROL, 6);

		init.bytes[14] = (uint8_t)(version << 4 | 3);
		data.bytes[18] = (uint8_t)(version << 4 | 6);
		goes_to(&rules, init, FILTER_STRANGER);
		goes_to(&rules, data, FILTER_SESSION);
	}
}

/* The ring of stats takes every kind of its EtherType, tagged or not. */
static void test_stats(void **state)
{
	struct ethernet_rules rules = rules_of(CONTROL, STATS);

	for (int kind = 0; kind < 16; kind++) {
		goes_to(&rules, frame_of(own, other, -1, STATS, kind), FILTER_STATS);
		goes_to(&rules, frame_of(own, other, 5, STATS, kind), FILTER_STATS);
	}
}

/* EtherTypes of our own choice replace the usual ones. */
static void test_other_types(void **state)
{
	struct ethernet_rules rules = rules_of(0x88B7, 0xffff);

	goes_to(&rules, frame_of(own, other, -1, 0x88B7, 3), FILTER_STRANGER);
	goes_to(&rules, frame_of(own, other, 7, 0x88B7, 6), FILTER_SESSION);
	goes_to(&rules, frame_of(own, other, 7, 0xffff, 3), FILTER_STATS);
	goes_to(&rules, frame_of(own, other, -1, CONTROL, 3), -1);
	goes_to(&rules, frame_of(own, other, 7, STATS, 6), -1);
}

/* No ring takes frames to others, frames of ours, other types, nor a frame that ends before its
 * kind. */
static void test_refused(void **state)
{
	struct ethernet_rules rules = rules_of(CONTROL, STATS);
	struct wire cut = frame_of(own, other, -1, CONTROL, 3);

	for (int kind = 0; kind < 16; kind++) {
		goes_to(&rules, frame_of(other, other, -1, CONTROL, kind), -1);
		goes_to(&rules, frame_of(mvmp_group, own, -1, CONTROL, kind), -1);
		goes_to(&rules, frame_of(own, other, -1, 0x0800, kind), -1);
		goes_to(&rules, frame_of(own, other, 5, 0x8100, kind), -1);
	}
	cut.len = ETHERNET_HEADER_LEN;
	goes_to(&rules, cut, -1);
}

/* The longest text has room. */
static void test_room(void **state)
{
	struct ethernet_rules rules = rules_of(0xfffe, 0xffff);
	char text[FILTER_TEXT_SIZE];

	memset(rules.mac, 0xff, sizeof rules.mac);
	for (int f = FILTER_SESSION; f <= FILTER_STATS; f++) {
		filter_text(text, &rules, (enum filter_frames)f);
		assert_true(strlen(text) + 1 < sizeof text);
		assert_string_equal(text + strlen(text) - 17, "ff:ff:ff:ff:ff:ff");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
