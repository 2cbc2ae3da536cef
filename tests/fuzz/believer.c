/* SPDX-License-Identifier: Apache-2.0 */
#include "believer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mvmp_aead {
	char nothing;
};

static void hash(
	uint8_t out[static MVMP_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	memset(out, 0, MVMP_HASH_LEN);
}

static void hmac(uint8_t out[static MVMP_HASH_LEN], const uint8_t *key, size_t key_len,
	const void *a, size_t a_len, const void *b, size_t b_len)
{
	memset(out, 0, MVMP_HASH_LEN);
}

static struct mvmp_aead *aead_new(const uint8_t key[static MVMP_KEY_LEN])
{
	return calloc(1, sizeof(struct mvmp_aead));
}

static void aead_free(struct mvmp_aead *aead)
{
	free(aead);
}

static int seal(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out)
{
	memmove(out, plain, len);
	memset(out + len, 0, MVMP_TAG_LEN);
	return 0;
}

static int open_sealed(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t len, uint8_t *out)
{
	if (len < MVMP_TAG_LEN)
		return -EBADMSG;
	memmove(out, sealed, len - MVMP_TAG_LEN);
	return 0;
}

static int dh(
	uint8_t out[static 32], const uint8_t secret[static 32], const uint8_t theirs[static 32])
{
	memset(out, 0, 32);
	return 0;
}

static int public_key(uint8_t out[static 32], const uint8_t secret[static 32])
{
	memset(out, 0, 32);
	return 0;
}

static int sign(uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t seed[static 32],
	const void *msg, size_t len)
{
	memset(sig, 0, MVMP_SIGNATURE_LEN);
	return 0;
}

static bool verify(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
	const void *msg, size_t len)
{
	return true;
}

const struct mvmp_crypto_ops believer = {
	.name = "believer",
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

void believer_identity(
	struct mvmp_identity *identity, uint16_t roles, const uint8_t mac[static MVMP_MAC_LEN])
{
	static const uint8_t seed[32];
	struct mvmp_cert *cert = &identity->cert;
	int len;

	*identity = (struct mvmp_identity){
		.crypto = &believer,
		.cert = {.name = "peer",
			.roles = roles,
			.serial = 1,
			.not_before = 1000,
			.not_after = 2000,
			.macs = 1},
		.cluster = {.number = 1, .cas = 1},
	};
	memcpy(cert->mac[0], mac, MVMP_MAC_LEN);
	len = mvmp_cert_sign(&believer, cert, seed, identity->cert_bytes, NULL);
	if (len < 0)
		abort();
	identity->cert_len = (size_t)len;
}
