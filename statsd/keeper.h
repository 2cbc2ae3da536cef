/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_KEEPER_H
#define MVS_KEEPER_H

/*
 * A process of a few lines that keeps the right to write the identity's directory, which the
 * program itself gives up. It writes nothing but what mvmp_identity_keep() finds right.
 */

#include <mvmp/identity.h>

struct mvs_keeper;

/* Starts it; before secrets are read and links opened, so that it has none of them. */
int mvs_keeper_start(const char *identity, struct mvs_keeper **ret, struct mvmp_error *err);
void mvs_keeper_stop(struct mvs_keeper *keeper); /* NULL allowed */

/* Has a part kept that another member handed over. Waits a second at the most. */
int mvs_keeper_keep(struct mvs_keeper *keeper, enum mvmp_part part, const uint8_t *bytes,
	size_t len, struct mvmp_error *err);

#endif
