/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"
#include <mvmp/frame.h>

void tally_add(struct tally *tally, unsigned kind, size_t len)
{
	unsigned k = kind % TALLY_KINDS;

	tally->frames[k]++;
	tally->bytes[k] += len;
	if (len > tally->longest[k])
		tally->longest[k] = len;
	if (!tally->shortest[k] || len < tally->shortest[k])
		tally->shortest[k] = len;
}

uint64_t tally_frames(const struct tally *tally)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < TALLY_KINDS; k++)
		sum += tally->frames[k];
	return sum;
}

static uint64_t all_bytes(const struct tally *tally)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < TALLY_KINDS; k++)
		sum += tally->bytes[k];
	return sum;
}

void tally_print(const struct tally *tally, const char *verb, FILE *out)
{
	for (unsigned k = 0; k < TALLY_KINDS; k++) {
		if (tally->frames[k])
			fprintf(out, "%s %s frames %llu bytes %llu shortest %zu longest %zu\n",
				verb, mvmp_kind_name(k), (unsigned long long)tally->frames[k],
				(unsigned long long)tally->bytes[k], tally->shortest[k],
				tally->longest[k]);
	}
}

void tally_print_amplification(const struct tally *sent, const struct tally *got, FILE *out)
{
	static const uint8_t question[TALLY_KINDS] = {[MVMP_BEACON] = MVMP_PROBE,
		[MVMP_REPLY] = MVMP_INIT,
		[MVMP_COOKIE] = MVMP_INIT,
		[MVMP_DATA] = MVMP_DATA};

	for (unsigned k = 0; k < TALLY_KINDS; k++) {
		unsigned q = question[k];

		if (got->frames[k] && q && sent->shortest[q])
			fprintf(out, "amplification %s/%s %.2f\n", mvmp_kind_name(k),
				mvmp_kind_name(q),
				(double)got->longest[k] / (double)sent->shortest[q]);
	}
	if (all_bytes(sent))
		fprintf(out, "amplification bytes %.2f\n",
			(double)all_bytes(got) / (double)all_bytes(sent));
}
