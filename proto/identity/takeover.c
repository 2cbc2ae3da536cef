/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <mvmp/bytes.h>
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * What members hand to each other while they run, and how it is kept. Nothing is believed because
 * of who brought it: a state is signed by a CA key, a cluster key is the one the state names, a
 * certificate is signed and made for the own key.
 */

static bool is_named(const struct mvmp_identity *identity, const uint8_t *key)
{
	uint8_t id[MVMP_ID_LEN];

	mvmp_cluster_key_id(identity->crypto, id, key);
	return mvmp_equal(id, identity->cluster.key_id, sizeof id);
}

uint32_t mvmp_identity_key_generation(const struct mvmp_identity *identity)
{
	return is_named(identity, identity->cluster_key) ? identity->cluster.key_generation : 0;
}

/* Without a good clock the state's time floor stands for the time, and the clock tells only how
 * long ago that was: else a grace would never end there. */
static uint64_t time_of(struct mvmp_identity *identity, uint64_t now_s)
{
	uint64_t floor = identity->cluster.time_floor;

	if (now_s > floor)
		return now_s;
	if (identity->clock.floor != floor || identity->clock.since > now_s) {
		identity->clock.floor = floor;
		identity->clock.since = now_s;
	}
	return floor + (now_s - identity->clock.since);
}

int mvmp_identity_take_key(struct mvmp_identity *identity, const uint8_t key[static MVMP_KEY_LEN],
	uint64_t now_s, bool *changed, struct mvmp_error *err)
{
	*changed = false;
	if (!is_named(identity, key))
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"a cluster key was handed over that is not the one of generation %u which "
			"cluster state %llu names",
			identity->cluster.key_generation,
			(unsigned long long)identity->cluster.number);
	if (mvmp_equal(identity->cluster_key, key, MVMP_KEY_LEN))
		return 0;
	memcpy(identity->former.key, identity->cluster_key, MVMP_KEY_LEN);
	memcpy(identity->cluster_key, key, MVMP_KEY_LEN);
	identity->former.held = true;
	identity->former.over = false;
	identity->former.until = time_of(identity, now_s) + identity->cluster.grace_s;
	*changed = true;
	return 0;
}

bool mvmp_identity_expire_key(struct mvmp_identity *identity, uint64_t now_s)
{
	if (!identity->former.held || time_of(identity, now_s) < identity->former.until)
		return false;
	mvmp_wipe(&identity->former, sizeof identity->former);
	identity->former.over = true;
	return true;
}

/* ---- certificate ---- */

static int check_same_member(
	const struct mvmp_cert *own, const struct mvmp_cert *next, struct mvmp_error *err)
{
	char text[64], mac[18];

	if (!mvmp_equal(own->key, next->key, MVMP_KEY_LEN))
		return mvmp_fail(err, MVMP_INVALID,
			"certificate %llu (%s) was made for another key than that of %s",
			(unsigned long long)next->serial, next->name, own->name);
	if (strcmp(own->name, next->name) != 0)
		return mvmp_fail(err, MVMP_INVALID, "certificate %llu is for %s, this member is %s",
			(unsigned long long)next->serial, next->name, own->name);
	if (own->roles & ~next->roles)
		return mvmp_fail(err, MVMP_INVALID,
			"certificate %llu (%s) lacks a role of %s, which this member has",
			(unsigned long long)next->serial, next->name,
			mvmp_roles_text(text, own->roles));
	for (unsigned i = 0; i < own->macs; i++) {
		if (!mvmp_cert_has_mac(next, own->mac[i]))
			return mvmp_fail(err, MVMP_INVALID,
				"certificate %llu (%s) does not name MAC %s, which this member's "
				"does",
				(unsigned long long)next->serial, next->name,
				mvmp_mac_text(mac, own->mac[i]));
	}
	return 0;
}

static int explain(enum mvmp_verdict verdict, const struct mvmp_cluster *cluster,
	const struct mvmp_cert *cert, struct mvmp_error *err)
{
	const char *why = verdict == MVMP_DROP_EXPIRED	 ? "outside its validity now"
			  : verdict == MVMP_DROP_REVOKED ? "revoked"
							 : "not signed by a CA key";

	return mvmp_fail(err, MVMP_NOT_TRUSTED, "certificate %llu (%s) is %s of cluster state %llu",
		(unsigned long long)cert->serial, cert->name, why,
		(unsigned long long)cluster->number);
}

int mvmp_identity_take_cert(struct mvmp_identity *identity, const uint8_t *bytes, size_t len,
	uint64_t now_s, bool *changed, struct mvmp_error *err)
{
	struct mvmp_cert cert;
	enum mvmp_verdict verdict;
	int ret;

	*changed = false;
	if (len == identity->cert_len && !memcmp(bytes, identity->cert_bytes, len))
		return 0;
	if (mvmp_cert_decode(&cert, bytes, len) != MVMP_ACCEPTED)
		return mvmp_fail(err, MVMP_INVALID, "%zu bytes that are no certificate", len);
	verdict = mvmp_cert_check(identity->crypto, &cert, &identity->cluster, bytes, len, now_s);
	if (verdict != MVMP_ACCEPTED)
		return explain(verdict, &identity->cluster, &cert, err);
	ret = check_same_member(&identity->cert, &cert, err);
	if (ret)
		return ret;
	if (cert.serial <= identity->cert.serial)
		return mvmp_fail(err, MVMP_CONFLICT,
			"certificate %llu (%s) is older than %llu, which is in use",
			(unsigned long long)cert.serial, cert.name,
			(unsigned long long)identity->cert.serial);
	identity->cert = cert;
	memcpy(identity->cert_bytes, bytes, len);
	identity->cert_len = len;
	*changed = true;
	return 0;
}

/* ---- on disk ---- */

static int store_former(
	const struct mvmp_identity *identity, const char *directory, struct mvmp_error *err)
{
	uint8_t bytes[MVMP_KEY_LEN + 8];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
	int ret;

	mvmp_put_bytes(&w, identity->former.key, MVMP_KEY_LEN);
	mvmp_put_u64(&w, identity->former.until);
	ret = mvmp_keyfile_write_in(
		&mvmp_cluster_key_old, directory, bytes, sizeof bytes, false, err);
	mvmp_wipe(bytes, sizeof bytes);
	return ret;
}

static int remove_former(const char *directory, struct mvmp_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", directory, mvmp_cluster_key_old.name) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of cluster.key.old is too long");
	if (unlink(path) && errno != ENOENT)
		return mvmp_fail(err, errno == EACCES || errno == EPERM ? MVMP_PERMISSION : MVMP_IO,
			"cannot remove %s: %s", path, strerror(errno));
	return 0;
}

int mvmp_identity_store(const struct mvmp_identity *identity, enum mvmp_part part,
	const char *directory, struct mvmp_error *err)
{
	int ret = 0;

	switch (part) {
	case MVMP_PART_STATE:
		return mvmp_keyfile_write_in(&mvmp_cluster_state, directory,
			identity->cluster_bytes, identity->cluster_len, false, err);
	case MVMP_PART_KEY:
		/* The former one first: cut off here, it is the key of both files. */
		if (identity->former.held)
			ret = store_former(identity, directory, err);
		return ret ? ret
			   : mvmp_keyfile_write_in(&mvmp_cluster_key, directory,
				     identity->cluster_key, MVMP_KEY_LEN, false, err);
	case MVMP_PART_CERT:
		return mvmp_keyfile_write_in(&mvmp_member_cert, directory, identity->cert_bytes,
			identity->cert_len, false, err);
	case MVMP_PART_FORMER:
		return identity->former.held ? 0 : remove_former(directory, err);
	}
	return mvmp_fail(err, MVMP_INVALID, "an identity has no part %d", part);
}

static int take(struct mvmp_identity *identity, enum mvmp_part part, const uint8_t *bytes,
	size_t len, uint64_t now_s, bool *changed, struct mvmp_error *err)
{
	switch (part) {
	case MVMP_PART_STATE:
		return mvmp_identity_update_cluster(identity, bytes, len, changed, err);
	case MVMP_PART_KEY:
		if (len == MVMP_KEY_LEN)
			return mvmp_identity_take_key(identity, bytes, now_s, changed, err);
		return mvmp_fail(err, MVMP_INVALID, "%zu bytes are no cluster key", len);
	case MVMP_PART_CERT:
		return mvmp_identity_take_cert(identity, bytes, len, now_s, changed, err);
	case MVMP_PART_FORMER:
		*changed = !identity->former.held;
		return 0;
	}
	return mvmp_fail(err, MVMP_INVALID, "an identity has no part %d", part);
}

int mvmp_identity_keep(const char *directory, enum mvmp_part part, const uint8_t *bytes, size_t len,
	uint64_t now_s, struct mvmp_error *err)
{
	struct mvmp_identity identity = {0};
	bool changed = false;
	int ret = mvmp_identity_load(&identity, directory, now_s, err);

	if (!ret)
		ret = take(&identity, part, bytes, len, now_s, &changed, err);
	if (!ret && changed)
		ret = mvmp_identity_store(&identity, part, directory, err);
	mvmp_identity_clear(&identity);
	return ret;
}
