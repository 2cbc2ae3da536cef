/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_TABLE_H
#define MVA_TABLE_H

/* The closed table: one row an operation that the helper does at once, with its length rule. */

#include "wire.h"

struct mva_table_env {
	void *ctx;
	const char *root;     /* before /proc and /sys; "" on a real node */
	const char *identity; /* directory that keeps what other members hand over */
	void (*ready)(void *ctx);
	/* A checked interface name. */
	void (*watch)(void *ctx, const char *interface);
};

/* Does what a message asks for and writes the answer. Returns its length; *fd is -1 or a
 * descriptor to send along and close. Anything malformed is answered with MVMP_INVALID. */
size_t mva_table_do(const struct mva_table_env *env, const uint8_t *question, size_t len,
	uint8_t *answer, size_t size, int *fd);

#endif
