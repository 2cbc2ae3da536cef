/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "members.h"
#include <stdio.h>
#include <string.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static size_t sign(const struct mvmp_cert *cert, const uint8_t *seed, uint8_t *out)
{
	struct mvmp_error err;
	int len = mvmp_cert_sign(crypto, cert, seed, out, &err);

	if (len < 0)
		fail_msg("%s", err.text);
	return (size_t)len;
}

/* A certificate made by another program from the specification's table is read field by field,
 * and signing the same fields gives the same bytes. */
static void vector_is_read_and_written(void **state)
{
	uint8_t bytes[MVMP_CERT_MAX], again[MVMP_CERT_MAX], seed[32], print[16], expected[16];
	size_t len = test_vector("certificate", bytes, sizeof bytes);
	struct mvmp_cert cert;

	test_vector("ca_seed", seed, sizeof seed);
	test_vector("fingerprint", expected, sizeof expected);
	assert_int_equal(mvmp_cert_decode(&cert, bytes, len), MVMP_ACCEPTED);
	assert_string_equal(cert.name, "r1-n01");
	assert_int_equal(cert.roles, MVMP_ROLE_NODE | MVMP_ROLE_OBSERVER);
	assert_int_equal(cert.serial, 118);
	assert_int_equal(cert.not_before, 1000);
	assert_int_equal(cert.not_after, 2000);
	assert_int_equal(cert.key[0], 0x40);
	assert_int_equal(cert.key[31], 0x5f);
	assert_int_equal(cert.macs, 2);
	assert_memory_equal(cert.mac[1], "\x0c\xc4\x7a\x77\xf9\xb0", 6);
	assert_int_equal(sign(&cert, seed, again), len);
	assert_memory_equal(again, bytes, len);
	mvmp_cert_fingerprint(crypto, print, bytes, len);
	assert_memory_equal(print, expected, sizeof print);
}

static enum mvmp_verdict check(
	const struct mvmp_cert *cert, const struct mvmp_cluster *cluster, uint64_t now)
{
	uint8_t bytes[MVMP_CERT_MAX];
	struct mvmp_cert read;
	size_t len = sign(cert, test_ca_seed, bytes);

	return mvmp_cert_check(crypto, &read, cluster, bytes, len, now);
}

/* A certificate counts from its first second until before its last; a clock behind the time floor
 * is taken as the floor. */
static void validity_is_checked_against_clock_and_floor(void **state)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);
	struct mvmp_cert cert = test_cert();

	assert_int_equal(check(&cert, &cluster, 999), MVMP_DROP_EXPIRED);
	assert_int_equal(check(&cert, &cluster, 1000), MVMP_ACCEPTED);
	assert_int_equal(check(&cert, &cluster, 1999), MVMP_ACCEPTED);
	assert_int_equal(check(&cert, &cluster, 2000), MVMP_DROP_EXPIRED);
	cluster.time_floor = 1500;
	assert_int_equal(check(&cert, &cluster, 0), MVMP_ACCEPTED);
	cluster.time_floor = 2000;
	assert_int_equal(check(&cert, &cluster, 1500), MVMP_DROP_EXPIRED);
}

/* Only the CA keys of the cluster count, each of the two while rotating; a revoked serial is
 * refused by its own verdict. */
static void signer_and_revocation_are_checked(void **state)
{
	uint64_t revoked[] = {2, 5, 9};
	struct mvmp_cluster cluster = test_cluster(test_other_ca_seed);
	struct mvmp_cert cert = test_cert();

	assert_int_equal(check(&cert, &cluster, 1500), MVMP_DROP_CERT);
	cluster.cas = 2;
	crypto->sign_public(cluster.ca[1], test_ca_seed);
	assert_int_equal(check(&cert, &cluster, 1500), MVMP_ACCEPTED);
	cluster.revoked_serial = revoked;
	cluster.revoked = 3;
	assert_int_equal(check(&cert, &cluster, 1500), MVMP_DROP_REVOKED);
	cert.serial = 6;
	assert_int_equal(check(&cert, &cluster, 1500), MVMP_ACCEPTED);
}

/* No changed, missing or added byte gets through, and *cert stays as it was. */
static void damaged_bytes_are_refused(void **state)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);
	struct mvmp_cert cert = test_cert(), untouched = {.serial = 99};
	uint8_t bytes[MVMP_CERT_MAX + 1] = {0};
	size_t len = sign(&cert, test_ca_seed, bytes);

	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(mvmp_cert_check(crypto, &untouched, &cluster, bytes, len, 1500),
			MVMP_DROP_CERT);
		bytes[i] ^= 1;
		assert_int_equal(mvmp_cert_check(crypto, &untouched, &cluster, bytes, i, 1500),
			MVMP_DROP_CERT);
	}
	assert_int_equal(mvmp_cert_check(crypto, &untouched, &cluster, bytes, len + 1, 1500),
		MVMP_DROP_CERT);
	assert_int_equal(untouched.serial, 99);
	assert_int_equal(
		mvmp_cert_check(crypto, &untouched, &cluster, bytes, len, 1500), MVMP_ACCEPTED);
}

static void refuse(struct mvmp_cert cert, const char *word)
{
	uint8_t bytes[MVMP_CERT_MAX];
	struct mvmp_error err;

	assert_int_equal(mvmp_cert_sign(crypto, &cert, test_ca_seed, bytes, &err), -MVMP_INVALID);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not name %s", err.text, word);
}

/* What may not stand in a certificate is not signed, and the sentence names it. */
static void bad_fields_are_not_signed(void **state)
{
	struct mvmp_cert cert;

	cert = test_cert(), strcpy(cert.name, "R1");
	refuse(cert, "\"R1\"");
	cert = test_cert(), strcpy(cert.name, "");
	refuse(cert, "name");
	cert = test_cert(), strcpy(cert.name, "-n");
	refuse(cert, "\"-n\"");
	cert = test_cert(), memset(cert.name, 'a', sizeof cert.name);
	refuse(cert, "1 to 63");
	cert = test_cert(), cert.roles = 0;
	refuse(cert, "roles 0x0");
	cert = test_cert(), cert.roles = 0x40;
	refuse(cert, "0x40");
	cert = test_cert(), cert.serial = 0;
	refuse(cert, "serial 0");
	cert = test_cert(), cert.not_after = 1000;
	refuse(cert, "1000");
	cert = test_cert(), cert.macs = 0;
	refuse(cert, "MAC");
	cert = test_cert(), cert.macs = 9;
	refuse(cert, "9 MACs");
	cert = test_cert(), cert.mac[0][0] = 1;
	refuse(cert, "01:c4:7a:77:f9:af");
	cert = test_cert(), cert.macs = 2, memcpy(cert.mac[1], cert.mac[0], 6);
	refuse(cert, "twice");
}

/* The longest certificate fits in MVMP_CERT_MAX and comes back whole. */
static void longest_certificate_fits(void **state)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);
	struct mvmp_cert cert = test_cert(), read;
	uint8_t bytes[MVMP_CERT_MAX];
	size_t len;

	memset(cert.name, 'z', MVMP_NAME_MAX);
	cert.macs = MVMP_CERT_MACS_MAX;
	for (uint8_t i = 0; i < MVMP_CERT_MACS_MAX; i++)
		memcpy(cert.mac[i], (uint8_t[]){2, 0, 0, 0, 0, i}, 6);
	cert.not_after = UINT64_MAX;
	len = sign(&cert, test_ca_seed, bytes);
	assert_int_equal(len, 72 + 8 * 6 + 63 + 64);
	assert_int_equal(mvmp_cert_check(crypto, &read, &cluster, bytes, len, 1500), MVMP_ACCEPTED);
	assert_string_equal(read.name, cert.name);
	assert_true(mvmp_cert_has_mac(&read, cert.mac[7]));
	assert_false(mvmp_cert_has_mac(&read, (uint8_t[]){2, 0, 0, 0, 0, 8}));
}

/* Names, roles, node ids and times read as the user sees them. */
static void texts(void **state)
{
	struct mvmp_cert cert = test_cert();
	struct mvmp_error err;
	uint16_t roles = 0;
	char text[64];

	assert_string_equal(mvmp_cert_node_id(text, &cert), "7a77f9af");
	cert.macs = 0;
	assert_string_equal(mvmp_cert_node_id(text, &cert), "-");
	assert_string_equal(
		mvmp_roles_text(text, MVMP_ROLES_ALL), "node,observer,operator,admin,aggregator");
	assert_string_equal(mvmp_roles_text(text, 0), "");
	assert_int_equal(mvmp_roles_parse(&roles, "admin,node", &err), 0);
	assert_int_equal(roles, MVMP_ROLE_ADMIN | MVMP_ROLE_NODE);
	assert_int_equal(mvmp_roles_parse(&roles, "admin,root", &err), -MVMP_INVALID);
	assert_non_null(strstr(err.text, "\"root\""));
	assert_int_equal(mvmp_roles_parse(&roles, "", &err), -MVMP_INVALID);
	assert_int_equal(mvmp_roles_parse(&roles, "node,", &err), -MVMP_INVALID);
	assert_int_equal(roles, MVMP_ROLE_ADMIN | MVMP_ROLE_NODE);
	assert_string_equal(mvmp_time_text(text, 951782400), "2000-02-29T00:00:00Z");
	assert_string_equal(mvmp_time_text(text, 253402300800), "-");
	assert_string_equal(mvmp_time_text(text, UINT64_MAX), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_is_read_and_written),
		cmocka_unit_test(validity_is_checked_against_clock_and_floor),
		cmocka_unit_test(signer_and_revocation_are_checked),
		cmocka_unit_test(damaged_bytes_are_refused),
		cmocka_unit_test(bad_fields_are_not_signed),
		cmocka_unit_test(longest_certificate_fits),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
