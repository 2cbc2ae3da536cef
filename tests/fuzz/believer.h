/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BELIEVER_H
#define BELIEVER_H

/* Cryptography that believes everything: hashes, keys and tags are zeros, every tag and
 * signature is right. For fuzzing what stands behind the seals. */

#include <mvmp/identity.h>

extern const struct mvmp_crypto_ops believer;

enum { BELIEVER_NOW_S = 1500 }; /* a time at which the identity is valid */

/* A member with one MAC whose name is "peer"; nothing to clear. */
void believer_identity(
	struct mvmp_identity *identity, uint16_t roles, const uint8_t mac[static MVMP_MAC_LEN]);

#endif
