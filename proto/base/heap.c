/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/heap.h>
#include <stdlib.h>

int mvmp_heap_init(struct mvmp_heap *heap, uint32_t size)
{
	heap->timer = calloc(size, sizeof(*heap->timer));
	heap->count = 0;
	heap->size = size;
	return heap->timer ? 0 : -ENOMEM;
}

int mvmp_heap_reserve(struct mvmp_heap *heap, uint32_t size)
{
	struct mvmp_timer **timer;
	uint32_t more = heap->size < 8 ? 16 : 2 * heap->size;

	if (size <= heap->size)
		return 0;
	more = more < size ? size : more;
	timer = realloc(heap->timer, more * sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	heap->timer = timer;
	heap->size = more;
	return 0;
}

void mvmp_heap_clear(struct mvmp_heap *heap)
{
	free(heap->timer);
	*heap = (struct mvmp_heap){0};
}

static void place(struct mvmp_heap *heap, uint32_t at, struct mvmp_timer *timer)
{
	heap->timer[at] = timer;
	timer->place = at + 1;
}

static void sift_up(struct mvmp_heap *heap, uint32_t at, struct mvmp_timer *timer)
{
	while (at && timer->at < heap->timer[(at - 1) / 2]->at) {
		place(heap, at, heap->timer[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(heap, at, timer);
}

static void sift_down(struct mvmp_heap *heap, uint32_t at, struct mvmp_timer *timer)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < heap->count && heap->timer[child + 1]->at < heap->timer[child]->at)
			child++;
		if (child >= heap->count || heap->timer[child]->at >= timer->at)
			break;
		place(heap, at, heap->timer[child]);
		at = child;
	}
	place(heap, at, timer);
}

/* Puts `timer` where it belongs, starting from a hole at `at`. */
static void settle(struct mvmp_heap *heap, uint32_t at, struct mvmp_timer *timer)
{
	if (at && timer->at < heap->timer[(at - 1) / 2]->at)
		sift_up(heap, at, timer);
	else
		sift_down(heap, at, timer);
}

static void take_out(struct mvmp_heap *heap, struct mvmp_timer *timer)
{
	uint32_t at = timer->place - 1;
	struct mvmp_timer *moved = heap->timer[--heap->count];

	timer->place = 0;
	if (moved != timer)
		settle(heap, at, moved);
}

void mvmp_heap_set(struct mvmp_heap *heap, struct mvmp_timer *timer, uint64_t at)
{
	if (timer->place && timer->at == at)
		return;
	if (at == MVMP_NEVER) {
		if (timer->place)
			take_out(heap, timer);
		return;
	}
	timer->at = at;
	if (timer->place)
		settle(heap, timer->place - 1, timer);
	else if (heap->count < heap->size)
		settle(heap, heap->count++, timer);
}

uint64_t mvmp_heap_next(const struct mvmp_heap *heap)
{
	return heap->count ? heap->timer[0]->at : MVMP_NEVER;
}

struct mvmp_timer *mvmp_heap_pop(struct mvmp_heap *heap, uint64_t now)
{
	struct mvmp_timer *timer;

	if (!heap->count || heap->timer[0]->at > now)
		return NULL;
	timer = heap->timer[0];
	take_out(heap, timer);
	return timer;
}
