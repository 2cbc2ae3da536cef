/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_HEAP_H
#define MVMP_HEAP_H

/* Timers: a binary heap of deadlines embedded in what they wake. */

#include <stddef.h>
#include <stdint.h>

#define MVMP_NEVER UINT64_MAX

/* Zeroed memory is a timer that is not set. */
struct mvmp_timer {
	uint64_t at;
	uint32_t place; /* in the heap + 1; 0: not set */
	uint8_t kind;	/* the owner's: what the timer is embedded in */
};

struct mvmp_heap {
	struct mvmp_timer **timer;
	uint32_t count, size;
};

/* Makes room for `size` timers for good. 0 or -ENOMEM. */
int mvmp_heap_init(struct mvmp_heap *heap, uint32_t size);

/* Makes room for `size` timers in all, where there is less; a zeroed heap has none. 0 or -ENOMEM,
 * and then the heap is as it was. */
int mvmp_heap_reserve(struct mvmp_heap *heap, uint32_t size);
void mvmp_heap_clear(struct mvmp_heap *heap);

/* Sets or moves a timer; MVMP_NEVER takes it out. At most `size` timers may be set at once. */
void mvmp_heap_set(struct mvmp_heap *heap, struct mvmp_timer *timer, uint64_t at);

/* The earliest deadline, MVMP_NEVER when no timer is set. */
uint64_t mvmp_heap_next(const struct mvmp_heap *heap);

/* Takes out and returns the earliest timer that is due at `now`; NULL when none is. */
struct mvmp_timer *mvmp_heap_pop(struct mvmp_heap *heap, uint64_t now);

#endif
