/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <mvmp/cert.h>
#include <stdlib.h>
#include <string.h>

#include "signed.h"

enum {
	CLUSTER_VERSION = 1,
};

static const char label[] = "mvmp cluster state v1";

void mvmp_cluster_clear(struct mvmp_cluster *cluster)
{
	free(cluster->revoked_serial);
	memset(cluster, 0, sizeof *cluster);
}

void mvmp_cluster_key_id(const struct mvmp_crypto_ops *crypto, uint8_t out[static MVMP_ID_LEN],
	const uint8_t cluster_key[static MVMP_KEY_LEN])
{
	mvmp_hkdf(crypto, out, MVMP_ID_LEN, NULL, 0, cluster_key, MVMP_KEY_LEN, "mvmp v1 key id");
}

static int compare_serials(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool mvmp_cluster_revokes(const struct mvmp_cluster *cluster, uint64_t serial)
{
	return cluster->revoked && bsearch(&serial, cluster->revoked_serial, cluster->revoked,
					   sizeof serial, compare_serials);
}

static void read_fields(struct mvmp_cluster *cluster, struct mvmp_reader *r)
{
	if (mvmp_get_u8(r) != CLUSTER_VERSION)
		r->bad = true;
	cluster->cas = mvmp_get_u8(r);
	if (mvmp_get_u16(r))
		r->bad = true;
	cluster->key_generation = mvmp_get_u32(r);
	cluster->number = mvmp_get_u64(r);
	cluster->time_floor = mvmp_get_u64(r);
	cluster->revoked = mvmp_get_u32(r);
	cluster->grace_s = mvmp_get_u32(r);
	mvmp_get_bytes(r, cluster->key_id, sizeof cluster->key_id);
	if (cluster->cas < 1 || cluster->cas > 2) {
		r->bad = true;
		return;
	}
	mvmp_get_bytes(r, cluster->ca, (size_t)cluster->cas * MVMP_KEY_LEN);
}

/* The numbers of a state, whoever signed it. */
static int check_fields(const struct mvmp_cluster *cluster, struct mvmp_error *err)
{
	if (cluster->cas < 1 || cluster->cas > 2)
		return mvmp_fail(
			err, MVMP_INVALID, "%u CA keys; a cluster has one or two", cluster->cas);
	if (cluster->cas == 2 && !memcmp(cluster->ca[0], cluster->ca[1], MVMP_KEY_LEN))
		return mvmp_fail(err, MVMP_INVALID, "the two CA keys are the same");
	if (!cluster->number)
		return mvmp_fail(err, MVMP_INVALID, "number 0 is not used; states begin at 1");
	if (cluster->grace_s > MVMP_GRACE_MAX_S)
		return mvmp_fail(err, MVMP_INVALID,
			"a grace of %u s is too long; at most %d s are possible", cluster->grace_s,
			MVMP_GRACE_MAX_S);
	if (cluster->revoked > MVMP_REVOKED_MAX)
		return mvmp_fail(err, MVMP_INVALID,
			"%u revoked certificates are too many; at most %d fit", cluster->revoked,
			MVMP_REVOKED_MAX);
	for (unsigned i = 1; i < cluster->revoked; i++) {
		if (cluster->revoked_serial[i - 1] >= cluster->revoked_serial[i])
			return mvmp_fail(err, MVMP_INVALID,
				"revoked serials are not in rising order at %llu",
				(unsigned long long)cluster->revoked_serial[i]);
	}
	return 0;
}

/* Reads the serials. The count was read from the bytes: memory only when they are all there. */
static int read_serials(struct mvmp_cluster *cluster, struct mvmp_reader *r, struct mvmp_error *err)
{
	if (r->bad || cluster->revoked > MVMP_REVOKED_MAX ||
		r->left != (size_t)cluster->revoked * 8 + MVMP_SIGNATURE_LEN)
		return mvmp_fail(err, MVMP_INVALID,
			"not a cluster state: version, counts and length do not belong together");
	if (!cluster->revoked)
		return 0;
	cluster->revoked_serial = calloc(cluster->revoked, sizeof *cluster->revoked_serial);
	if (!cluster->revoked_serial)
		return mvmp_fail(
			err, MVMP_NO_MEMORY, "cannot read the cluster state: out of memory");
	for (unsigned i = 0; i < cluster->revoked; i++)
		cluster->revoked_serial[i] = mvmp_get_u64(r);
	return 0;
}

static int parse(
	struct mvmp_cluster *cluster, const uint8_t *bytes, size_t len, struct mvmp_error *err)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	int ret;

	read_fields(cluster, &r);
	ret = read_serials(cluster, &r, err);
	return ret ? ret : check_fields(cluster, err);
}

static bool signed_by(const struct mvmp_crypto_ops *crypto, const struct mvmp_cluster *trusted,
	const uint8_t *bytes, size_t len)
{
	for (unsigned i = 0; i < trusted->cas; i++) {
		if (mvmp_signed_check(crypto, bytes, len, label, trusted->ca[i]))
			return true;
	}
	return false;
}

int mvmp_cluster_decode(const struct mvmp_crypto_ops *crypto, struct mvmp_cluster *cluster,
	const struct mvmp_cluster *trusted, const uint8_t *bytes, size_t len,
	struct mvmp_error *err)
{
	struct mvmp_cluster read = {0};
	int ret = parse(&read, bytes, len, err);

	if (!ret && !signed_by(crypto, trusted ? trusted : &read, bytes, len))
		ret = mvmp_fail(err, MVMP_NOT_TRUSTED,
			"cluster state %llu is not signed by a CA key of this cluster",
			(unsigned long long)read.number);
	if (ret) {
		mvmp_cluster_clear(&read);
		return ret;
	}
	*cluster = read;
	return 0;
}

static void write_fields(struct mvmp_writer *w, const struct mvmp_cluster *cluster)
{
	mvmp_put_u8(w, CLUSTER_VERSION);
	mvmp_put_u8(w, (uint8_t)cluster->cas);
	mvmp_put_u16(w, 0);
	mvmp_put_u32(w, cluster->key_generation);
	mvmp_put_u64(w, cluster->number);
	mvmp_put_u64(w, cluster->time_floor);
	mvmp_put_u32(w, cluster->revoked);
	mvmp_put_u32(w, cluster->grace_s);
	mvmp_put_bytes(w, cluster->key_id, sizeof cluster->key_id);
	mvmp_put_bytes(w, cluster->ca, (size_t)cluster->cas * MVMP_KEY_LEN);
	for (unsigned i = 0; i < cluster->revoked; i++)
		mvmp_put_u64(w, cluster->revoked_serial[i]);
}

int mvmp_cluster_sign(const struct mvmp_crypto_ops *crypto, const struct mvmp_cluster *cluster,
	const uint8_t ca_seed[static 32], uint8_t **ret, struct mvmp_error *err)
{
	struct mvmp_writer w;
	uint8_t *bytes;

	if (check_fields(cluster, err))
		return -MVMP_INVALID;
	bytes = malloc(MVMP_CLUSTER_MAX);
	w = mvmp_writer(bytes, bytes ? MVMP_CLUSTER_MAX : 0);
	if (bytes)
		write_fields(&w, cluster);
	if (!bytes || mvmp_signed_put(crypto, &w, label, ca_seed)) {
		free(bytes);
		return mvmp_fail(
			err, MVMP_NO_MEMORY, "cannot sign the cluster state: out of memory");
	}
	*ret = bytes;
	return (int)w.used;
}
