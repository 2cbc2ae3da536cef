/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

static void slide(struct mvmp_replay *replay, uint64_t counter)
{
	uint64_t word = counter / 64;
	uint64_t top = replay->next ? (replay->next - 1) / 64 : 0;
	uint64_t fresh = word - top < MVMP_REPLAY_WORDS ? word - top : MVMP_REPLAY_WORDS;

	for (uint64_t i = 1; i <= fresh; i++)
		replay->seen[(top + i) % MVMP_REPLAY_WORDS] = 0;
	replay->next = counter + 1;
}

bool mvmp_replay_take(struct mvmp_replay *replay, uint64_t counter)
{
	uint64_t bit = 1ull << counter % 64;
	uint64_t *word = &replay->seen[counter / 64 % MVMP_REPLAY_WORDS];

	if (counter == UINT64_MAX)
		return false;
	if (counter >= replay->next)
		slide(replay, counter);
	else if (replay->next - counter > MVMP_REPLAY_WINDOW)
		return false;
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}
