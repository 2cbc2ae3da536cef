/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>

static int load_cluster(
	struct mvmp_identity *identity, const char *directory, struct mvmp_error *err)
{
	int len;

	identity->cluster_bytes = malloc(MVMP_CLUSTER_MAX);
	if (!identity->cluster_bytes)
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot read the identity: out of memory");
	len = mvmp_keyfile_read_in(&mvmp_cluster_state, directory, identity->cluster_bytes, err);
	if (len < 0)
		return len;
	identity->cluster_len = (size_t)len;
	return mvmp_cluster_decode(identity->crypto, &identity->cluster, NULL,
		identity->cluster_bytes, identity->cluster_len, err);
}

/* Left behind by a take-over that was cut off, it is the key of cluster.key itself. */
static int load_former(struct mvmp_identity *identity, const char *directory, uint64_t now_s,
	struct mvmp_error *err)
{
	uint8_t bytes[MVMP_KEY_LEN + 8] = {0};
	struct mvmp_reader r = mvmp_reader(bytes, sizeof bytes);
	struct mvmp_error why = {.status = MVMP_OK};
	int ret = mvmp_keyfile_read_in(&mvmp_cluster_key_old, directory, bytes, &why);

	if (ret == -MVMP_NOT_FOUND)
		return 0; /* as most of the time: no error, so *err is not touched */
	if (ret < 0) {
		if (err)
			*err = why;
		return ret;
	}
	mvmp_get_bytes(&r, identity->former.key, MVMP_KEY_LEN);
	identity->former.until = mvmp_get_u64(&r);
	mvmp_wipe(bytes, sizeof bytes);
	if (mvmp_equal(identity->former.key, identity->cluster_key, MVMP_KEY_LEN))
		mvmp_wipe(&identity->former, sizeof identity->former);
	else
		identity->former.held = true;
	mvmp_identity_expire_key(identity, now_s);
	return 0;
}

static int load_files(struct mvmp_identity *identity, const char *directory, struct mvmp_error *err)
{
	int ret;

	ret = mvmp_keyfile_read_in(&mvmp_member_key, directory, identity->secret, err);
	if (ret < 0)
		return ret;
	ret = mvmp_keyfile_read_in(&mvmp_cluster_key, directory, identity->cluster_key, err);
	if (ret < 0)
		return ret;
	ret = mvmp_keyfile_read_in(&mvmp_member_cert, directory, identity->cert_bytes, err);
	if (ret < 0)
		return ret;
	identity->cert_len = (size_t)ret;
	return load_cluster(identity, directory, err);
}

/* One sentence for what is wrong with the own certificate. */
static int explain(const struct mvmp_identity *identity, enum mvmp_verdict verdict,
	const char *directory, uint64_t now_s, struct mvmp_error *err)
{
	const struct mvmp_cluster *cluster = &identity->cluster;
	char from[21], to[21], now[21];
	struct mvmp_cert cert;

	if (mvmp_cert_decode(&cert, identity->cert_bytes, identity->cert_len) != MVMP_ACCEPTED)
		return mvmp_fail(
			err, MVMP_INVALID, "%s/member.cert holds no certificate", directory);
	if (verdict == MVMP_DROP_EXPIRED)
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) in %s is valid from %s to %s, now is %s",
			(unsigned long long)cert.serial, cert.name, directory,
			mvmp_time_text(from, cert.not_before), mvmp_time_text(to, cert.not_after),
			mvmp_time_text(
				now, now_s > cluster->time_floor ? now_s : cluster->time_floor));
	if (verdict == MVMP_DROP_REVOKED)
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) in %s is revoked by cluster state %llu",
			(unsigned long long)cert.serial, cert.name, directory,
			(unsigned long long)cluster->number);
	return mvmp_fail(err, MVMP_NOT_TRUSTED,
		"certificate %llu (%s) in %s is not signed by a CA key of cluster.state there",
		(unsigned long long)cert.serial, cert.name, directory);
}

static int check(struct mvmp_identity *identity, const char *directory, uint64_t now_s,
	struct mvmp_error *err)
{
	uint8_t key[MVMP_KEY_LEN];
	enum mvmp_verdict verdict = mvmp_cert_check(identity->crypto, &identity->cert,
		&identity->cluster, identity->cert_bytes, identity->cert_len, now_s);

	if (verdict != MVMP_ACCEPTED)
		return explain(identity, verdict, directory, now_s, err);
	if (identity->crypto->dh_public(key, identity->secret))
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot check the identity: out of memory");
	if (memcmp(key, identity->cert.key, sizeof key))
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) in %s was made for another key than member.key",
			(unsigned long long)identity->cert.serial, identity->cert.name, directory);
	return 0;
}

int mvmp_identity_load(struct mvmp_identity *identity, const char *directory, uint64_t now_s,
	struct mvmp_error *err)
{
	int ret;

	*identity = (struct mvmp_identity){.crypto = &mvmp_crypto_openssl};
	ret = load_files(identity, directory, err);
	if (!ret)
		ret = load_former(identity, directory, now_s, err);
	if (!ret)
		ret = check(identity, directory, now_s, err);
	if (ret)
		mvmp_identity_clear(identity);
	return ret;
}

void mvmp_identity_clear(struct mvmp_identity *identity)
{
	mvmp_cluster_clear(&identity->cluster);
	free(identity->cluster_bytes);
	mvmp_wipe(identity, sizeof *identity);
}

int mvmp_identity_update_cluster(struct mvmp_identity *identity, const uint8_t *bytes, size_t len,
	bool *changed, struct mvmp_error *err)
{
	struct mvmp_cluster cluster;
	uint8_t *copy;
	int ret;

	ret = mvmp_cluster_decode(identity->crypto, &cluster, &identity->cluster, bytes, len, err);
	if (ret)
		return ret;
	if (cluster.number <= identity->cluster.number) {
		mvmp_cluster_clear(&cluster);
		*changed = false;
		return 0;
	}
	copy = malloc(len);
	if (!copy) {
		mvmp_cluster_clear(&cluster);
		return mvmp_fail(
			err, MVMP_NO_MEMORY, "cannot keep the cluster state: out of memory");
	}
	memcpy(copy, bytes, len);
	mvmp_cluster_clear(&identity->cluster);
	free(identity->cluster_bytes);
	identity->cluster = cluster;
	identity->cluster_bytes = copy;
	identity->cluster_len = len;
	*changed = true;
	return 0;
}
