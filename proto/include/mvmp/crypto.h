/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CRYPTO_H
#define MVMP_CRYPTO_H

/*
 * The few algorithms the protocol stands on, behind a table, so that a port can bring its
 * own library and the tests a second one. No algorithm is written here.
 * Keys handed in are borrowed for the call. Outputs may not overlap inputs unless said.
 */

#include <mvmp/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An AEAD key scheduled once and used for many frames; allocated by aead_new. */
struct mvmp_aead;

struct mvmp_crypto_ops {
	const char *name;
	/* SHA-256 over the concatenation of two parts (either may be empty). */
	void (*hash)(uint8_t out[static MVMP_HASH_LEN], const void *a, size_t a_len, const void *b,
		size_t b_len);
	/* HMAC-SHA-256 over the concatenation of two parts. */
	void (*hmac)(uint8_t out[static MVMP_HASH_LEN], const uint8_t *key, size_t key_len,
		const void *a, size_t a_len, const void *b, size_t b_len);
	/* AES-256-GCM. The nonce is 32 zero bits, then the counter big-endian (Noise, 12.4). */
	struct mvmp_aead *(*aead_new)(const uint8_t key[static MVMP_KEY_LEN]);
	void (*aead_free)(struct mvmp_aead *aead); /* wipes; NULL allowed */
	/* Writes len + MVMP_TAG_LEN bytes to `out`; `out` may equal `plain`. */
	int (*seal)(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
		const void *plain, size_t len, uint8_t *out);
	/* Reads len bytes (tag included), writes len - MVMP_TAG_LEN; `out` may equal `sealed`.
	 * -EBADMSG when the tag is wrong; `out` then holds nothing usable. */
	int (*open)(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
		const void *sealed, size_t len, uint8_t *out);
	/* X25519 (RFC 7748). -EINVAL for an all-zero result. */
	int (*dh)(uint8_t out[static 32], const uint8_t secret[static 32],
		const uint8_t theirs[static 32]);
	int (*dh_public)(uint8_t out[static 32], const uint8_t secret[static 32]);
	/* Ed25519 (RFC 8032); the secret is the 32-byte seed. */
	int (*sign_public)(uint8_t out[static 32], const uint8_t seed[static 32]);
	int (*sign)(uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t seed[static 32],
		const void *msg, size_t len);
	bool (*verify)(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
		const void *msg, size_t len);
};

/* OpenSSL's libcrypto. */
extern const struct mvmp_crypto_ops mvmp_crypto_openssl;

#define MVMP_HKDF_LABEL_MAX 64 /* what is longer is cut */

/* HKDF-SHA-256 (RFC 5869) with at most 255 * 32 bytes of output; the label is its `info`. */
void mvmp_hkdf(const struct mvmp_crypto_ops *ops, uint8_t *out, size_t out_len, const void *salt,
	size_t salt_len, const void *secret, size_t secret_len, const char *label);

/* Overwrites memory in a way the compiler keeps. */
void mvmp_wipe(void *bytes, size_t len);

/* Compares in constant time. */
bool mvmp_equal(const void *a, const void *b, size_t len);

/* Random bytes of the operating system (getrandom(2)); aborts the process when it has none.
 * Only programs call it; the core takes randomness from its owner. */
void mvmp_random_os(void *ctx, void *to, size_t len);

#endif
