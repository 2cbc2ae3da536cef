/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <limiter.h>
#include <mvmp/heap.h>
#include <stdlib.h>

enum { TIMERS = 200 };

/* The earliest of the timers that are set, by looking at all. */
static uint64_t earliest(const uint64_t *at)
{
	uint64_t next = MVMP_NEVER;

	for (unsigned i = 0; i < TIMERS; i++)
		next = at[i] < next ? at[i] : next;
	return next;
}

/* However timers are set, moved and taken out, the next one is the earliest, and each fires
 * exactly once. */
static void order(void **state)
{
	struct mvmp_timer timer[TIMERS] = {0};
	uint64_t at[TIMERS];
	struct mvmp_heap heap;

	srandom(1);
	assert_int_equal(mvmp_heap_init(&heap, TIMERS), 0);
	memset(at, 0xff, sizeof(at));
	for (unsigned n = 0; n < 20000; n++) {
		unsigned i = (unsigned)random() % TIMERS;

		at[i] = random() % 4 ? (uint64_t)random() % 1000 : MVMP_NEVER;
		mvmp_heap_set(&heap, &timer[i], at[i]);
		assert_int_equal(mvmp_heap_next(&heap), earliest(at));
	}
	for (uint64_t now = 0; now < 1000; now++) {
		struct mvmp_timer *due;

		while ((due = mvmp_heap_pop(&heap, now))) {
			assert_int_equal(at[due - timer], now);
			at[due - timer] = MVMP_NEVER;
		}
		assert_true(earliest(at) > now);
	}
	assert_int_equal(heap.count, 0);
	mvmp_heap_clear(&heap);
}

/* A limiter grants its burst at once and its rate afterwards. */
static void rate(void **state)
{
	static const struct mvmp_rate ten = {.spacing_ns = 100, .burst = 10};
	struct mvmp_limiter limiter = {0};
	unsigned granted = 0;

	for (unsigned i = 0; i < 2; i++)
		assert_true(mvmp_limiter_take(&limiter, &ten, 1000));
	assert_false(mvmp_limiter_strained(&limiter, &ten, 1000));
	assert_true(mvmp_limiter_take(&limiter, &ten, 1000));
	assert_true(mvmp_limiter_strained(&limiter, &ten, 1000));
	for (unsigned i = 0; i < 20; i++)
		granted += mvmp_limiter_take(&limiter, &ten, 1000);
	assert_int_equal(granted, 7);
	granted = 0;
	for (uint64_t now = 1001; now <= 11000; now++)
		granted += mvmp_limiter_take(&limiter, &ten, now);
	assert_int_equal(granted, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(order), cmocka_unit_test(rate)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
