/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "bench.h"
#include <stdlib.h>
#include <wire.h>

static const uint8_t node_mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static struct bench bench;
static struct mvmp_enrol_request asked;

static int set_up(void **state)
{
	bench_init(&bench, 9);
	asked = (struct mvmp_enrol_request){.macs = 1, .mac = {{2, 0, 0, 0, 0, 1}}};
	return mvmp_crypto_openssl.dh_public(asked.key, bench.key);
}

static int tear_down(void **state)
{
	bench_clear(&bench);
	return 0;
}

/* The check's status, after asserting that its sentence contains `says`. */
static int check(const uint8_t *mac, uint64_t now_s, const char *says)
{
	struct mvmp_error err = {.text = ""};
	int ret = mvmp_enrol_delivery_check(
		&mvmp_crypto_openssl, &bench.delivery, &asked, mac, now_s, &err);

	if (!strstr(err.text, says))
		fail_msg("\"%s\" instead of \"%s\"", err.text, says);
	return ret;
}

static int check_cert(const struct mvmp_cert *cert, const char *says)
{
	bench_make_delivery(&bench, cert, 10);
	return check(node_mac, TEST_WALL_S, says);
}

/* A delivery that fits is taken, whatever name the CA chose. */
static void fits(void **state)
{
	assert_int_equal(check_cert(&(struct mvmp_cert){.name = "another.name"}, ""), 0);
	assert_int_equal(check(NULL, TEST_WALL_S, ""), 0);
}

/* Key, role, MAC, validity and revocation are each looked at. */
static void does_not_fit(void **state)
{
	assert_int_equal(
		check_cert(&(struct mvmp_cert){.key = {7}}, "for another key"), -MVMP_NOT_TRUSTED);
	assert_int_equal(check_cert(&(struct mvmp_cert){.roles = MVMP_ROLE_AGGREGATOR},
				 "has role aggregator, a node needs node"),
		-MVMP_NOT_TRUSTED);
	assert_int_equal(check_cert(&(struct mvmp_cert){.macs = 1, .mac = {{2, 9}}},
				 "does not name the node's MAC 02:00:00:00:00:01"),
		-MVMP_NOT_TRUSTED);
	assert_int_equal(check(NULL, TEST_WALL_S, "does not name"), -MVMP_NOT_TRUSTED);
	assert_int_equal(check_cert(&(struct mvmp_cert){.not_after = TEST_WALL_S},
				 "valid from 1970-01-01T00:00:00Z to 2027-01-15T08:00:00Z, now is "
				 "2027-01-15T08:00:00Z"),
		-MVMP_NOT_TRUSTED);
	assert_int_equal(
		check_cert(&(struct mvmp_cert){.serial = 10}, "is revoked by cluster state 3"),
		-MVMP_NOT_TRUSTED);
}

/* State and certificate must be of one CA, and whole. */
static void not_signed(void **state)
{
	uint8_t other[MVMP_CERT_MAX];
	struct mvmp_enrol_delivery good;
	struct bench second;

	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, 0);
	good = bench.delivery;
	bench_init(&second, 10);
	memcpy(second.key, bench.key, sizeof second.key);
	bench_make_delivery(&second, &(struct mvmp_cert){.serial = 0}, 0);
	bench.delivery.state = second.delivery.state;
	bench.delivery.cluster_key = second.delivery.cluster_key;
	assert_int_equal(
		check(node_mac, TEST_WALL_S, "is not signed by a CA key of the cluster state"),
		-MVMP_NOT_TRUSTED);
	bench_clear(&second);
	bench.delivery = good;
	memcpy(other, good.cert, good.cert_len);
	other[9] ^= 1; /* in the serial */
	bench.delivery.cert = other;
	assert_int_equal(check(node_mac, TEST_WALL_S, "is not signed"), -MVMP_NOT_TRUSTED);
	bench.delivery.cert_len--;
	assert_int_equal(check(node_mac, TEST_WALL_S, "certificate is malformed"), -MVMP_INVALID);
	bench.delivery = good;
	bench.delivery.cluster_key = other;
	assert_int_equal(check(node_mac, TEST_WALL_S, "is not the one that cluster state 3 names"),
		-MVMP_NOT_TRUSTED);
	bench.delivery = good;
	bench.delivery.state_len--;
	assert_true(check(node_mac, TEST_WALL_S, "cluster state") < 0);
}

/* Lengths that do not add up are refused, at every length. */
static void lengths(void **state)
{
	uint8_t *bytes = calloc(1, MVMP_ENROL_DELIVERY_MAX);
	struct mvmp_enrol_delivery read;
	int len = mvmp_enrol_delivery_encode(bytes, &bench.delivery);

	assert_int_equal(len, 40 + (int)bench.delivery.cert_len + (int)bench.delivery.state_len);
	for (int i = 0; i <= len + 1; i++)
		assert_int_equal(mvmp_enrol_delivery_decode(&read, bytes, (size_t)i), i == len);
	assert_true(mvmp_enrol_delivery_decode(&read, bytes, (size_t)len));
	assert_memory_equal(read.state, bench.state, read.state_len);
	bench.delivery.cert_len = MVMP_CERT_MAX + 1;
	assert_true(mvmp_enrol_delivery_encode(bytes, &bench.delivery) < 0);
	free(bytes);
}

/* A piece lies inside its delivery, and a delivery is no longer than any. */
static void pieces(void **state)
{
	const struct {
		struct enrol_piece piece;
		bool good;
	} cases[] = {
		{{.total = 40, .offset = 0, .len = 40}, true},
		{{.total = 40, .offset = 39, .len = 1}, true},
		{{.total = 40, .offset = 39, .len = 2}, false},
		{{.total = 40, .offset = 40, .len = 1}, false},
		{{.total = 40, .offset = 0, .len = 0}, false},
		{{.total = 40, .offset = UINT32_MAX, .len = 2}, false},
		{{.total = MVMP_ENROL_DELIVERY_MAX, .offset = 496, .len = 496}, true},
		{{.total = MVMP_ENROL_DELIVERY_MAX + 1, .offset = 496, .len = 496}, false},
	};
	uint8_t bytes[ENROL_PIECE_MAX] = {0}, plain[ENROL_PLAIN_LEN];

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct enrol_piece piece = cases[i].piece, read;

		piece.bytes = bytes;
		enrol_piece_encode(plain, &piece);
		assert_int_equal(enrol_piece_decode(&read, plain), cases[i].good);
	}
	plain[8] = 0xf1; /* 497 bytes do not fit */
	plain[9] = 1;
	assert_false(enrol_piece_decode(&(struct enrol_piece){.len = 0}, plain));
}

/* A request names one to eight MACs and a name that is one, or none. */
static void requests(void **state)
{
	uint8_t bytes[ENROL_REQUEST_LEN];
	struct mvmp_enrol_request read;

	asked.macs = MVMP_CERT_MACS_MAX;
	enrol_request_encode(bytes, &asked);
	assert_true(enrol_request_decode(&read, bytes));
	assert_string_equal(read.name, "");
	assert_int_equal(read.macs, 8);
	bytes[33] = 0;
	assert_false(enrol_request_decode(&read, bytes));
	bytes[33] = 9;
	assert_false(enrol_request_decode(&read, bytes));
	strcpy(asked.name, "r1-n07");
	enrol_request_encode(bytes, &asked);
	assert_true(enrol_request_decode(&read, bytes));
	bytes[88] = 'R';
	assert_false(enrol_request_decode(&read, bytes));
	bytes[88] = 'r';
	bytes[32] = 64;
	assert_false(enrol_request_decode(&read, bytes));
}

/* What a node says cannot steer the operator's terminal. */
static void sentences(void **state)
{
	struct enrol_answer answer = {.status = MVMP_INVALID, .text = "a\033[2Jb"}, read;
	uint8_t plain[ENROL_PLAIN_LEN];

	enrol_answer_encode(plain, &answer);
	assert_true(enrol_answer_decode(&read, plain));
	assert_string_equal(read.text, "a?[2Jb");
	plain[0] = MVMP_STATUS_COUNT;
	assert_false(enrol_answer_decode(&read, plain));
	plain[0] = 0;
	plain[3] = 1; /* 256 characters and more */
	assert_false(enrol_answer_decode(&read, plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(does_not_fit),
		cmocka_unit_test(not_signed),
		cmocka_unit_test(lengths),
		cmocka_unit_test(pieces),
		cmocka_unit_test(requests),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
