/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_POOL_H
#define MVMP_POOL_H

/* Buffers of outgoing messages, and of calls. Small ones are kept for the next, so that a steady
 * flow of requests allocates nothing. */

#include <stddef.h>
#include <stdint.h>

enum {
	MVMP_POOL_BUFFER = 2048, /* bytes of a kept buffer */
	MVMP_POOL_KEPT = 64,	 /* buffers */
};

struct mvmp_pool {
	void *kept; /* chain; the first bytes of each buffer point to the next */
	unsigned count;
	size_t queued; /* bytes of all messages in outboxes that share it */
};

/* A buffer of at least `len` bytes, NULL when there is no memory. */
uint8_t *mvmp_pool_get(struct mvmp_pool *pool, size_t len);

/* Gives back a buffer of mvmp_pool_get(); `len` as asked then. NULL is allowed.
 * What may hold a cluster key is given back by the other, which wipes it. */
void mvmp_pool_put(struct mvmp_pool *pool, uint8_t *bytes, size_t len);
void mvmp_pool_put_secret(struct mvmp_pool *pool, uint8_t *bytes, size_t len);
void mvmp_pool_clear(struct mvmp_pool *pool);

#endif
