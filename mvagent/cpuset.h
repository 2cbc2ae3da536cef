/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_CPUSET_H
#define MVA_CPUSET_H

/* Small operations on sets of pCPUs; text form in backend.h. */

#include "backend.h"

static inline void mva_cpuset_add(struct mva_cpuset *set, unsigned cpu)
{
	set->bits[cpu / 64] |= 1ull << (cpu % 64);
}

static inline bool mva_cpuset_has(const struct mva_cpuset *set, unsigned cpu)
{
	return cpu < MVA_CPUS_MAX && (set->bits[cpu / 64] >> (cpu % 64) & 1);
}

unsigned mva_cpuset_count(const struct mva_cpuset *set);
bool mva_cpuset_equal(const struct mva_cpuset *a, const struct mva_cpuset *b);

/* The lowest pCPU of `set` that `of` lacks, or -1 when set is a subset of it. */
int mva_cpuset_outside(const struct mva_cpuset *set, const struct mva_cpuset *of);

/* As mva_cpuset_text(), but "any" for a set that equals `all`. Returns `to`. */
char *mva_cpuset_text_any(
	char *to, size_t size, const struct mva_cpuset *set, const struct mva_cpuset *all);

#endif
