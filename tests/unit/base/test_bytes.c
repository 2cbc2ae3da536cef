/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/status.h>
#include <mvmp/verdict.h>

/* A reader that runs out yields zeros, marks itself bad, and stays bad. */
static void test_short_read(void **state)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct mvmp_reader r = mvmp_reader(bytes, sizeof bytes);

	assert_int_equal(mvmp_get_u16(&r), 0x0201);
	assert_int_equal(mvmp_get_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(mvmp_get_u8(&r), 0);
	assert_null(mvmp_get_view(&r, 0));
}

/* A writer never passes its end and keeps what was written before. */
static void test_short_write(void **state)
{
	uint8_t buf[4] = {0};
	struct mvmp_writer w = mvmp_writer(buf, 3);

	mvmp_put_u16(&w, 0xbeef);
	mvmp_put_u16(&w, 0xdead);
	assert_true(w.bad);
	assert_int_equal(w.used, 2);
	assert_int_equal(buf[2] | buf[3], 0);
}

/* Varints are protobuf's: its documentation encodes 150 as 96 01. */
static void test_varint(void **state)
{
	static const uint64_t values[] = {
		0, 1, 127, 128, 150, 16383, 16384, UINT32_MAX, UINT64_MAX};
	const size_t lengths[] = {1, 1, 1, 2, 2, 2, 3, 5, 10};
	const uint8_t overlong[11] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
	uint8_t buf[16];
	struct mvmp_writer w = mvmp_writer(buf, sizeof buf);
	struct mvmp_reader r = mvmp_reader(overlong, sizeof overlong);

	mvmp_put_varint(&w, 150);
	assert_int_equal(w.used, 2);
	assert_int_equal(buf[0], 0x96);
	assert_int_equal(buf[1], 0x01);
	for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
		w = mvmp_writer(buf, sizeof buf);
		mvmp_put_varint(&w, values[i]);
		assert_int_equal(w.used, lengths[i]);
		struct mvmp_reader back = mvmp_reader(buf, w.used);
		assert_true(mvmp_get_varint(&back) == values[i]);
		assert_false(back.bad);
	}
	mvmp_get_varint(&r);
	assert_true(r.bad);
}

/* Zigzag maps 0, -1, 1, -2 to 0, 1, 2, 3 (protobuf encoding, "Signed Integers"). */
static void test_zigzag(void **state)
{
	assert_int_equal(mvmp_zigzag(-1), 1);
	assert_int_equal(mvmp_zigzag(1), 2);
	assert_int_equal(mvmp_zigzag(-2), 3);
	assert_true(mvmp_zigzag(INT64_MIN) == UINT64_MAX);
	assert_true(mvmp_unzigzag(UINT64_MAX) == INT64_MIN);
	assert_true(mvmp_unzigzag(mvmp_zigzag(-123456789012)) == -123456789012);
}

/* MACs are read in the three usual forms and in no other. */
static void test_mac(void **state)
{
	static const char *const good[] = {
		"0cc47a77f9af", "0c:c4:7a:77:f9:af", "0C-C4-7A-77-F9-AF"};
	static const char *const bad[] = {"", "0cc47a77f9", "0cc47a77f9afff", "0c:c4:7a:77:f9:a",
		"0c:c4:7a:77:f9-af", "0c.c4.7a.77.f9.af", "zz:c4:7a:77:f9:af"};
	uint8_t mac[6];
	char text[18];

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(mvmp_mac_parse(mac, good[i]), 0);
		assert_string_equal(mvmp_mac_text(text, mac), "0c:c4:7a:77:f9:af");
	}
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(mvmp_mac_parse(mac, bad[i]), -EINVAL);
}

/* UUIDs have five groups; upper case is read, lower case written. */
static void test_uuid(void **state)
{
	uint8_t uuid[16];
	char text[37];

	assert_int_equal(mvmp_uuid_parse(uuid, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"), 0);
	assert_int_equal(uuid[0], 0xf8);
	assert_string_equal(mvmp_uuid_text(text, uuid), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
	assert_int_equal(mvmp_uuid_parse(uuid, "f81d4fae7dec11d0a76500a0c91e6bf6"), -EINVAL);
	assert_int_equal(mvmp_uuid_parse(uuid, "f81d4fae-7dec-11d0-a765-00a0c91e6bf"), -EINVAL);
}

/* Every status and every verdict has a name of its own. */
static void test_names(void **state)
{
	for (int i = 0; i < MVMP_STATUS_COUNT; i++) {
		assert_non_null(mvmp_status_name(i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(mvmp_status_name(i), mvmp_status_name(j));
	}
	for (int i = 0; i < MVMP_VERDICT_COUNT; i++) {
		for (int j = 0; j < i; j++)
			assert_string_not_equal(mvmp_verdict_name((enum mvmp_verdict)i),
				mvmp_verdict_name((enum mvmp_verdict)j));
	}
	assert_string_equal(mvmp_status_name(-1), "unknown-status");
	assert_string_equal(mvmp_status_name(MVMP_STATUS_COUNT), "unknown-status");
}

/* A failure returns the negative status and carries the sentence, cut to fit. */
static void test_fail(void **state)
{
	struct mvmp_error err;
	char longer[600];

	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(mvmp_fail(&err, MVMP_INVALID, "core %d: the node has %s", 97, "0-63"),
		-MVMP_INVALID);
	assert_string_equal(err.text, "core 97: the node has 0-63");
	assert_int_equal(mvmp_hint(&err, "ask %s", "ada"), -MVMP_INVALID);
	assert_string_equal(err.hint, "ask ada");
	mvmp_fail(&err, MVMP_FAILED, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_string_equal(err.hint, "");
	assert_int_equal(mvmp_fail(NULL, MVMP_IO, "nobody listens"), -MVMP_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_read),
		cmocka_unit_test(test_short_write),
		cmocka_unit_test(test_varint),
		cmocka_unit_test(test_zigzag),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
