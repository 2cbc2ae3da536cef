/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/crypto.h>
#include <string.h>

/* RFC 5869, section 2: block i is HMAC(extracted, block before | info | i). */
void mvmp_hkdf(const struct mvmp_crypto_ops *ops, uint8_t *out, size_t out_len, const void *salt,
	size_t salt_len, const void *secret, size_t secret_len, const char *label)
{
	uint8_t extracted[MVMP_HASH_LEN], block[MVMP_HASH_LEN], info[MVMP_HKDF_LABEL_MAX + 1];
	size_t before = 0, info_len = strnlen(label, MVMP_HKDF_LABEL_MAX);

	memcpy(info, label, info_len);
	info[info_len] = 0;
	ops->hmac(extracted, salt, salt_len, secret, secret_len, NULL, 0);
	while (out_len) {
		size_t n = out_len < sizeof block ? out_len : sizeof block;

		info[info_len]++;
		ops->hmac(block, extracted, sizeof extracted, block, before, info, info_len + 1);
		before = sizeof block;
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	mvmp_wipe(extracted, sizeof extracted);
	mvmp_wipe(block, sizeof block);
}
