/* SPDX-License-Identifier: Apache-2.0 */
#include "cheap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t ca_seed[MVMP_KEY_LEN] = {0xca};

static void hash(
	uint8_t out[static MVMP_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	mvmp_crypto_openssl.hash(out, a, a_len, b, b_len);
}

static void hmac(uint8_t out[static MVMP_HASH_LEN], const uint8_t *key, size_t key_len,
	const void *a, size_t a_len, const void *b, size_t b_len)
{
	mvmp_crypto_openssl.hmac(out, key, key_len, a, a_len, b, b_len);
}

static struct mvmp_aead *aead_new(const uint8_t key[static MVMP_KEY_LEN])
{
	return mvmp_crypto_openssl.aead_new(key);
}

static void aead_free(struct mvmp_aead *aead)
{
	mvmp_crypto_openssl.aead_free(aead);
}

static int seal(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out)
{
	return mvmp_crypto_openssl.seal(aead, counter, ad, ad_len, plain, len, out);
}

static int open_sealed(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t len, uint8_t *out)
{
	return mvmp_crypto_openssl.open(aead, counter, ad, ad_len, sealed, len, out);
}

/* A secret is its own public key, so both ends can hash the two. */
static int dh(
	uint8_t out[static 32], const uint8_t secret[static 32], const uint8_t theirs[static 32])
{
	bool less = memcmp(secret, theirs, 32) < 0;

	hash(out, less ? secret : theirs, 32, less ? theirs : secret, 32);
	return 0;
}

static int public_key(uint8_t out[static 32], const uint8_t secret[static 32])
{
	memcpy(out, secret, 32);
	return 0;
}

static int sign(uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t seed[static 32],
	const void *msg, size_t len)
{
	memset(sig, 0, MVMP_SIGNATURE_LEN);
	hash(sig, seed, 32, msg, len);
	return 0;
}

static bool verify(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
	const void *msg, size_t len)
{
	uint8_t good[MVMP_SIGNATURE_LEN];

	sign(good, key, msg, len);
	return memcmp(good, sig, sizeof good) == 0;
}

const struct mvmp_crypto_ops cheap_crypto = {
	.name = "cheap",
	.hash = hash,
	.hmac = hmac,
	.aead_new = aead_new,
	.aead_free = aead_free,
	.seal = seal,
	.open = open_sealed,
	.dh = dh,
	.dh_public = public_key,
	.sign_public = public_key,
	.sign = sign,
	.verify = verify,
};

static void fill_cert(struct mvmp_cert *cert, const char *name, uint16_t roles, const uint8_t *mac,
	uint64_t serial)
{
	*cert = (struct mvmp_cert){.roles = roles,
		.serial = serial,
		.not_before = CHEAP_WALL_S - 3600,
		.not_after = CHEAP_WALL_S + 86400,
		.macs = mac ? 1 : 0};
	snprintf(cert->name, sizeof cert->name, "%s", name);
	if (mac)
		memcpy(cert->mac[0], mac, MVMP_MAC_LEN);
}

void cheap_member(struct mvmp_identity *identity, const char *name, uint16_t roles,
	const uint8_t *mac, uint64_t serial)
{
	struct mvmp_cert cert;
	int cert_len, cluster_len;

	*identity = (struct mvmp_identity){.crypto = &cheap_crypto,
		.cluster_key = {0xc1},
		.secret = {(uint8_t)serial, 0x5e},
		.cluster = {.number = 1, .key_generation = 1, .cas = 1}};
	fill_cert(&cert, name, roles, mac, serial);
	public_key(cert.key, identity->secret);
	public_key(identity->cluster.ca[0], ca_seed);
	cert_len = mvmp_cert_sign(&cheap_crypto, &cert, ca_seed, identity->cert_bytes, NULL);
	cluster_len = mvmp_cluster_sign(
		&cheap_crypto, &identity->cluster, ca_seed, &identity->cluster_bytes, NULL);
	if (cert_len < 0 || cluster_len < 0 ||
		mvmp_cert_decode(&identity->cert, identity->cert_bytes, (size_t)cert_len))
		abort();
	identity->cert_len = (size_t)cert_len;
	identity->cluster_len = (size_t)cluster_len;
}
