/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

uint64_t test_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void test_random_bytes(uint64_t *state, void *to, size_t len)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)test_random(state);
}

static void require(int rc, const struct mvmp_error *err)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "test authority: %s\n", err->text);
	abort();
}

void test_authority_init(struct test_authority *authority, uint64_t seed)
{
	*authority = (struct test_authority){.random = seed};
	test_random_bytes(&authority->random, authority->ca_seed, MVMP_KEY_LEN);
	test_random_bytes(&authority->random, authority->cluster_key, MVMP_KEY_LEN);
}

static void fill_cert(
	struct test_authority *authority, struct mvmp_cert *cert, const struct test_member *member)
{
	*cert = (struct mvmp_cert){.roles = member->roles,
		.serial = member->serial ? member->serial : ++authority->serial,
		.not_before = member->not_before ? member->not_before : TEST_WALL_S - 3600,
		.not_after = member->not_after ? member->not_after : TEST_WALL_S + 86400,
		.macs = member->macs};
	snprintf(cert->name, sizeof(cert->name), "%s", member->name);
	memcpy(cert->mac, member->mac, sizeof(cert->mac));
}

void test_authority_member(struct test_authority *authority, struct mvmp_identity *identity,
	const struct test_member *member)
{
	struct mvmp_error err = {.text = ""};
	struct mvmp_cert cert;
	int len;

	*identity = (struct mvmp_identity){.crypto = crypto};
	memcpy(identity->cluster_key, authority->cluster_key, MVMP_KEY_LEN);
	test_random_bytes(&authority->random, identity->secret, MVMP_KEY_LEN);
	fill_cert(authority, &cert, member);
	require(crypto->dh_public(cert.key, identity->secret), &err);
	len = mvmp_cert_sign(crypto, &cert, authority->ca_seed, identity->cert_bytes, &err);
	require(len, &err);
	identity->cert_len = (size_t)len;
	if (mvmp_cert_decode(&identity->cert, identity->cert_bytes, identity->cert_len))
		abort();
	identity->cluster.number = 1;
	identity->cluster.key_generation = 1;
	mvmp_cluster_key_id(crypto, identity->cluster.key_id, authority->cluster_key);
	identity->cluster.cas = 1;
	require(crypto->sign_public(identity->cluster.ca[0], authority->ca_seed), &err);
	len = mvmp_cluster_sign(
		crypto, &identity->cluster, authority->ca_seed, &identity->cluster_bytes, &err);
	require(len, &err);
	identity->cluster_len = (size_t)len;
}

void test_identity_revoke(struct mvmp_identity *identity, uint64_t serial)
{
	struct mvmp_cluster *cluster = &identity->cluster;
	unsigned at = cluster->revoked;

	cluster->revoked_serial = realloc(cluster->revoked_serial, (at + 1) * sizeof(uint64_t));
	if (!cluster->revoked_serial)
		abort();
	for (; at && cluster->revoked_serial[at - 1] > serial; at--)
		cluster->revoked_serial[at] = cluster->revoked_serial[at - 1];
	cluster->revoked_serial[at] = serial;
	cluster->revoked++;
	cluster->number++;
}
