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
#include <sys/stat.h>
#include <unistd.h>

/* The cluster key, the cluster state and the certificate of a member change while it runs. */

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;
static const uint8_t secret[32] = {77}, first[32] = {1}, second[32] = {2}, third[32] = {3};

enum { GRACE_S = 100, NOW_S = 1500 };

/* State `number` with the key as generation `generation`. */
static struct mvmp_cluster state_of(uint64_t number, uint32_t generation, const uint8_t *key)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);

	cluster.number = number;
	cluster.key_generation = generation;
	cluster.grace_s = GRACE_S;
	mvmp_cluster_key_id(crypto, cluster.key_id, key);
	return cluster;
}

static size_t sign_state(const struct mvmp_cluster *cluster, uint8_t **ret)
{
	int len = mvmp_cluster_sign(crypto, cluster, test_ca_seed, ret, NULL);

	assert_true(len > 0);
	return (size_t)len;
}

static struct mvmp_cert own_cert(uint64_t serial)
{
	struct mvmp_cert cert = test_cert();

	cert.serial = serial;
	crypto->dh_public(cert.key, secret);
	return cert;
}

static size_t sign_cert(const struct mvmp_cert *cert, const uint8_t *seed, uint8_t *to)
{
	int len = mvmp_cert_sign(crypto, cert, seed, to, NULL);

	assert_true(len > 0);
	return (size_t)len;
}

/* Certificate 5, state 7 with the first key as generation 1. */
static void make_member(struct folder *folder)
{
	struct mvmp_cluster cluster = state_of(7, 1, first);
	struct mvmp_cert cert = own_cert(5);
	uint8_t bytes[MVMP_CERT_MAX], *document;
	size_t len = sign_state(&cluster, &document);

	folder_make(folder);
	mvmp_keyfile_write_in(&mvmp_member_key, folder->path, secret, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder->path, first, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_state, folder->path, document, len, true, NULL);
	free(document);
	len = sign_cert(&cert, test_ca_seed, bytes);
	mvmp_keyfile_write_in(&mvmp_member_cert, folder->path, bytes, len, true, NULL);
}

static int keep_state(const struct folder *folder, const struct mvmp_cluster *cluster)
{
	uint8_t *document;
	size_t len = sign_state(cluster, &document);
	int ret = mvmp_identity_keep(folder->path, MVMP_PART_STATE, document, len, NOW_S, NULL);

	free(document);
	return ret;
}

static int keep_key(const struct folder *folder, const uint8_t key[static 32])
{
	return mvmp_identity_keep(folder->path, MVMP_PART_KEY, key, 32, NOW_S, NULL);
}

static void load(struct mvmp_identity *identity, const struct folder *folder, uint64_t now)
{
	struct mvmp_error err;

	if (mvmp_identity_load(identity, folder->path, now, &err))
		fail_msg("%s", err.text);
}

/* A new key counts from the state that names it on; the former one is held for the grace that the
 * state says, counted from the take-over, and found so by a restart. */
static void key_and_grace(void **unused)
{
	struct mvmp_cluster next = state_of(8, 2, second);
	struct mvmp_identity identity;
	struct folder folder;

	make_member(&folder);
	load(&identity, &folder, NOW_S);
	assert_int_equal(mvmp_identity_key_generation(&identity), 1);
	assert_false(identity.former.held);
	mvmp_identity_clear(&identity);
	assert_int_equal(keep_state(&folder, &next), 0);
	assert_int_equal(keep_key(&folder, second), 0);
	load(&identity, &folder, NOW_S + GRACE_S - 1);
	assert_int_equal(mvmp_identity_key_generation(&identity), 2);
	assert_memory_equal(identity.cluster_key, second, 32);
	assert_true(identity.former.held);
	assert_memory_equal(identity.former.key, first, 32);
	assert_int_equal(identity.former.until, NOW_S + GRACE_S);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

/* When the grace is over the former key is wiped and its file removed, also by a start after it. */
static void grace_ends(void **unused)
{
	static const uint8_t nothing[32];
	struct mvmp_cluster next = state_of(8, 2, second);
	struct mvmp_identity identity;
	struct folder folder;

	make_member(&folder);
	keep_state(&folder, &next);
	keep_key(&folder, second);
	load(&identity, &folder, NOW_S);
	assert_false(mvmp_identity_expire_key(&identity, NOW_S + GRACE_S - 1));
	assert_true(mvmp_identity_expire_key(&identity, NOW_S + GRACE_S));
	assert_false(mvmp_identity_expire_key(&identity, NOW_S + GRACE_S));
	assert_false(identity.former.held);
	assert_memory_equal(identity.former.key, nothing, 32);
	mvmp_identity_clear(&identity);

	load(&identity, &folder, NOW_S + GRACE_S);
	assert_false(identity.former.held);
	assert_true(identity.former.over);
	mvmp_identity_clear(&identity);
	/* Not before its time, whoever asks. */
	mvmp_identity_keep(folder.path, MVMP_PART_FORMER, NULL, 0, NOW_S, NULL);
	assert_int_equal(access(folder_file(&folder, "cluster.key.old"), F_OK), 0);
	mvmp_identity_keep(folder.path, MVMP_PART_FORMER, NULL, 0, NOW_S + GRACE_S, NULL);
	assert_int_not_equal(access(folder_file(&folder, "cluster.key.old"), F_OK), 0);
	folder_remove(&folder);
}

/* A member without a clock takes the state's time floor for the time, here as well; its clock
 * counts the grace from there, so that the former key is not accepted for ever. */
static void grace_without_clock(void **unused)
{
	struct mvmp_cluster next = state_of(8, 2, second);
	struct mvmp_identity identity;
	struct folder folder;
	uint8_t *document;
	bool changed;
	size_t len;

	make_member(&folder);
	load(&identity, &folder, NOW_S);
	next.time_floor = 1600;
	len = sign_state(&next, &document);
	mvmp_identity_update_cluster(&identity, document, len, &changed, NULL);
	free(document);
	assert_int_equal(mvmp_identity_take_key(&identity, second, 5, &changed, NULL), 0);
	assert_true(changed);
	assert_int_equal(identity.former.until, 1600 + GRACE_S);
	assert_false(mvmp_identity_expire_key(&identity, 5 + GRACE_S - 1));
	assert_true(mvmp_identity_expire_key(&identity, 5 + GRACE_S));
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

/* A key that the state does not name is refused, and nothing is changed by it: neither one that
 * came with no state, nor the former one once more, nor one of another length. */
static void other_keys_are_refused(void **unused)
{
	struct mvmp_cluster next = state_of(8, 2, second);
	struct mvmp_identity identity;
	struct folder folder;

	make_member(&folder);
	assert_int_equal(keep_key(&folder, second), -MVMP_NOT_TRUSTED);
	assert_int_equal(keep_state(&folder, &next), 0);
	assert_int_equal(keep_key(&folder, third), -MVMP_NOT_TRUSTED);
	assert_int_equal(keep_key(&folder, second), 0);
	assert_int_equal(keep_key(&folder, first), -MVMP_NOT_TRUSTED);
	assert_int_equal(mvmp_identity_keep(folder.path, MVMP_PART_KEY, second, 31, NOW_S, NULL),
		-MVMP_INVALID);
	assert_int_equal(keep_key(&folder, second), 0); /* again: nothing to do */
	load(&identity, &folder, NOW_S);
	assert_memory_equal(identity.cluster_key, second, 32);
	assert_memory_equal(identity.former.key, first, 32);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

/* An older state, and one of another CA, change nothing in the directory. */
static void older_and_foreign_states_are_refused(void **unused)
{
	struct mvmp_cluster next = state_of(9, 2, second);
	struct mvmp_identity identity;
	struct folder folder;
	uint8_t *document;
	int len;

	make_member(&folder);
	keep_state(&folder, &next);
	next = state_of(8, 3, third);
	keep_state(&folder, &next);
	next = state_of(10, 3, third);
	len = mvmp_cluster_sign(crypto, &next, test_other_ca_seed, &document, NULL);
	assert_int_equal(mvmp_identity_keep(
				 folder.path, MVMP_PART_STATE, document, (size_t)len, NOW_S, NULL),
		-MVMP_NOT_TRUSTED);
	free(document);
	load(&identity, &folder, NOW_S);
	assert_int_equal(identity.cluster.number, 9);
	assert_int_equal(identity.cluster.key_generation, 2);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

/* The power may go between any two files of a take-over: what is found then works, and the next
 * hand-over ends it. */
static void power_cuts(void **unused)
{
	struct mvmp_cluster next = state_of(8, 2, second);
	struct mvmp_identity identity;
	struct mvmp_error err;
	struct folder folder;

	/* The new state alone: the key is older than it says. */
	make_member(&folder);
	keep_state(&folder, &next);
	load(&identity, &folder, NOW_S);
	assert_int_equal(mvmp_identity_key_generation(&identity), 0);
	assert_memory_equal(identity.cluster_key, first, 32);
	mvmp_identity_clear(&identity);

	/* And cluster.key.old: both files hold the same key, which is the only one. */
	keep_key(&folder, second);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder.path, first, 32, false, NULL);
	load(&identity, &folder, NOW_S);
	assert_int_equal(mvmp_identity_key_generation(&identity), 0);
	assert_false(identity.former.held);
	mvmp_identity_clear(&identity);
	assert_int_equal(keep_key(&folder, second), 0);
	load(&identity, &folder, NOW_S);
	assert_int_equal(mvmp_identity_key_generation(&identity), 2);
	assert_memory_equal(identity.former.key, first, 32);
	mvmp_identity_clear(&identity);

	/* A cluster.key.old that others may read is no secret: refused like any. */
	chmod(folder_file(&folder, "cluster.key.old"), 0644);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, NOW_S, &err), -MVMP_PERMISSION);
	folder_remove(&folder);
}

static void refuse_cert(const struct folder *folder, const struct mvmp_cert *cert,
	const uint8_t *seed, int status, const char *words)
{
	uint8_t bytes[MVMP_CERT_MAX];
	size_t len = sign_cert(cert, seed, bytes);
	struct mvmp_error err;

	assert_int_equal(
		mvmp_identity_keep(folder->path, MVMP_PART_CERT, bytes, len, NOW_S, &err), -status);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* A certificate is taken over that is newer and made for this very member; no other one is. */
static void certificates(void **unused)
{
	struct mvmp_cert cert = own_cert(6);
	uint8_t bytes[MVMP_CERT_MAX];
	struct mvmp_identity identity;
	struct folder folder;
	size_t len;

	make_member(&folder);
	refuse_cert(&folder, &cert, test_other_ca_seed, MVMP_NOT_TRUSTED, "not signed by a CA key");
	cert.not_after = NOW_S;
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_NOT_TRUSTED, "outside its validity");
	cert = own_cert(6), cert.key[0] ^= 1;
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_INVALID, "another key");
	cert = own_cert(6), strcpy(cert.name, "r1-n02");
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_INVALID, "this member is r1-n01");
	cert = own_cert(6), cert.roles = MVMP_ROLE_OBSERVER;
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_INVALID, "lacks a role of node");
	cert = own_cert(6), cert.mac[0][5] ^= 1;
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_INVALID, "MAC 0c:c4:7a:77:f9:af");
	cert = own_cert(4);
	refuse_cert(&folder, &cert, test_ca_seed, MVMP_CONFLICT, "older than 5");
	cert = own_cert(6);
	len = sign_cert(&cert, test_ca_seed, bytes);
	for (unsigned twice = 0; twice < 2; twice++)
		assert_int_equal(
			mvmp_identity_keep(folder.path, MVMP_PART_CERT, bytes, len, NOW_S, NULL),
			0);
	load(&identity, &folder, NOW_S);
	assert_int_equal(identity.cert.serial, 6);
	mvmp_identity_clear(&identity);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_and_grace),
		cmocka_unit_test(grace_ends),
		cmocka_unit_test(grace_without_clock),
		cmocka_unit_test(other_keys_are_refused),
		cmocka_unit_test(older_and_foreign_states_are_refused),
		cmocka_unit_test(power_cuts),
		cmocka_unit_test(certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
