/* SPDX-License-Identifier: Apache-2.0 */

/* libcrypto without memory. Hashing is left out: it ends the program then, by decision. */

#include "fault_private.h"
#include <openssl/evp.h>

#define FAILS fault_here(FAULT_CRYPTO, __builtin_return_address(0))

WRAPPED(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, void)
{
	return FAILS ? NULL : __real_EVP_CIPHER_CTX_new();
}

WRAPPED(int, EVP_EncryptFinal_ex, EVP_CIPHER_CTX *ctx, unsigned char *out, int *len)
{
	return FAILS ? 0 : __real_EVP_EncryptFinal_ex(ctx, out, len);
}

WRAPPED(int, EVP_DecryptFinal_ex, EVP_CIPHER_CTX *ctx, unsigned char *out, int *len)
{
	return FAILS ? 0 : __real_EVP_DecryptFinal_ex(ctx, out, len);
}

WRAPPED(EVP_PKEY *, EVP_PKEY_new_raw_private_key_ex, OSSL_LIB_CTX *lib, const char *type,
	const char *properties, const unsigned char *key, size_t len)
{
	return FAILS ? NULL
		     : __real_EVP_PKEY_new_raw_private_key_ex(lib, type, properties, key, len);
}

WRAPPED(EVP_PKEY *, EVP_PKEY_new_raw_public_key_ex, OSSL_LIB_CTX *lib, const char *type,
	const char *properties, const unsigned char *key, size_t len)
{
	return FAILS ? NULL
		     : __real_EVP_PKEY_new_raw_public_key_ex(lib, type, properties, key, len);
}

WRAPPED(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, OSSL_LIB_CTX *lib, const char *name,
	const char *properties)
{
	return FAILS ? NULL : __real_EVP_PKEY_CTX_new_from_name(lib, name, properties);
}

WRAPPED(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey, OSSL_LIB_CTX *lib, EVP_PKEY *key,
	const char *properties)
{
	return FAILS ? NULL : __real_EVP_PKEY_CTX_new_from_pkey(lib, key, properties);
}

WRAPPED(int, EVP_PKEY_derive, EVP_PKEY_CTX *ctx, unsigned char *out, size_t *len)
{
	return FAILS ? 0 : __real_EVP_PKEY_derive(ctx, out, len);
}

WRAPPED(int, EVP_DigestSign, EVP_MD_CTX *ctx, unsigned char *out, size_t *out_len,
	const unsigned char *bytes, size_t len)
{
	return FAILS ? 0 : __real_EVP_DigestSign(ctx, out, out_len, bytes, len);
}

WRAPPED(int, EVP_DigestVerify, EVP_MD_CTX *ctx, const unsigned char *sig, size_t sig_len,
	const unsigned char *bytes, size_t len)
{
	return FAILS ? 0 : __real_EVP_DigestVerify(ctx, sig, sig_len, bytes, len);
}
