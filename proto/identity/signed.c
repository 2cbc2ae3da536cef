/* SPDX-License-Identifier: Apache-2.0 */
#include "signed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Label (without its NUL) and document in one piece, as Ed25519 wants its message. */
static uint8_t *joined(const char *label, const uint8_t *bytes, size_t len, size_t *ret_len)
{
	size_t label_len = strlen(label);
	uint8_t *message = malloc(label_len + len);

	if (!message)
		return NULL;
	memcpy(message, label, label_len);
	memcpy(message + label_len, bytes, len);
	*ret_len = label_len + len;
	return message;
}

int mvmp_signed_put(const struct mvmp_crypto_ops *crypto, struct mvmp_writer *w, const char *label,
	const uint8_t seed[static 32])
{
	uint8_t signature[MVMP_SIGNATURE_LEN], *message;
	size_t len;
	int ret;

	if (w->bad)
		return -EMSGSIZE;
	message = joined(label, w->buf, w->used, &len);
	if (!message)
		return -ENOMEM;
	ret = crypto->sign(signature, seed, message, len);
	free(message);
	if (ret)
		return ret;
	mvmp_put_bytes(w, signature, sizeof signature);
	return w->bad ? -EMSGSIZE : 0;
}

bool mvmp_signed_check(const struct mvmp_crypto_ops *crypto, const uint8_t *bytes, size_t len,
	const char *label, const uint8_t key[static MVMP_KEY_LEN])
{
	uint8_t *message;
	size_t message_len;
	bool good;

	if (len < MVMP_SIGNATURE_LEN)
		return false;
	len -= MVMP_SIGNATURE_LEN;
	message = joined(label, bytes, len, &message_len);
	if (!message)
		return false;
	good = crypto->verify(bytes + len, key, message, message_len);
	free(message);
	return good;
}
