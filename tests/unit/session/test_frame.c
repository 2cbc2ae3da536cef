/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <mvmp/frame.h>

/* The header's bytes, then as many zeros as `len` asks for. */
struct row {
	const char *what;
	uint8_t header[MVMP_HEADER_LEN];
	size_t len;
	enum mvmp_channel channel;
	enum mvmp_verdict verdict;
};

#define PROBE_BYTES  0x11, 0, 208, 0, 0, 0, 0, 0
#define BEACON_BYTES 0x12, 0, 208, 0, 0, 0, 0, 0
#define NO_COUNTER   0, 0, 0, 0, 0, 0, 0, 0
#define ON_STATS     5, 0, 0, 0, 0, 0, 0, 0x80

/* Sizes by SPECIFICATION.md: PROBE and BEACON 208 bytes of payload, INIT 528, REPLY 480, COOKIE
 * 64, DATA at least 16. */
static const struct row rows[] = {
	{"nothing", {0}, 0, MVMP_CONTROL, MVMP_DROP_SHORT},
	{"15 bytes", {PROBE_BYTES, NO_COUNTER}, 15, MVMP_CONTROL, MVMP_DROP_SHORT},
	{"probe", {PROBE_BYTES, 9}, 224, MVMP_CONTROL, MVMP_ACCEPTED},
	{"probe with padding", {PROBE_BYTES, 9}, 300, MVMP_CONTROL, MVMP_ACCEPTED},
	{"probe, a byte missing", {PROBE_BYTES, 9}, 223, MVMP_CONTROL, MVMP_DROP_SHORT},
	{"probe, wrong length", {0x11, 0, 207, 0}, 224, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"probe, length beyond the frame", {0x11, 0, 0, 8}, 224, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"version 2", {0x21, 0, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_VERSION},
	{"version 0", {0x01, 0, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_VERSION},
	{"kind 0", {0x10, 0, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_KIND},
	{"kind 8", {0x18, 0, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_KIND},
	{"kind 15", {0x1f, 0, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_KIND},
	{"flags", {0x11, 1, 208, 0}, 224, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"probe with index", {0x11, 0, 208, 0, 1}, 224, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"probe, counter's top bit", {PROBE_BYTES, ON_STATS}, 224, MVMP_STATS, MVMP_DROP_RESERVED},
	{"probe on stats", {PROBE_BYTES, 9}, 224, MVMP_STATS, MVMP_DROP_ETHERTYPE},
	{"beacon", {BEACON_BYTES, 9}, 224, MVMP_CONTROL, MVMP_ACCEPTED},
	{"init", {0x13, 0, 0x10, 2}, 544, MVMP_CONTROL, MVMP_ACCEPTED},
	{"init with index", {0x13, 0, 0x10, 2, 1}, 544, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"init with counter", {0x13, 0, 0x10, 2, 0, 0, 0, 0, 1}, 544, MVMP_CONTROL,
		MVMP_DROP_RESERVED},
	{"init too short", {0x13, 0, 0x0f, 2}, 544, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"init too long", {0x13, 0, 0x11, 2}, 600, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"reply", {0x14, 0, 0xe0, 1, 7}, 496, MVMP_CONTROL, MVMP_ACCEPTED},
	{"reply without index", {0x14, 0, 0xe0, 1}, 496, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"cookie", {0x15, 0, 64, 0, 7}, 80, MVMP_CONTROL, MVMP_ACCEPTED},
	{"cookie on stats", {0x15, 0, 64, 0, 7}, 80, MVMP_STATS, MVMP_DROP_ETHERTYPE},
	{"data", {0x16, 0, 16, 0, 7}, 46, MVMP_CONTROL, MVMP_ACCEPTED},
	{"data too short for its tag", {0x16, 0, 15, 0, 7}, 46, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"data without index", {0x16, 0, 16, 0}, 46, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"data of stats", {0x16, 0, 16, 0, 7, 0, 0, 0, ON_STATS}, 46, MVMP_STATS, MVMP_ACCEPTED},
	{"stats on control", {0x16, 0, 16, 0, 7, 0, 0, 0, ON_STATS}, 46, MVMP_CONTROL,
		MVMP_DROP_ETHERTYPE},
	{"control on stats", {0x16, 0, 16, 0, 7}, 46, MVMP_STATS, MVMP_DROP_ETHERTYPE},
	{"longest data", {0x16, 0, 0xf0, 0x23, 7}, 9216, MVMP_CONTROL, MVMP_ACCEPTED},
	{"enrol", {0x17, 0, 0x30, 2}, 576, MVMP_CONTROL, MVMP_ACCEPTED},
	{"enrol, too short", {0x17, 0, 0x2f, 2}, 575, MVMP_CONTROL, MVMP_DROP_SHORT},
	{"enrol, too long", {0x17, 0, 0x31, 2}, 577, MVMP_CONTROL, MVMP_DROP_LENGTH},
	{"enrol with an index", {0x17, 0, 0x30, 2, 7}, 576, MVMP_CONTROL, MVMP_DROP_RESERVED},
	{"enrol on stats", {0x17, 0, 0x30, 2}, 576, MVMP_STATS, MVMP_DROP_ETHERTYPE},
	{"data beyond the longest", {0x16, 0, 0xf1, 0x23, 7}, 9300, MVMP_CONTROL, MVMP_DROP_LENGTH},
};

/* Every frame gets the verdict of the first rule it breaks, in the order length, version, kind,
 * size, reserved fields, EtherType; padding after the payload is ignored. */
static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[9400] = {0};
		struct mvmp_frame frame;
		enum mvmp_verdict verdict;

		memcpy(bytes, rows[i].header, MVMP_HEADER_LEN);
		verdict = mvmp_frame_decode(&frame, rows[i].channel, bytes, rows[i].len);
		if (verdict != rows[i].verdict)
			fail_msg("%s: %s, expected %s", rows[i].what, mvmp_verdict_name(verdict),
				mvmp_verdict_name(rows[i].verdict));
	}
}

/* Fields are read little-endian from their offsets, and written back to the same bytes. */
static void fields(void **state)
{
	static const uint8_t bytes[MVMP_HEADER_LEN + 16] = {
		0x16, 0, 16, 0, 0x78, 0x56, 0x34, 0x12, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t again[MVMP_HEADER_LEN];
	struct mvmp_frame frame;

	assert_int_equal(
		mvmp_frame_decode(&frame, MVMP_CONTROL, bytes, sizeof(bytes)), MVMP_ACCEPTED);
	assert_int_equal(frame.kind, MVMP_DATA);
	assert_int_equal(frame.payload_len, 16);
	assert_int_equal(frame.index, 0x12345678);
	assert_int_equal(frame.counter, 0x0102030405060708);
	assert_ptr_equal(frame.payload, bytes + 16);
	mvmp_frame_encode(again, &frame);
	assert_memory_equal(again, bytes, MVMP_HEADER_LEN);
}

/* An INIT fits the least MTU, and no unauthenticated answer is longer than its question. */
static void sizes(void **state)
{
	assert_int_equal(MVMP_HEADER_LEN + MVMP_PROBE_PAYLOAD, 224);
	assert_int_equal(MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD, 544);
	assert_int_equal(MVMP_HEADER_LEN + MVMP_REPLY_PAYLOAD, 496);
	assert_int_equal(MVMP_HEADER_LEN + MVMP_COOKIE_PAYLOAD, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(fields),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
