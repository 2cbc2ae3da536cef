/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SODIUM_OPS_H
#define SODIUM_OPS_H

#include <mvmp/crypto.h>

/* The crypto table by libsodium: an implementation to check the first one against. Call
 * sodium_ops_start() before; false where this CPU has no AES instructions. */
extern const struct mvmp_crypto_ops sodium_ops;
bool sodium_ops_start(void);

#endif
