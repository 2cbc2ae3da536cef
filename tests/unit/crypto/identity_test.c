/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "members.h"
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;
static const uint8_t secret[32] = {77};
static const uint8_t cluster_key[32] = {88};

static void write_state(const struct folder *folder, const struct mvmp_cluster *cluster)
{
	uint8_t *bytes;
	int len = mvmp_cluster_sign(crypto, cluster, test_ca_seed, &bytes, NULL);

	assert_true(len > 0);
	assert_int_equal(mvmp_keyfile_write_in(&mvmp_cluster_state, folder->path, bytes,
				 (size_t)len, false, NULL),
		0);
	free(bytes);
}

static void write_cert(
	const struct folder *folder, const uint8_t *member_secret, const uint8_t *ca_seed)
{
	struct mvmp_cert cert = test_cert();
	uint8_t bytes[MVMP_CERT_MAX];
	int len;

	crypto->dh_public(cert.key, member_secret);
	len = mvmp_cert_sign(crypto, &cert, ca_seed, bytes, NULL);
	assert_true(len > 0);
	assert_int_equal(mvmp_keyfile_write_in(
				 &mvmp_member_cert, folder->path, bytes, (size_t)len, false, NULL),
		0);
}

/* Certificate 5 of r1-n01, valid from 1000 to 2000, cluster state 7. */
static void make_member(struct folder *folder)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);

	folder_make(folder);
	mvmp_keyfile_write_in(&mvmp_member_key, folder->path, secret, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder->path, cluster_key, 32, true, NULL);
	write_cert(folder, secret, test_ca_seed);
	write_state(folder, &cluster);
}

/* A member's directory is read whole, and that one without a former cluster key is none of the
 * errors. */
static void directory_is_read(void **state)
{
	struct mvmp_identity identity;
	struct mvmp_error err = {.status = MVMP_OK};
	struct folder folder;

	make_member(&folder);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, 1500, &err), 0);
	assert_int_equal(err.status, MVMP_OK);
	assert_memory_equal(identity.secret, secret, 32);
	assert_memory_equal(identity.cluster_key, cluster_key, 32);
	assert_string_equal(identity.cert.name, "r1-n01");
	assert_int_equal(identity.cert_len, 72 + 6 + 6 + 64);
	assert_int_equal(identity.cluster.number, 7);
	assert_ptr_equal(identity.crypto, crypto);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

static void refuse(const struct folder *folder, uint64_t now, int status, const char *words)
{
	struct mvmp_identity identity;
	struct mvmp_error err;

	assert_int_equal(mvmp_identity_load(&identity, folder->path, now, &err), -status);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* A directory that cannot work is refused at the start, with one sentence that says why. */
static void unusable_directories_are_refused(void **state)
{
	static const uint8_t other_secret[32] = {78, 1};
	uint64_t serial = 5;
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);
	struct folder folder;

	make_member(&folder);
	refuse(&folder, 999, MVMP_NOT_TRUSTED, "valid from 1970-01-01T00:16:40Z");
	refuse(&folder, 2000, MVMP_NOT_TRUSTED, "now is 1970-01-01T00:33:20Z");
	write_cert(&folder, other_secret, test_ca_seed);
	refuse(&folder, 1500, MVMP_NOT_TRUSTED, "another key than member.key");
	write_cert(&folder, secret, test_other_ca_seed);
	refuse(&folder, 1500, MVMP_NOT_TRUSTED, "not signed by a CA key of cluster.state");
	write_cert(&folder, secret, test_ca_seed);
	cluster.revoked = 1;
	cluster.revoked_serial = &serial;
	write_state(&folder, &cluster);
	refuse(&folder, 1500, MVMP_NOT_TRUSTED, "revoked by cluster state 7");
	folder_write(&folder, "member.cert", "mvmp member certificate v1\n00\n", 0644);
	refuse(&folder, 1500, MVMP_INVALID, "holds no certificate");
	folder_write(&folder, "cluster.state", "mvmp cluster state v1\n00\n", 0644);
	refuse(&folder, 1500, MVMP_INVALID, "not a cluster state");
	unlink(folder_file(&folder, "cluster.key"));
	refuse(&folder, 1500, MVMP_NOT_FOUND, "cluster.key");
	folder_remove(&folder);
}

static int update(struct mvmp_identity *identity, const struct mvmp_cluster *cluster,
	const uint8_t *seed, bool *changed)
{
	uint8_t *bytes;
	int ret, len = mvmp_cluster_sign(crypto, cluster, seed, &bytes, NULL);

	assert_true(len > 0);
	ret = mvmp_identity_update_cluster(identity, bytes, (size_t)len, changed, NULL);
	free(bytes);
	return ret;
}

/* Only a newer state that a CA key trusted so far has signed is taken over, and it is what a
 * restart finds. */
static void newer_states_are_taken_over(void **state)
{
	struct mvmp_cluster next = test_cluster(test_ca_seed);
	struct mvmp_identity identity;
	struct folder folder;
	bool changed = true;

	make_member(&folder);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, 1500, NULL), 0);
	assert_int_equal(update(&identity, &next, test_ca_seed, &changed), 0);
	assert_false(changed);
	next.number = 6;
	assert_int_equal(update(&identity, &next, test_ca_seed, &changed), 0);
	assert_false(changed);
	next.number = 9;
	assert_int_equal(update(&identity, &next, test_other_ca_seed, &changed), -MVMP_NOT_TRUSTED);
	assert_int_equal(identity.cluster.number, 7);
	next.time_floor = 1600;
	assert_int_equal(update(&identity, &next, test_ca_seed, &changed), 0);
	assert_true(changed);
	assert_int_equal(identity.cluster.number, 9);
	assert_int_equal(mvmp_identity_store(&identity, MVMP_PART_STATE, folder.path, NULL), 0);
	mvmp_identity_clear(&identity);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, 0, NULL), 0);
	assert_int_equal(identity.cluster.time_floor, 1600);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directory_is_read),
		cmocka_unit_test(unusable_directories_are_refused),
		cmocka_unit_test(newer_states_are_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
