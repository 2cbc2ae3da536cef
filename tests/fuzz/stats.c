/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/stats.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 22, KINDS = (1 << MVMP_ENTITY_COUNT) - 1 };

/* One frame of a whole sample, as this program writes it. */
static int pack(const struct mvmp_sample *sample, uint8_t *out)
{
	struct mvmp_stats_cursor cursor = {.sample = sample, .kinds = KINDS, .texts = true};
	struct mvmp_stats_head head = {.sequence = 1};
	int len = mvmp_stats_pack(&cursor, &head, out, ROOM);

	if (len <= 0 || !head.last)
		abort();
	return len;
}

/* A frame brings at most as many records as it has bytes. What is accepted is written down and
 * read back as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct mvmp_sample one, two;
	static uint8_t first[ROOM], second[ROOM];
	struct mvmp_stats_head head, peeked;
	struct mvmp_sample fields = {.number = 0};
	size_t records = 0;
	int packed;

	mvmp_sample_reset(&one);
	mvmp_sample_reset(&two);
	if (mvmp_stats_unpack(bytes, len, &head, &one))
		return 0;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		records += one.kind[kind].count;
	if (records > len || mvmp_stats_peek(bytes, len, &peeked, &fields) ||
		fields.number != one.number || peeked.sequence != head.sequence)
		abort();
	packed = pack(&one, first);
	if (mvmp_stats_unpack(first, (size_t)packed, &head, &two) || pack(&two, second) != packed ||
		memcmp(first, second, (size_t)packed) != 0)
		abort();
	return 0;
}
