/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/crypto.h>
#include <mvmp/pool.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *take(struct mvmp_pool *pool)
{
	uint8_t *bytes = pool->kept;

	memcpy(&pool->kept, bytes, sizeof(pool->kept));
	pool->count--;
	return bytes;
}

uint8_t *mvmp_pool_get(struct mvmp_pool *pool, size_t len)
{
	if (len > MVMP_POOL_BUFFER)
		return malloc(len);
	return pool->kept ? take(pool) : malloc(MVMP_POOL_BUFFER);
}

void mvmp_pool_put(struct mvmp_pool *pool, uint8_t *bytes, size_t len)
{
	if (!bytes || len > MVMP_POOL_BUFFER || pool->count == MVMP_POOL_KEPT) {
		free(bytes);
		return;
	}
	memcpy(bytes, &pool->kept, sizeof(pool->kept));
	pool->kept = bytes;
	pool->count++;
}

void mvmp_pool_put_secret(struct mvmp_pool *pool, uint8_t *bytes, size_t len)
{
	if (bytes && len >= MVMP_KEY_LEN) /* what is shorter holds no key */
		mvmp_wipe(bytes, len);
	mvmp_pool_put(pool, bytes, len);
}

void mvmp_pool_clear(struct mvmp_pool *pool)
{
	while (pool->kept)
		free(take(pool));
}
