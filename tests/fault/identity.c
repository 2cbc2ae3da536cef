/* SPDX-License-Identifier: Apache-2.0 */

/* Keys, certificates and cluster states on files, and the stats codec. */

#include "../unit/cmocka_all.h"
#include "../unit/crypto/folder.h"
#include "../unit/crypto/members.h"
#include <fault_run.h>
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <mvmp/stats.h>
#include <stdlib.h>

enum { FILES = FAULT_MEMORY | FAULT_FILE | FAULT_READ, NOW = 1500 };

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;
static const uint8_t secret[32] = {77}, cluster_key[32] = {88};

static struct folder folder;
static struct mvmp_identity identity;
static struct mvmp_error error;
static uint8_t *newer; /* a cluster state of a higher number */
static int newer_len, rc;
static bool changed;

static uint8_t *make_state(uint64_t number, int *len)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);
	uint8_t *bytes;

	cluster.number = number;
	*len = mvmp_cluster_sign(crypto, &cluster, test_ca_seed, &bytes, NULL);
	assert_true(*len > 0);
	return bytes;
}

/* Certificate 5 of r1-n01, valid from 1000 to 2000, cluster state 7. */
static void make_member(int with)
{
	struct mvmp_cert cert = test_cert();
	uint8_t bytes[MVMP_CERT_MAX], *state;
	int len;

	error.text[0] = '\0';
	folder_make(&folder);
	mvmp_keyfile_write_in(&mvmp_member_key, folder.path, secret, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder.path, cluster_key, 32, true, NULL);
	crypto->dh_public(cert.key, secret);
	len = mvmp_cert_sign(crypto, &cert, test_ca_seed, bytes, NULL);
	assert_true(len > 0);
	mvmp_keyfile_write_in(&mvmp_member_cert, folder.path, bytes, (size_t)len, false, NULL);
	state = make_state(7, &len);
	mvmp_keyfile_write_in(&mvmp_cluster_state, folder.path, state, (size_t)len, false, NULL);
	free(state);
	newer = make_state(9, &newer_len);
}

static void make_loaded(int with)
{
	make_member(0);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, NOW, &error), 0);
	if (with)
		mvmp_identity_update_cluster(&identity, newer, (size_t)newer_len, &changed, &error);
}

static void remove_member(void)
{
	mvmp_identity_clear(&identity);
	free(newer);
	folder_remove(&folder);
}

static void run_load(void)
{
	rc = mvmp_identity_load(&identity, folder.path, NOW, &error);
}

static void is_told(enum fault_was was)
{
	if (!rc)
		return;
	assert_int_not_equal(was, FAULT_NONE);
	assert_true(rc < 0);
	assert_int_equal(-rc, error.status);
	assert_true(error.text[0]);
}

static void check_load(enum fault_was was)
{
	is_told(was);
	if (rc) {
		run_load();
		assert_int_equal(rc, 0);
	}
	assert_string_equal(identity.cert.name, "r1-n01");
	assert_int_equal(identity.cluster.number, 7);
	assert_memory_equal(identity.secret, secret, sizeof secret);
}

static void run_update(void)
{
	changed = false;
	rc = mvmp_identity_update_cluster(&identity, newer, (size_t)newer_len, &changed, &error);
}

static void check_update(enum fault_was was)
{
	is_told(was);
	assert_int_equal(identity.cluster.number, rc ? 7 : 9);
	if (rc) {
		assert_false(changed);
		assert_true(error.status == MVMP_NO_MEMORY || error.status == MVMP_NOT_TRUSTED);
		run_update();
	}
	assert_int_equal(rc, 0);
	assert_true(changed);
	assert_int_equal(identity.cluster.number, 9);
	assert_int_equal(identity.cluster_len, newer_len);
}

static void run_store(void)
{
	rc = mvmp_identity_store(&identity, MVMP_PART_STATE, folder.path, &error);
}

/* The file is the old one or the new one, whole; nothing else is left beside it. */
static void check_store(enum fault_was was)
{
	struct mvmp_identity read;

	is_told(was);
	if (rc)
		assert_non_null(strstr(error.text, "cluster.state"));
	assert_int_equal(folder_count(&folder), 4);
	assert_int_equal(mvmp_identity_load(&read, folder.path, NOW, &error), 0);
	assert_true(read.cluster.number == 9 || (rc && read.cluster.number == 7));
	mvmp_identity_clear(&read);
	run_store();
	assert_int_equal(rc, 0);
	assert_int_equal(mvmp_identity_load(&read, folder.path, NOW, &error), 0);
	assert_int_equal(read.cluster.number, 9);
	mvmp_identity_clear(&read);
}

/* By the process that may write, from what is on the disk. */
static void run_keep(void)
{
	rc = mvmp_identity_keep(
		folder.path, MVMP_PART_STATE, newer, (size_t)newer_len, NOW, &error);
}

static void check_keep(enum fault_was was)
{
	struct mvmp_identity read;

	is_told(was);
	assert_int_equal(folder_count(&folder), 4);
	assert_int_equal(mvmp_identity_load(&read, folder.path, NOW, &error), 0);
	assert_true(read.cluster.number == 9 || (rc && read.cluster.number == 7));
	mvmp_identity_clear(&read);
	run_keep();
	assert_int_equal(rc, 0);
	assert_int_equal(mvmp_identity_load(&read, folder.path, NOW, &error), 0);
	assert_int_equal(read.cluster.number, 9);
	mvmp_identity_clear(&read);
}

static void run_fresh(void)
{
	rc = mvmp_keyfile_write(
		&mvmp_ca_key, folder_file(&folder, "ca.key"), secret, 32, true, &error);
}

/* A secret that is there is whole, and its file nobody else's to read. */
static void check_fresh(enum fault_was was)
{
	uint8_t read[32];

	is_told(was);
	if (folder_count(&folder) == 4) {
		assert_int_not_equal(rc, 0);
		run_fresh();
		assert_int_equal(rc, 0);
	}
	assert_int_equal(folder_count(&folder), 5);
	assert_int_equal(
		mvmp_keyfile_read(&mvmp_ca_key, folder_file(&folder, "ca.key"), read, &error), 32);
	assert_memory_equal(read, secret, 32);
}

static uint8_t signed_bytes[MVMP_CERT_MAX];

static void run_sign(void)
{
	struct mvmp_cert cert = test_cert();

	rc = mvmp_cert_sign(crypto, &cert, test_ca_seed, signed_bytes, &error);
}

static void check_sign(enum fault_was was)
{
	struct mvmp_cert cert;

	if (rc < 0) {
		is_told(was);
		assert_int_equal(rc, -MVMP_NO_MEMORY);
		run_sign();
	}
	assert_true(rc > 0);
	assert_int_equal(
		mvmp_cert_check(crypto, &cert, &identity.cluster, signed_bytes, (size_t)rc, NOW),
		MVMP_ACCEPTED);
}

static uint8_t *state;

static void run_sign_state(void)
{
	struct mvmp_cluster cluster = test_cluster(test_ca_seed);

	state = NULL;
	rc = mvmp_cluster_sign(crypto, &cluster, test_ca_seed, &state, &error);
}

static void check_sign_state(enum fault_was was)
{
	if (rc < 0) {
		is_told(was);
		assert_int_equal(rc, -MVMP_NO_MEMORY);
		assert_null(state);
		run_sign_state();
	}
	assert_true(rc > 0);
	free(state);
}

/* A certificate is not taken for a good one because its check could not be made. */
static enum mvmp_verdict verdict;

static void make_signed(int with)
{
	make_loaded(0);
	run_sign();
	assert_true(rc > 0);
	signed_bytes[rc - 1] ^= (uint8_t)with;
}

static void run_check(void)
{
	struct mvmp_cert cert;

	verdict = mvmp_cert_check(crypto, &cert, &identity.cluster, signed_bytes, (size_t)rc, NOW);
}

static void check_check(enum fault_was was)
{
	assert_true(verdict == MVMP_DROP_CERT || (verdict == MVMP_ACCEPTED && !was));
	run_check();
	assert_int_equal(verdict, MVMP_ACCEPTED);
}

static void check_forged(enum fault_was was)
{
	assert_int_equal(verdict, MVMP_DROP_CERT);
}

/* ---- stats codec ---- */

static struct mvmp_sample sample, read_sample;
static uint8_t frame[65536];
static int frame_len;

static void make_frame(int with)
{
	struct mvmp_stats_cursor cursor = {.sample = &sample, .kinds = UINT32_MAX, .texts = true};
	struct mvmp_stats_head head = {.sequence = 1, .subscription = 1, .interval_ms = 1000};

	mvmp_sample_reset(&sample);
	sample.number = 5;
	sample.kinds = 1u << MVMP_PCPU | 1u << MVMP_DOMAIN;
	for (uint32_t i = 0; i < 100; i++) {
		struct mvmp_record *r = mvmp_sample_add(&sample, i % 4 ? MVMP_PCPU : MVMP_DOMAIN);

		assert_non_null(r);
		r->key.index = i % 4 ? i : 0;
		r->key.domain[0] = i % 4 ? 0 : (uint8_t)(i + 1);
		mvmp_set(r, 0, i * 1000);
	}
	frame_len = mvmp_stats_pack(&cursor, &head, frame, sizeof frame);
	assert_true(frame_len > 0 && cursor.done);
	memset(&read_sample, 0, sizeof read_sample);
}

static void run_unpack(void)
{
	struct mvmp_stats_head head;

	mvmp_sample_reset(&read_sample);
	rc = mvmp_stats_unpack(frame, (size_t)frame_len, &head, &read_sample);
}

static void check_unpack(enum fault_was was)
{
	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_true(rc < 0);
		run_unpack();
	}
	assert_int_equal(rc, 0);
	assert_int_equal(read_sample.kind[MVMP_PCPU].count, 75);
	assert_int_equal(read_sample.kind[MVMP_DOMAIN].count, 25);
}

static void run_copy(void)
{
	rc = mvmp_sample_copy(&read_sample, &sample);
}

static void check_copy(enum fault_was was)
{
	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
			assert_int_equal(read_sample.kind[kind].count, 0);
		run_copy();
	}
	check_unpack(FAULT_NONE);
}

static void remove_frame(void)
{
	mvmp_sample_free(&sample);
	mvmp_sample_free(&read_sample);
}

static const struct fault_row rows[] = {
	{"identity loaded", FILES | FAULT_CRYPTO, make_member, run_load, check_load, remove_member,
		0},
	{"newer cluster state taken", FAULT_MEMORY | FAULT_CRYPTO, make_loaded, run_update,
		check_update, remove_member, 0},
	{"cluster state stored", FILES, make_loaded, run_store, check_store, remove_member, 1},
	{"cluster state kept for another process", FILES | FAULT_CRYPTO, make_loaded, run_keep,
		check_keep, remove_member, 0},
	{"CA key made", FILES, make_loaded, run_fresh, check_fresh, remove_member, 0},
	{"certificate signed", FAULT_MEMORY | FAULT_CRYPTO, make_loaded, run_sign, check_sign,
		remove_member, 0},
	{"cluster state signed", FAULT_MEMORY | FAULT_CRYPTO, make_loaded, run_sign_state,
		check_sign_state, remove_member, 0},
	{"certificate checked", FAULT_MEMORY | FAULT_CRYPTO, make_signed, run_check, check_check,
		remove_member, 0},
	{"forged certificate checked", FAULT_MEMORY | FAULT_CRYPTO, make_signed, run_check,
		check_forged, remove_member, 1},
	{"stats frame unpacked", FAULT_MEMORY, make_frame, run_unpack, check_unpack, remove_frame,
		0},
	{"sample copied", FAULT_MEMORY, make_frame, run_copy, check_copy, remove_frame, 0},
};

int main(int argc, char **argv)
{
	return fault_run("identity", rows, sizeof rows / sizeof rows[0], argc, argv);
}
