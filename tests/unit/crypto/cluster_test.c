/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "members.h"
#include <stdlib.h>
#include <string.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

/* A state made by another program from the specification's table is read field by field, and
 * signing the same fields gives the same bytes. */
static void vector_is_read_and_written(void **state)
{
	uint8_t bytes[512], seed[32], key[32], id[MVMP_ID_LEN], named[MVMP_ID_LEN], *again;
	size_t len = test_vector("cluster_state", bytes, sizeof bytes);
	struct mvmp_cluster cluster;

	test_vector("ca_seed", seed, sizeof seed);
	test_vector("ca_key", key, sizeof key);
	assert_int_equal(mvmp_cluster_decode(crypto, &cluster, NULL, bytes, len, NULL), 0);
	assert_int_equal(cluster.number, 42);
	assert_int_equal(cluster.time_floor, 1500);
	assert_int_equal(cluster.key_generation, 5);
	assert_int_equal(cluster.grace_s, 604800);
	test_vector("key_id", id, sizeof id);
	assert_memory_equal(cluster.key_id, id, sizeof id);
	test_vector("cluster_key", key, sizeof key);
	mvmp_cluster_key_id(crypto, named, key);
	assert_memory_equal(named, id, sizeof id);
	test_vector("ca_key", key, sizeof key);
	assert_int_equal(cluster.cas, 1);
	assert_memory_equal(cluster.ca[0], key, 32);
	assert_int_equal(cluster.revoked, 3);
	assert_true(mvmp_cluster_revokes(&cluster, 3));
	assert_true(mvmp_cluster_revokes(&cluster, 77));
	assert_true(mvmp_cluster_revokes(&cluster, 1ull << 40));
	assert_false(mvmp_cluster_revokes(&cluster, 4));
	assert_int_equal(mvmp_cluster_sign(crypto, &cluster, seed, &again, NULL), len);
	assert_memory_equal(again, bytes, len);
	free(again);
	mvmp_cluster_clear(&cluster);
}

static size_t sign(const struct mvmp_cluster *cluster, const uint8_t *seed, uint8_t **ret)
{
	struct mvmp_error err;
	int len = mvmp_cluster_sign(crypto, cluster, seed, ret, &err);

	if (len < 0)
		fail_msg("%s", err.text);
	return (size_t)len;
}

/* A state counts when a CA key trusted so far signed it, also one that brings in a second key;
 * a key that only stands in the state itself does not make it trusted. */
static void only_trusted_keys_sign(void **state)
{
	struct mvmp_cluster trusted = test_cluster(test_ca_seed), next = trusted, read;
	struct mvmp_error err;
	uint8_t *bytes;
	size_t len;

	next.cas = 2;
	crypto->sign_public(next.ca[1], test_other_ca_seed);
	len = sign(&next, test_ca_seed, &bytes);
	assert_int_equal(mvmp_cluster_decode(crypto, &read, &trusted, bytes, len, &err), 0);
	assert_int_equal(read.cas, 2);
	mvmp_cluster_clear(&read);
	free(bytes);

	len = sign(&next, test_other_ca_seed, &bytes);
	assert_int_equal(mvmp_cluster_decode(crypto, &read, NULL, bytes, len, &err), 0);
	mvmp_cluster_clear(&read);
	assert_int_equal(
		mvmp_cluster_decode(crypto, &read, &trusted, bytes, len, &err), -MVMP_NOT_TRUSTED);
	assert_int_equal(mvmp_cluster_decode(crypto, &read, &next, bytes, len, &err), 0);
	mvmp_cluster_clear(&read);
	free(bytes);
}

/* No changed, missing or added byte gets through. */
static void damaged_bytes_are_refused(void **state)
{
	uint64_t serials[] = {1, 2};
	struct mvmp_cluster cluster = test_cluster(test_ca_seed), read;
	uint8_t *bytes;
	size_t len;

	cluster.revoked = 2;
	cluster.revoked_serial = serials;
	len = sign(&cluster, test_ca_seed, &bytes);
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_true(mvmp_cluster_decode(crypto, &read, NULL, bytes, len, NULL) < 0);
		bytes[i] ^= 1;
		assert_int_equal(
			mvmp_cluster_decode(crypto, &read, NULL, bytes, i, NULL), -MVMP_INVALID);
	}
	assert_int_equal(mvmp_cluster_decode(crypto, &read, NULL, bytes, len, NULL), 0);
	mvmp_cluster_clear(&read);
	free(bytes);
}

static void refuse(const struct mvmp_cluster *cluster, const char *word)
{
	struct mvmp_error err;
	uint8_t *bytes;

	assert_int_equal(
		mvmp_cluster_sign(crypto, cluster, test_ca_seed, &bytes, &err), -MVMP_INVALID);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not name %s", err.text, word);
}

/* What may not stand in a state is not signed, and the sentence names it. */
static void bad_fields_are_not_signed(void **state)
{
	uint64_t serials[] = {4, 4};
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);

	cluster.number = 0;
	refuse(&cluster, "number 0");
	cluster = test_cluster(test_ca_seed), cluster.cas = 0;
	refuse(&cluster, "0 CA keys");
	cluster.cas = 3;
	refuse(&cluster, "3 CA keys");
	cluster.cas = 2, memcpy(cluster.ca[1], cluster.ca[0], 32);
	refuse(&cluster, "same");
	cluster = test_cluster(test_ca_seed);
	cluster.revoked = 2, cluster.revoked_serial = serials;
	refuse(&cluster, "order at 4");
	cluster.revoked = MVMP_REVOKED_MAX + 1;
	refuse(&cluster, "4097");
	cluster = test_cluster(test_ca_seed), cluster.grace_s = MVMP_GRACE_MAX_S + 1;
	refuse(&cluster, "31622401 s");
}

/* The longest state has MVMP_CLUSTER_MAX bytes. */
static void longest_state_fits(void **state)
{
	static uint64_t serials[MVMP_REVOKED_MAX];
	struct mvmp_cluster cluster = test_cluster(test_ca_seed), read;
	uint8_t *bytes;
	size_t len;

	for (unsigned i = 0; i < MVMP_REVOKED_MAX; i++)
		serials[i] = 2 * i + 1;
	cluster.revoked = MVMP_REVOKED_MAX;
	cluster.revoked_serial = serials;
	cluster.cas = 2;
	len = sign(&cluster, test_ca_seed, &bytes);
	assert_int_equal(len, MVMP_CLUSTER_MAX);
	assert_int_equal(mvmp_cluster_decode(crypto, &read, NULL, bytes, len, NULL), 0);
	assert_true(mvmp_cluster_revokes(&read, 2 * MVMP_REVOKED_MAX - 1));
	assert_false(mvmp_cluster_revokes(&read, 2 * MVMP_REVOKED_MAX));
	mvmp_cluster_clear(&read);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_is_read_and_written),
		cmocka_unit_test(only_trusted_keys_sign),
		cmocka_unit_test(damaged_bytes_are_refused),
		cmocka_unit_test(bad_fields_are_not_signed),
		cmocka_unit_test(longest_state_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
