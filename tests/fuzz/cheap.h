/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHEAP_H
#define CHEAP_H

/* Cryptography for fuzzing whole members: hashes and seals are the real ones, so that nothing
 * but an authentic frame passes; key agreement and signatures are the cheapest that still agree,
 * since a real handshake costs more than the rest of a run. */

#include <mvmp/identity.h>

#define CHEAP_WALL_S 1800000000ull /* a time at which cheap_member()'s certificates are valid */

extern const struct mvmp_crypto_ops cheap_crypto;

/* A member of the one cluster there is; `mac` may be NULL. mvmp_identity_clear() frees it. */
void cheap_member(struct mvmp_identity *identity, const char *name, uint16_t roles,
	const uint8_t *mac, uint64_t serial);

#endif
