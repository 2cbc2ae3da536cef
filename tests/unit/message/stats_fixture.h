/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATS_FIXTURE_H
#define STATS_FIXTURE_H

/* Samples for tests of the stats codec, and a comparison that says where two differ. */

#include <mvmp/stats.h>

/* A small generator with a seed, so that a failure repeats. */
struct fixture_random {
	uint64_t state;
};
uint64_t fixture_random(struct fixture_random *r);

/* A node with `domains` domains of two vCPUs, two VIFs and two VBDs; `wild` adds what is rare:
 * absent and unsupported values, ages, texts up to their longest, negative temperatures. */
void fixture_sample(struct mvmp_sample *to, unsigned domains, bool wild, uint64_t seed);

/* Equal but for values that no bit says are there. Prints the first difference. */
bool fixture_equal(const struct mvmp_sample *a, const struct mvmp_sample *b);

#endif
