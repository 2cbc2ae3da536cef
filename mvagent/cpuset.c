/* SPDX-License-Identifier: Apache-2.0 */
#include "cpuset.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

char *mva_cpuset_text(char *to, size_t size, const struct mva_cpuset *set)
{
	size_t used = 0;

	if (size)
		to[0] = '\0';
	for (unsigned first = 0; first < MVA_CPUS_MAX; first++) {
		unsigned last = first;
		char part[24];
		int len;

		if (!mva_cpuset_has(set, first))
			continue;
		while (mva_cpuset_has(set, last + 1))
			last++;
		len = first == last ? snprintf(part, sizeof(part), "%s%u", used ? "," : "", first)
				    : snprintf(part, sizeof(part), "%s%u-%u", used ? "," : "",
					      first, last);
		if (used + (size_t)len >= size)
			break;
		memcpy(to + used, part, (size_t)len + 1);
		used += (size_t)len;
		first = last;
	}
	return to;
}

/* Reads digits below MVA_CPUS_MAX and moves *text on; -1 when there are none. */
static int parse_number(const char **text)
{
	unsigned value = 0;

	if (!isdigit((unsigned char)**text))
		return -1;
	while (isdigit((unsigned char)**text)) {
		value = value * 10 + (unsigned)(*(*text)++ - '0');
		if (value >= MVA_CPUS_MAX)
			return -1;
	}
	return (int)value;
}

static int parse_part(struct mva_cpuset *set, const char **text)
{
	int first = parse_number(text), last = first;

	if (first >= 0 && **text == '-') {
		(*text)++;
		last = parse_number(text);
	}
	if (first < 0 || last < first)
		return -1;
	for (int cpu = first; cpu <= last; cpu++)
		set->bits[cpu / 64] |= 1ull << cpu % 64;
	return 0;
}

int mva_cpuset_parse(struct mva_cpuset *set, const char *text, struct mvmp_error *err)
{
	struct mva_cpuset made = {0};

	for (const char *at = text, *part = text;; part = at) {
		if (parse_part(&made, &at) || (*at && *at != ','))
			return mvmp_fail(err, MVMP_INVALID,
				"'%.*s' is not a list of pCPUs (write e.g. 0-3,8; numbers below "
				"%d)",
				(int)strcspn(part, ","), part, MVA_CPUS_MAX);
		if (!*at++)
			break;
	}
	*set = made;
	return 0;
}

unsigned mva_cpuset_count(const struct mva_cpuset *set)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MVA_CPUS_MAX / 64; i++)
		count += (unsigned)__builtin_popcountll(set->bits[i]);
	return count;
}

bool mva_cpuset_equal(const struct mva_cpuset *a, const struct mva_cpuset *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

int mva_cpuset_outside(const struct mva_cpuset *set, const struct mva_cpuset *of)
{
	for (unsigned i = 0; i < MVA_CPUS_MAX / 64; i++) {
		uint64_t extra = set->bits[i] & ~of->bits[i];

		if (extra)
			return (int)(i * 64) + __builtin_ctzll(extra);
	}
	return -1;
}

char *mva_cpuset_text_any(
	char *to, size_t size, const struct mva_cpuset *set, const struct mva_cpuset *all)
{
	if (!mva_cpuset_equal(set, all))
		return mva_cpuset_text(to, size, set);
	snprintf(to, size, "any");
	return to;
}
