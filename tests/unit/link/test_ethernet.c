/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../proto/link/ethernet.h"
#include "../cmocka_all.h"

static const uint8_t own[6] = {0x02, 0, 0, 0, 0, 1};
static const uint8_t other[6] = {0x02, 0, 0, 0, 0, 2};

static struct ethernet_rules rules_of(const uint8_t mac[6], uint16_t vlan)
{
	struct ethernet_rules rules = {.ethertype = {0x88B5, 0x88B6}, .vlan = vlan};

	memcpy(rules.mac, mac, 6);
	return rules;
}

/* Wraps "hello" from `other` to `dst`; returns the wire bytes inside *buf. */
static uint8_t *wire_of(
	uint8_t buf[128], uint16_t vlan, const uint8_t *dst, enum mvmp_channel channel, size_t *len)
{
	struct ethernet_rules rules = rules_of(other, vlan);

	memcpy(buf + MVMP_LINK_HEADROOM, "hello", 5);
	*len = 5;
	return ethernet_wrap(&rules, dst, channel, buf + MVMP_LINK_HEADROOM, len);
}

/* An untagged frame has the 14 bytes of IEEE 802.3 in front and comes back whole. */
static void test_untagged(void **state)
{
	struct ethernet_rules rules = rules_of(own, 0);
	struct ethernet_frame frame;
	uint8_t buf[128];
	size_t len;
	uint8_t *wire = wire_of(buf, 0, own, MVMP_STATS, &len);

	assert_int_equal(len, 19);
	assert_memory_equal(wire, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb6hello", 19);
	assert_true(ethernet_unwrap(&frame, &rules, wire, len));
	assert_int_equal(frame.channel, MVMP_STATS);
	assert_int_equal(frame.len, 5);
	assert_memory_equal(frame.src, other, 6);
	assert_memory_equal(frame.payload, "hello", 5);
}

/* A tagged frame is for the link of its VLAN only; VLAN 0 is a priority tag, not a VLAN. */
static void test_tagged(void **state)
{
	struct ethernet_rules untagged = rules_of(own, 0), vlan100 = rules_of(own, 100),
			      vlan200 = rules_of(own, 200);
	struct ethernet_frame frame;
	uint8_t buf[128];
	size_t len;
	uint8_t *wire = wire_of(buf, 100, own, MVMP_CONTROL, &len);

	assert_int_equal(len, 23);
	assert_memory_equal(wire + 12, "\x81\0\0\x64\x88\xb5", 6);
	assert_true(ethernet_unwrap(&frame, &vlan100, wire, len));
	assert_int_equal(frame.len, 5);
	assert_false(ethernet_unwrap(&frame, &vlan200, wire, len));
	assert_false(ethernet_unwrap(&frame, &untagged, wire, len));
	wire[14] = 0xe0; /* priority 7, VLAN 0 */
	wire[15] = 0;
	assert_true(ethernet_unwrap(&frame, &untagged, wire, len));
}

/* Frames to others, from ourselves, of other types, or cut short are not ours. */
static void test_not_ours(void **state)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct ethernet_rules rules = rules_of(own, 0), theirs = rules_of(other, 0);
	struct ethernet_frame frame;
	uint8_t buf[128];
	size_t len;
	uint8_t *wire = wire_of(buf, 0, mvmp_group, MVMP_CONTROL, &len);

	assert_true(ethernet_unwrap(&frame, &rules, wire, len));
	assert_false(ethernet_unwrap(&frame, &theirs, wire, len));
	for (size_t cut = 0; cut < 14; cut++)
		assert_false(ethernet_unwrap(&frame, &rules, wire, cut));
	wire[13] = 0xb7;
	assert_false(ethernet_unwrap(&frame, &rules, wire, len));
	wire = wire_of(buf, 0, broadcast, MVMP_CONTROL, &len);
	assert_false(ethernet_unwrap(&frame, &rules, wire, len));
}

/* "eth1" is an interface, "eth1@100" its VLAN 100, "/88b7,88b8" other EtherTypes; anything else
 * is refused by name. */
static void test_interface_text(void **state)
{
	static const char *const bad[] = {"", "@5", "eth1@", "eth1@0", "eth1@4095", "eth1@5x",
		"a-name-of-16-chr", "eth1/", "eth1/88b7", "eth1/88b7,", "eth1/88b7,88b7",
		"eth1/5ff,88b8", "eth1/88b7,10000", "eth1/88b7,88b8x", "eth1/-88b7,88b8",
		"/88b7,88b8"};
	struct ethernet_rules rules = {.ethertype = {0x88b5, 0x88b6}};
	struct mvmp_error err;
	char name[16];

	assert_int_equal(ethernet_parse_interface(name, &rules, "eth1", &err), 0);
	assert_string_equal(name, "eth1");
	assert_int_equal(rules.vlan, 0);
	assert_int_equal(rules.ethertype[MVMP_STATS], 0x88b6);
	assert_int_equal(ethernet_parse_interface(name, &rules, "eth1@4094", &err), 0);
	assert_int_equal(rules.vlan, 4094);
	assert_int_equal(rules.ethertype[MVMP_CONTROL], 0x88b5);
	assert_int_equal(ethernet_parse_interface(name, &rules, "br0@7/88b7,0x88B8", &err), 0);
	assert_string_equal(name, "br0");
	assert_int_equal(rules.vlan, 7);
	assert_int_equal(rules.ethertype[MVMP_CONTROL], 0x88b7);
	assert_int_equal(rules.ethertype[MVMP_STATS], 0x88b8);
	assert_int_equal(ethernet_parse_interface(name, &rules, "eth1/600,ffff", &err), 0);
	assert_int_equal(rules.ethertype[MVMP_STATS], 0xffff);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
			ethernet_parse_interface(name, &rules, bad[i], &err), -MVMP_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untagged),
		cmocka_unit_test(test_tagged),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_interface_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
