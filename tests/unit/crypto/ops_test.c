/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sodium_ops.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 100

/* Both implementations get every published vector. */
static const struct mvmp_crypto_ops *const all[] = {&mvmp_crypto_openssl, &sodium_ops};

static void assert_hex(const uint8_t *bytes, const char *hex)
{
	uint8_t expected[256];
	size_t len = strlen(hex) / 2;

	assert_int_equal(mvmp_unhex(expected, len, hex), 0);
	assert_memory_equal(bytes, expected, len);
}

static void fill(uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)rand();
}

/* SHA-256 and HMAC-SHA-256 give the values of FIPS 180 and RFC 4231, however the input is cut in
 * two parts. */
static void hashes_match_their_standards(void **state)
{
	uint8_t out[32];

	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];

		crypto->hash(out, "abc", 3, NULL, 0);
		assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		crypto->hash(out, "a", 1, "bc", 2);
		assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		crypto->hash(out, NULL, 0, NULL, 0);
		assert_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
		crypto->hmac(out, (const uint8_t *)"Jefe", 4, "what do ya want ", 16,
			"for nothing?", 12);
		assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	}
}

/* HKDF gives the values of RFC 5869, appendix A.1 and A.3 (no salt, no info). */
static void hkdf_matches_rfc_5869(void **state)
{
	static const char info[] = "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";
	uint8_t secret[22], salt[13], out[42];

	memset(secret, 0x0b, sizeof secret);
	for (uint8_t i = 0; i < sizeof salt; i++)
		salt[i] = i;
	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];

		mvmp_hkdf(crypto, out, sizeof out, salt, sizeof salt, secret, sizeof secret, info);
		assert_hex(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
				"34007208d5b887185865");
		mvmp_hkdf(crypto, out, sizeof out, NULL, 0, secret, sizeof secret, "");
		assert_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
				"9d201395faa4b61a96c8");
	}
}

/* AES-256-GCM gives test cases 13 and 14 of the GCM specification (zero key, zero nonce). */
static void aead_matches_the_gcm_specification(void **state)
{
	static const uint8_t zeros[32];
	uint8_t out[32];

	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];
		struct mvmp_aead *aead = crypto->aead_new(zeros);

		assert_int_equal(crypto->seal(aead, 0, NULL, 0, NULL, 0, out), 0);
		assert_hex(out, "530f8afbc74536b9a963b4f1c4cb738b");
		assert_int_equal(crypto->seal(aead, 0, NULL, 0, zeros, 16, out), 0);
		assert_hex(out, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
		crypto->aead_free(aead);
	}
}

/* X25519 gives the first vector of RFC 7748, section 5.2, and refuses a key of small order, which
 * would make the secret all zeros. */
static void x25519_matches_rfc_7748(void **state)
{
	static const uint8_t zeros[32];
	uint8_t secret[32], theirs[32], out[32];

	mvmp_unhex(secret, 32, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	mvmp_unhex(theirs, 32, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];

		assert_int_equal(crypto->dh(out, secret, theirs), 0);
		assert_hex(out, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
		assert_int_equal(crypto->dh(out, secret, zeros), -EINVAL);
	}
}

/* Ed25519 gives test 2 of RFC 8032, section 7.1, and refuses another message, key or signature. */
static void ed25519_matches_rfc_8032(void **state)
{
	uint8_t seed[32], key[32], sig[64];

	mvmp_unhex(seed, 32, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];

		assert_int_equal(crypto->sign_public(key, seed), 0);
		assert_hex(key, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
		assert_int_equal(crypto->sign(sig, seed, "\x72", 1), 0);
		assert_hex(sig, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
				"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
		assert_true(crypto->verify(sig, key, "\x72", 1));
		assert_false(crypto->verify(sig, key, "\x73", 1));
		assert_false(crypto->verify(sig, key, "\x72", 0));
		sig[40] ^= 1;
		assert_false(crypto->verify(sig, key, "\x72", 1));
		sig[40] ^= 1;
		key[0] ^= 1;
		assert_false(crypto->verify(sig, key, "\x72", 1));
	}
}

/* A sealed message and all that belongs to it. */
struct sealed {
	uint8_t key[32], ad[40], plain[2000], bytes[2016];
	size_t ad_len, len; /* len: of the plain text */
	uint64_t counter;
};

static int try_open(const struct mvmp_crypto_ops *crypto, struct mvmp_aead *aead,
	const struct sealed *sealed, size_t cut)
{
	uint8_t out[2016];
	int ret = crypto->open(aead, sealed->counter, sealed->ad, sealed->ad_len, sealed->bytes,
		sealed->len + MVMP_TAG_LEN - cut, out);

	if (!ret)
		assert_memory_equal(out, sealed->plain, sealed->len);
	return ret;
}

static void check_opening(const struct mvmp_crypto_ops *crypto, struct sealed *sealed)
{
	struct mvmp_aead *aead = crypto->aead_new(sealed->key);
	uint8_t *byte = &sealed->bytes[(size_t)rand() % (sealed->len + MVMP_TAG_LEN)];

	assert_int_equal(try_open(crypto, aead, sealed, 0), 0);
	assert_int_equal(try_open(crypto, aead, sealed, 1), -EBADMSG);
	sealed->counter++;
	assert_int_equal(try_open(crypto, aead, sealed, 0), -EBADMSG);
	sealed->counter--;
	sealed->ad_len++;
	assert_int_equal(try_open(crypto, aead, sealed, 0), -EBADMSG);
	sealed->ad_len--;
	*byte ^= 4;
	assert_int_equal(try_open(crypto, aead, sealed, 0), -EBADMSG);
	*byte ^= 4;
	assert_int_equal(try_open(crypto, aead, sealed, 0), 0);
	crypto->aead_free(aead);
}

static void seal_random(const struct mvmp_crypto_ops *crypto, struct sealed *sealed)
{
	struct mvmp_aead *aead;

	fill((uint8_t *)sealed, sizeof *sealed);
	sealed->len %= sizeof sealed->plain;
	sealed->ad_len %= sizeof sealed->ad;
	aead = crypto->aead_new(sealed->key);
	assert_int_equal(crypto->seal(aead, sealed->counter, sealed->ad, sealed->ad_len,
				 sealed->plain, sealed->len, sealed->bytes),
		0);
	crypto->aead_free(aead);
}

/* What one library seals under any counter, both open; a changed counter, associated data, byte
 * or length is refused. */
static void aeads_of_both_libraries_agree(void **state)
{
	struct sealed sealed;

	for (unsigned i = 0; i < ROUNDS; i++) {
		seal_random(all[i % 2], &sealed);
		check_opening(all[0], &sealed);
		check_opening(all[1], &sealed);
	}
}

/* Sealing and opening may happen in place, as the frame path does it. */
static void aead_works_in_place(void **state)
{
	uint8_t key[32] = {1}, plain[100], buffer[116];

	fill(plain, sizeof plain);
	for (unsigned lib = 0; lib < 2; lib++) {
		const struct mvmp_crypto_ops *crypto = all[lib];
		struct mvmp_aead *aead = crypto->aead_new(key);

		memcpy(buffer, plain, sizeof plain);
		assert_int_equal(crypto->seal(aead, 9, "h", 1, buffer, sizeof plain, buffer), 0);
		assert_memory_not_equal(buffer, plain, sizeof plain);
		assert_int_equal(crypto->open(aead, 9, "h", 1, buffer, sizeof buffer, buffer), 0);
		assert_memory_equal(buffer, plain, sizeof plain);
		assert_int_equal(crypto->open(aead, 9, "h", 1, buffer, 15, buffer), -EBADMSG);
		crypto->aead_free(aead);
	}
}

/* Hashes, Diffie-Hellman and signatures of random input are the same from both libraries. */
static void both_libraries_agree(void **state)
{
	const struct mvmp_crypto_ops *a = all[0], *b = all[1];
	uint8_t in[300], x[64], y[64], x_key[32], y_key[32];

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t first = (size_t)rand() % 150, second = (size_t)rand() % 150;

		fill(in, sizeof in);
		a->hash(x, in, first, in + first, second);
		b->hash(y, in, first, in + first, second);
		assert_memory_equal(x, y, 32);
		a->hmac(x, in, (size_t)i, in, first, in + first, second);
		b->hmac(y, in, (size_t)i, in, first, in + first, second);
		assert_memory_equal(x, y, 32);
		assert_int_equal(a->dh_public(x_key, in) | b->dh_public(y_key, in), 0);
		assert_memory_equal(x_key, y_key, 32);
		assert_int_equal(a->dh(x, in + 32, x_key) | b->dh(y, in + 32, y_key), 0);
		assert_memory_equal(x, y, 32);
		assert_int_equal(
			a->sign(x, in, in + 32, first) | b->sign(y, in, in + 32, first), 0);
		assert_memory_equal(x, y, 64);
		assert_int_equal(a->sign_public(x_key, in), 0);
		assert_true(b->verify(x, x_key, in + 32, first));
	}
}

/* Comparison sees a difference in any byte; wiping leaves zeros. */
static void memory_helpers(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	for (unsigned i = 0; i < sizeof a; i++) {
		a[i] = 0x80;
		assert_false(mvmp_equal(a, b, sizeof a));
		a[i] = 0;
	}
	assert_true(mvmp_equal(a, b, sizeof a));
	mvmp_random_os(NULL, a, sizeof a);
	assert_false(mvmp_equal(a, b, sizeof a));
	mvmp_wipe(a, sizeof a);
	assert_memory_equal(a, b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_match_their_standards),
		cmocka_unit_test(hkdf_matches_rfc_5869),
		cmocka_unit_test(aead_matches_the_gcm_specification),
		cmocka_unit_test(x25519_matches_rfc_7748),
		cmocka_unit_test(ed25519_matches_rfc_8032),
		cmocka_unit_test(aeads_of_both_libraries_agree),
		cmocka_unit_test(aead_works_in_place),
		cmocka_unit_test(both_libraries_agree),
		cmocka_unit_test(memory_helpers),
	};

	if (!sodium_ops_start())
		return 77; /* this CPU has no AES instructions, libsodium no AES-256-GCM */
	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
