/* SPDX-License-Identifier: Apache-2.0 */
#include "sodium_ops.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct mvmp_aead {
	uint8_t key[32];
};

bool sodium_ops_start(void)
{
	return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available();
}

/* libsodium copies from NULL when a part is empty, which C forbids. */
static const void *or_nothing(const void *part)
{
	return part ? part : "";
}

static void hash(
	uint8_t out[static MVMP_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, or_nothing(a), a_len);
	crypto_hash_sha256_update(&state, or_nothing(b), b_len);
	crypto_hash_sha256_final(&state, out);
}

static void hmac(uint8_t out[static MVMP_HASH_LEN], const uint8_t *key, size_t key_len,
	const void *a, size_t a_len, const void *b, size_t b_len)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, or_nothing(key), key_len);
	crypto_auth_hmacsha256_update(&state, or_nothing(a), a_len);
	crypto_auth_hmacsha256_update(&state, or_nothing(b), b_len);
	crypto_auth_hmacsha256_final(&state, out);
}

static struct mvmp_aead *aead_new(const uint8_t key[static MVMP_KEY_LEN])
{
	struct mvmp_aead *aead = sodium_malloc(sizeof *aead);

	if (aead)
		memcpy(aead->key, key, sizeof aead->key);
	return aead;
}

static void aead_free(struct mvmp_aead *aead)
{
	sodium_free(aead);
}

static void make_nonce(uint8_t nonce[static 12], uint64_t counter)
{
	memset(nonce, 0, 12);
	for (unsigned i = 12; i > 4; counter >>= 8)
		nonce[--i] = (uint8_t)counter;
}

static int seal(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out)
{
	uint8_t nonce[12];

	make_nonce(nonce, counter);
	return crypto_aead_aes256gcm_encrypt(
		out, NULL, plain, len, ad, ad_len, NULL, nonce, aead->key);
}

static int open_sealed(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t len, uint8_t *out)
{
	uint8_t nonce[12];

	make_nonce(nonce, counter);
	return crypto_aead_aes256gcm_decrypt(
		       out, NULL, NULL, sealed, len, ad, ad_len, nonce, aead->key)
		       ? -EBADMSG
		       : 0;
}

static int dh(
	uint8_t out[static 32], const uint8_t secret[static 32], const uint8_t theirs[static 32])
{
	return crypto_scalarmult(out, secret, theirs) ? -EINVAL : 0;
}

static int dh_public(uint8_t out[static 32], const uint8_t secret[static 32])
{
	return crypto_scalarmult_base(out, secret);
}

static int sign_public(uint8_t out[static 32], const uint8_t seed[static 32])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	return crypto_sign_seed_keypair(out, secret, seed);
}

static int sign(uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t seed[static 32],
	const void *msg, size_t len)
{
	uint8_t public[32], secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public, secret, seed);
	return crypto_sign_detached(sig, NULL, msg, len, secret);
}

static bool verify(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
	const void *msg, size_t len)
{
	return !crypto_sign_verify_detached(sig, msg, len, key);
}

const struct mvmp_crypto_ops sodium_ops = {
	.name = "libsodium",
	.hash = hash,
	.hmac = hmac,
	.aead_new = aead_new,
	.aead_free = aead_free,
	.seal = seal,
	.open = open_sealed,
	.dh = dh,
	.dh_public = dh_public,
	.sign_public = sign_public,
	.sign = sign,
	.verify = verify,
};
