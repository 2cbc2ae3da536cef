/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SIGNED_H
#define MVMP_SIGNED_H

/*
 * Documents that end with an Ed25519 signature over a label and all bytes before it. The label
 * says what kind of document it is, so that a signature of one kind never fits another.
 */

#include <mvmp/bytes.h>
#include <mvmp/crypto.h>

/* Signs what the writer holds and appends the signature. -EMSGSIZE, -ENOMEM. */
int mvmp_signed_put(const struct mvmp_crypto_ops *crypto, struct mvmp_writer *w, const char *label,
	const uint8_t seed[static 32]);

/* `len` includes the signature. False also when there is no memory to look. */
bool mvmp_signed_check(const struct mvmp_crypto_ops *crypto, const uint8_t *bytes, size_t len,
	const char *label, const uint8_t key[static MVMP_KEY_LEN]);

#endif
