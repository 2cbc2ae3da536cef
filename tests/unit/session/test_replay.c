/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <replay.h>

enum { W = MVMP_REPLAY_WINDOW };

/* Counters in the order they come and what is said of them, as the numbered tables of
 * WireGuard's selftest/counter.c have it. */
struct step {
	uint64_t counter;
	bool fresh;
};

static void play(const struct step *step, size_t count)
{
	struct mvmp_replay replay = {0};

	for (size_t i = 0; i < count; i++) {
		if (mvmp_replay_take(&replay, step[i].counter) != step[i].fresh)
			fail_msg("step %zu, counter %llu", i, (unsigned long long)step[i].counter);
	}
}

#define PLAY(...)                                                                                  \
	do {                                                                                       \
		static const struct step steps[] = {__VA_ARGS__};                                  \
		play(steps, sizeof(steps) / sizeof(steps[0]));                                     \
	} while (0)

/* A counter is taken once, in any order, as long as it is inside the window below the highest
 * one seen; a counter that ran far ahead closes what is too far behind it. */
static void table(void **state)
{
	PLAY({0, true}, {1, true}, {1, false}, {9, true}, {8, true}, {7, true}, {7, false},
		{W, true}, {W - 1, true}, {W - 1, false}, {W - 2, true}, {2, true}, {2, false},
		{W + 16, true}, {3, false}, {W + 16, false}, {W * 4, true}, {W * 4 - (W - 1), true},
		{10, false}, {W * 4 - W, false}, {W * 4 - (W + 1), false}, {W * 4 - (W - 2), true},
		{W * 4 + 1 - W, false}, {0, false}, {UINT64_MAX, false}, {UINT64_MAX - 1, true},
		{UINT64_MAX, false}, {UINT64_MAX - 1, false}, {UINT64_MAX - 2, true},
		{UINT64_MAX - 2, false}, {W * 4, false});
}

/* A window full of counters is told apart one by one, upwards and downwards. */
static void whole_window(void **state)
{
	struct mvmp_replay up = {0}, down = {0};

	assert_true(W >= 1024);
	for (uint64_t i = 1; i <= W; i++)
		assert_true(mvmp_replay_take(&up, i));
	assert_true(mvmp_replay_take(&up, 0) == false);
	for (uint64_t i = W; i-- > 0;)
		assert_true(mvmp_replay_take(&down, i));
	for (uint64_t i = 0; i < W; i++)
		assert_false(mvmp_replay_take(&down, i));
}

/* The bitmap forgets nothing and invents nothing while it slides over itself many times. */
static void sliding(void **state)
{
	struct mvmp_replay replay = {0};

	for (uint64_t i = 0; i < 40ull * W; i += 3) {
		assert_true(mvmp_replay_take(&replay, i));
		assert_false(mvmp_replay_take(&replay, i));
		if (i > 900) {
			assert_true(mvmp_replay_take(&replay, i - 900 + 1));
			assert_false(mvmp_replay_take(&replay, i - 900 + 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(whole_window),
		cmocka_unit_test(sliding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
