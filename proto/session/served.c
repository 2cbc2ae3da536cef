/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = MVMP_SERVED_BITS / 8, HASHES = 4 };

int mvmp_served_init(struct served *served)
{
	for (unsigned i = 0; i < 2; i++)
		served->words[i] = calloc(1, BYTES);
	return served->words[0] && served->words[1] ? 0 : -ENOMEM;
}

void mvmp_served_clear(struct served *served)
{
	free(served->words[0]);
	free(served->words[1]);
	*served = (struct served){0};
}

void mvmp_served_add(struct served *served, const uint8_t cookie[static MVMP_MAC_FIELD_LEN])
{
	struct mvmp_reader r = mvmp_reader(cookie, MVMP_MAC_FIELD_LEN);

	for (unsigned i = 0; i < HASHES; i++) {
		uint32_t bit = mvmp_get_u32(&r) % MVMP_SERVED_BITS;

		served->words[0][bit / 64] |= 1ull << bit % 64;
	}
}

bool mvmp_served_has(
	const struct served *served, unsigned turn, const uint8_t cookie[static MVMP_MAC_FIELD_LEN])
{
	struct mvmp_reader r = mvmp_reader(cookie, MVMP_MAC_FIELD_LEN);

	for (unsigned i = 0; i < HASHES; i++) {
		uint32_t bit = mvmp_get_u32(&r) % MVMP_SERVED_BITS;

		if (!(served->words[turn][bit / 64] >> bit % 64 & 1))
			return false;
	}
	return true;
}

void mvmp_served_turn(struct served *served)
{
	uint64_t *oldest = served->words[1];

	served->words[1] = served->words[0];
	served->words[0] = oldest;
	memset(oldest, 0, BYTES);
}
