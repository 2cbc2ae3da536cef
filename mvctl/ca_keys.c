/* SPDX-License-Identifier: Apache-2.0 */
#include "ca_store.h"
#include <errno.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The CA key and the cluster key take turns. A new key is first written beside the old one, then
 * the state that names it, then in the old one's place: whatever is cut off in between is ended by
 * the next command, since the state says which key counts.
 */

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static int next_path(char to[static PATH_MAX], const struct mvctl_ca *ca,
	const struct mvmp_keyfile *kind, struct mvmp_error *err)
{
	if (snprintf(to, PATH_MAX, "%s/%s.next", ca->directory, kind->name) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of %s.next is too long", kind->name);
	return 0;
}

/* MVMP_NOT_FOUND where there is none. */
static int read_next(const struct mvctl_ca *ca, const struct mvmp_keyfile *kind,
	uint8_t key[static MVMP_KEY_LEN], struct mvmp_error *err)
{
	char path[PATH_MAX];
	int ret = next_path(path, ca, kind, err);

	return ret ? ret : mvmp_keyfile_read(kind, path, key, err);
}

static int write_next(const struct mvctl_ca *ca, const struct mvmp_keyfile *kind,
	const uint8_t key[static MVMP_KEY_LEN], struct mvmp_error *err)
{
	char path[PATH_MAX];
	int ret = next_path(path, ca, kind, err);

	return ret ? ret : mvmp_keyfile_write(kind, path, key, MVMP_KEY_LEN, false, err);
}

/* The next key takes the place of the one before. */
static int promote(const struct mvctl_ca *ca, const struct mvmp_keyfile *kind,
	const uint8_t key[static MVMP_KEY_LEN], struct mvmp_error *err)
{
	char path[PATH_MAX];
	int ret = next_path(path, ca, kind, err);

	if (!ret)
		ret = mvmp_keyfile_write_in(kind, ca->directory, key, MVMP_KEY_LEN, false, err);
	if (!ret && unlink(path) && errno != ENOENT)
		ret = mvmp_fail(err, MVMP_IO, "cannot remove %s: %s", path, strerror(errno));
	return ret;
}

static bool signs_as(const uint8_t seed[static MVMP_KEY_LEN], const uint8_t *public)
{
	uint8_t key[MVMP_KEY_LEN];

	return !crypto->sign_public(key, seed) && !memcmp(key, public, sizeof key);
}

static bool is_named(const struct mvctl_ca *ca, const uint8_t key[static MVMP_KEY_LEN])
{
	uint8_t id[MVMP_ID_LEN];

	mvmp_cluster_key_id(crypto, id, key);
	return !memcmp(id, ca->cluster.key_id, sizeof id);
}

static int settle_ca_key(struct mvctl_ca *ca, struct mvmp_error *err)
{
	const struct mvmp_cluster *cluster = &ca->cluster;
	int ret = read_next(ca, &mvmp_ca_key, ca->next_seed, err);
	bool has_next = ret >= 0;

	if (ret < 0 && ret != -MVMP_NOT_FOUND)
		return ret;
	if (signs_as(ca->seed, cluster->ca[0])) {
		ca->rotating = cluster->cas == 2;
		if (!ca->rotating || (has_next && signs_as(ca->next_seed, cluster->ca[1])))
			return 0;
		return mvmp_fail(err, MVMP_NOT_FOUND,
			"%s/ca.key.next is not the second CA key of cluster.state", ca->directory);
	}
	if (!has_next || cluster->cas != 1 || !signs_as(ca->next_seed, cluster->ca[0]))
		return mvmp_fail(err, MVMP_INVALID,
			"%s/ca.key is not the CA key of cluster.state there", ca->directory);
	memcpy(ca->seed, ca->next_seed, sizeof ca->seed);
	return promote(ca, &mvmp_ca_key, ca->seed, err);
}

static int settle_cluster_key(struct mvctl_ca *ca, struct mvmp_error *err)
{
	uint8_t next[MVMP_KEY_LEN];
	int ret;

	if (is_named(ca, ca->cluster_key))
		return 0;
	ret = read_next(ca, &mvmp_cluster_key, next, NULL);
	if (ret < 0 || !is_named(ca, next)) {
		mvmp_wipe(next, sizeof next);
		return mvmp_fail(err, MVMP_INVALID,
			"%s/cluster.key is not the cluster key that cluster.state there names",
			ca->directory);
	}
	memcpy(ca->cluster_key, next, sizeof next);
	mvmp_wipe(next, sizeof next);
	return promote(ca, &mvmp_cluster_key, ca->cluster_key, err);
}

int mvctl_ca_settle_keys(struct mvctl_ca *ca, struct mvmp_error *err)
{
	int ret = settle_ca_key(ca, err);

	return ret ? ret : settle_cluster_key(ca, err);
}

int mvctl_ca_begin_rotation(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err)
{
	int ret;

	if (ca->rotating)
		return mvmp_fail(err, MVMP_CONFLICT,
			"%s has two CA keys already; nothing was changed", ca->directory);
	mvmp_random_os(NULL, ca->next_seed, sizeof ca->next_seed);
	if (crypto->sign_public(ca->cluster.ca[1], ca->next_seed))
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot make a CA key: out of memory");
	ret = write_next(ca, &mvmp_ca_key, ca->next_seed, err);
	if (ret)
		return ret;
	ca->cluster.cas = 2;
	ca->rotating = true;
	return mvctl_ca_write_state(ca, now, err);
}

int mvctl_ca_finish_rotation(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err)
{
	int ret;

	if (!ca->rotating)
		return mvmp_fail(err, MVMP_CONFLICT, "%s has one CA key; nothing is to be finished",
			ca->directory);
	memcpy(ca->cluster.ca[0], ca->cluster.ca[1], MVMP_KEY_LEN);
	memcpy(ca->seed, ca->next_seed, sizeof ca->seed);
	ca->cluster.cas = 1;
	ca->rotating = false;
	ret = mvctl_ca_write_state(ca, now, err);
	return ret ? ret : promote(ca, &mvmp_ca_key, ca->seed, err);
}

int mvctl_ca_change_cluster_key(
	struct mvctl_ca *ca, uint32_t grace_s, uint64_t now, struct mvmp_error *err)
{
	int ret;

	mvmp_random_os(NULL, ca->cluster_key, sizeof ca->cluster_key);
	ret = write_next(ca, &mvmp_cluster_key, ca->cluster_key, err);
	if (ret)
		return ret;
	ca->cluster.key_generation++;
	ca->cluster.grace_s = grace_s;
	mvmp_cluster_key_id(crypto, ca->cluster.key_id, ca->cluster_key);
	ret = mvctl_ca_write_state(ca, now, err);
	return ret ? ret : promote(ca, &mvmp_cluster_key, ca->cluster_key, err);
}

int mvctl_ca_signer(const struct mvmp_cluster *cluster, const struct mvmp_cert *cert)
{
	for (unsigned i = 0; i < cluster->cas; i++) {
		struct mvmp_cluster one = {.cas = 1};

		memcpy(one.ca[0], cluster->ca[i], MVMP_KEY_LEN);
		if (mvmp_cluster_has_signer(crypto, &one, cert))
			return (int)i;
	}
	return -1;
}
