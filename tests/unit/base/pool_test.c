/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <mvmp/pool.h>
#include <string.h>

/* A buffer that is kept for the next message holds nothing of the last, which may have been a
 * cluster key; only where the next buffer is, in its first bytes. */
static void kept_secrets_are_wiped(void **state)
{
	static const uint8_t nothing[100];
	struct mvmp_pool pool = {0};
	uint8_t *bytes = mvmp_pool_get(&pool, sizeof nothing);

	assert_non_null(bytes);
	memset(bytes, 0x77, sizeof nothing);
	mvmp_pool_put_secret(&pool, bytes, sizeof nothing);
	assert_int_equal(pool.count, 1);
	assert_ptr_equal(mvmp_pool_get(&pool, MVMP_POOL_BUFFER), bytes);
	assert_memory_equal(bytes + sizeof(void *), nothing, sizeof nothing - sizeof(void *));
	mvmp_pool_put(&pool, bytes, MVMP_POOL_BUFFER);
	mvmp_pool_put_secret(&pool, NULL, 10);
	mvmp_pool_clear(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(kept_secrets_are_wiped)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
