/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <mvmp/crypto.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Looking an algorithm up costs libcrypto about as much as using it, so it is done once.
 * The objects are read-only afterwards and live as long as the process. */
static struct {
	EVP_MD *sha256;
	EVP_MAC_CTX *hmac; /* template with the digest set, copied for each use */
	EVP_CIPHER *gcm;
} alg;

static pthread_once_t alg_once = PTHREAD_ONCE_INIT;

/* A libcrypto without SHA-256 or AES-GCM is a broken installation, and hashes cannot fail
 * upwards: going on without them would be worse than ending. */
static void require(bool ok)
{
	if (!ok)
		abort();
}

static void fetch_algorithms(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	require(mac != NULL);
	alg.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	alg.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	alg.hmac = EVP_MAC_CTX_new(mac);
	require(alg.sha256 && alg.gcm && alg.hmac && EVP_MAC_CTX_set_params(alg.hmac, params));
	EVP_MAC_free(mac);
}

static void prepare(void)
{
	pthread_once(&alg_once, fetch_algorithms);
}

static void hash(
	uint8_t out[static MVMP_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	prepare();
	require(ctx && EVP_DigestInit_ex2(ctx, alg.sha256, NULL) &&
		EVP_DigestUpdate(ctx, a, a_len) && EVP_DigestUpdate(ctx, b, b_len) &&
		EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
}

static void hmac(uint8_t out[static MVMP_HASH_LEN], const uint8_t *key, size_t key_len,
	const void *a, size_t a_len, const void *b, size_t b_len)
{
	static const uint8_t no_key[1];
	EVP_MAC_CTX *ctx;
	size_t out_len;

	prepare();
	ctx = EVP_MAC_CTX_dup(alg.hmac);
	/* A NULL key would mean "the one set before" to libcrypto. */
	require(ctx && EVP_MAC_init(ctx, key_len ? key : no_key, key_len, NULL) &&
		EVP_MAC_update(ctx, a, a_len) && EVP_MAC_update(ctx, b, b_len) &&
		EVP_MAC_final(ctx, out, &out_len, MVMP_HASH_LEN));
	EVP_MAC_CTX_free(ctx);
}

/* Both contexts hold the scheduled key, so that a frame costs only its nonce and data. */
struct mvmp_aead {
	EVP_CIPHER_CTX *seal, *open;
};

static void aead_free(struct mvmp_aead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->seal);
	EVP_CIPHER_CTX_free(aead->open);
	free(aead);
}

static struct mvmp_aead *aead_new(const uint8_t key[static MVMP_KEY_LEN])
{
	struct mvmp_aead *aead = calloc(1, sizeof *aead);

	prepare();
	if (!aead)
		return NULL;
	aead->seal = EVP_CIPHER_CTX_new();
	aead->open = EVP_CIPHER_CTX_new();
	if (!aead->seal || !aead->open ||
		!EVP_EncryptInit_ex2(aead->seal, alg.gcm, key, NULL, NULL) ||
		!EVP_DecryptInit_ex2(aead->open, alg.gcm, key, NULL, NULL)) {
		aead_free(aead);
		return NULL;
	}
	return aead;
}

static void make_nonce(uint8_t nonce[static 12], uint64_t counter)
{
	memset(nonce, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(counter >> (56 - 8 * i));
}

static int seal(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = aead->seal;
	uint8_t nonce[12];
	int n;

	if (len > INT_MAX - MVMP_TAG_LEN || ad_len > INT_MAX)
		return -EINVAL;
	make_nonce(nonce, counter);
	if (!EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) ||
		(ad_len && !EVP_EncryptUpdate(ctx, NULL, &n, ad, (int)ad_len)) ||
		(len && !EVP_EncryptUpdate(ctx, out, &n, plain, (int)len)) ||
		!EVP_EncryptFinal_ex(ctx, out + len, &n) ||
		!EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, MVMP_TAG_LEN, out + len))
		return -ENOMEM;
	return 0;
}

static int open_sealed(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = aead->open;
	const uint8_t *from = sealed;
	uint8_t nonce[12], tag[MVMP_TAG_LEN];
	int n;

	if (len < MVMP_TAG_LEN || len > INT_MAX || ad_len > INT_MAX)
		return -EBADMSG;
	len -= MVMP_TAG_LEN;
	make_nonce(nonce, counter);
	memcpy(tag, from + len, sizeof tag);
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) &&
		(!ad_len || EVP_DecryptUpdate(ctx, NULL, &n, ad, (int)ad_len)) &&
		(!len || EVP_DecryptUpdate(ctx, out, &n, from, (int)len)) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, MVMP_TAG_LEN, tag) &&
		EVP_DecryptFinal_ex(ctx, tag, &n) > 0)
		return 0;
	mvmp_wipe(out, len);
	return -EBADMSG;
}

static EVP_PKEY *secret_key(const char *type, const uint8_t secret[static 32])
{
	return EVP_PKEY_new_raw_private_key_ex(NULL, type, NULL, secret, 32);
}

static EVP_PKEY *public_key(const char *type, const uint8_t key[static 32])
{
	return EVP_PKEY_new_raw_public_key_ex(NULL, type, NULL, key, 32);
}

static int derive_public(const char *type, uint8_t out[static 32], const uint8_t secret[static 32])
{
	EVP_PKEY *key = secret_key(type, secret);
	size_t len = 32;
	bool ok = key && EVP_PKEY_get_raw_public_key(key, out, &len);

	EVP_PKEY_free(key);
	return ok ? 0 : -ENOMEM;
}

static int dh_public(uint8_t out[static 32], const uint8_t secret[static 32])
{
	return derive_public("X25519", out, secret);
}

static int sign_public(uint8_t out[static 32], const uint8_t seed[static 32])
{
	return derive_public("ED25519", out, seed);
}

/* A secret key without the public half that libcrypto would compute, which costs as much as the
 * exchange itself and is not used by it: any 32 bytes may stand for it. */
static EVP_PKEY *exchange_key(const uint8_t secret[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	uint8_t both[2][32];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, both[0], 32),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, both[1], 32),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	memcpy(both[0], secret, 32);
	memset(both[1], 9, 32);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = secret_key("X25519", secret); /* a libcrypto that insists on the real one */
	mvmp_wipe(both, sizeof both);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int dh(
	uint8_t out[static 32], const uint8_t secret[static 32], const uint8_t theirs[static 32])
{
	EVP_PKEY *own = exchange_key(secret), *peer = public_key("X25519", theirs);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
	size_t len = 32;
	int ret = -ENOMEM;

	if (peer && ctx && EVP_PKEY_derive_init(ctx) > 0) {
		/* libcrypto refuses the all-zero result itself. */
		ret = EVP_PKEY_derive_set_peer(ctx, peer) > 0 && EVP_PKEY_derive(ctx, out, &len) > 0
			      ? 0
			      : -EINVAL;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return ret;
}

static int sign(uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t seed[static 32],
	const void *msg, size_t len)
{
	EVP_PKEY *key = secret_key("ED25519", seed);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = MVMP_SIGNATURE_LEN;
	bool ok = key && ctx && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) > 0 &&
		  EVP_DigestSign(ctx, sig, &sig_len, msg, len) > 0;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : -ENOMEM;
}

static bool verify(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
	const void *msg, size_t len)
{
	EVP_PKEY *pkey = public_key("ED25519", key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = pkey && ctx &&
		  EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) > 0 &&
		  EVP_DigestVerify(ctx, sig, MVMP_SIGNATURE_LEN, msg, len) > 0;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

const struct mvmp_crypto_ops mvmp_crypto_openssl = {
	.name = "openssl",
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
