/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_LIMITER_H
#define MVMP_SESSION_LIMITER_H

/* Rate limits by the generic cell rate algorithm (ITU-T I.371): one number of state. */

#include <stdbool.h>
#include <stdint.h>

struct mvmp_limiter {
	uint64_t full_at; /* when everything granted so far would be paid for */
};

struct mvmp_rate {
	uint64_t spacing_ns; /* 1 / rate */
	unsigned burst;
};

/* Grants one event, or says no. Only `part` of the burst may be used. */
static inline bool mvmp_limiter_take_part(
	struct mvmp_limiter *limiter, const struct mvmp_rate *rate, unsigned part, uint64_t now)
{
	if (limiter->full_at > now + rate->spacing_ns * (part - 1))
		return false;
	limiter->full_at = (limiter->full_at > now ? limiter->full_at : now) + rate->spacing_ns;
	return true;
}

static inline bool mvmp_limiter_take(
	struct mvmp_limiter *limiter, const struct mvmp_rate *rate, uint64_t now)
{
	return mvmp_limiter_take_part(limiter, rate, rate->burst, now);
}

/* More than a quarter of the burst is used up. */
static inline bool mvmp_limiter_strained(
	const struct mvmp_limiter *limiter, const struct mvmp_rate *rate, uint64_t now)
{
	return limiter->full_at > now + rate->spacing_ns * (rate->burst / 4);
}

#endif
