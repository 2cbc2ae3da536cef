/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"
#include <errno.h>
#include <mvmp/stats.h>
#include <stdlib.h>

enum { ROOM = 8192, SLOT_FIRST = 16384 };

/* Frames, each behind its length (u32). */
struct slot {
	uint8_t *bytes;
	size_t used, size;
	uint64_t number, wall_ns, mono_ns;
};

struct mva_ring {
	struct slot *slot;
	unsigned slots, first, count;
	size_t bytes_max, bytes; /* of all slots' memory */
};

struct mva_ring *mva_ring_new(unsigned samples, size_t bytes)
{
	struct mva_ring *ring = calloc(1, sizeof *ring);

	if (!ring)
		return NULL;
	ring->slots = samples ? samples : 1;
	ring->bytes_max = bytes;
	ring->slot = calloc(ring->slots, sizeof *ring->slot);
	if (!ring->slot) {
		free(ring);
		return NULL;
	}
	return ring;
}

void mva_ring_free(struct mva_ring *ring)
{
	for (unsigned i = 0; ring && i < ring->slots; i++)
		free(ring->slot[i].bytes);
	if (ring)
		free(ring->slot);
	free(ring);
}

static void drop_oldest(struct mva_ring *ring, bool with_memory)
{
	struct slot *slot = &ring->slot[ring->first];

	slot->used = 0;
	if (with_memory) {
		ring->bytes -= slot->size;
		free(slot->bytes);
		*slot = (struct slot){0};
	}
	ring->first = (ring->first + 1) % ring->slots;
	ring->count--;
}

/* Makes room for one more frame, at the cost of older samples. */
static int grow(struct mva_ring *ring, struct slot *slot)
{
	size_t size = slot->size ? slot->size * 2 : SLOT_FIRST;
	uint8_t *bytes;

	while (ring->bytes + size - slot->size > ring->bytes_max && ring->count)
		drop_oldest(ring, true);
	if (ring->bytes + size - slot->size > ring->bytes_max)
		return -EMSGSIZE;
	bytes = realloc(slot->bytes, size);
	if (!bytes)
		return -ENOMEM;
	ring->bytes += size - slot->size;
	slot->bytes = bytes;
	slot->size = size;
	return 0;
}

static int pack(struct mva_ring *ring, struct slot *slot, const struct mvmp_sample *sample)
{
	struct mvmp_stats_cursor cursor = {.sample = sample, .kinds = sample->kinds, .texts = true};
	struct mvmp_stats_head head = {.backfill = true};
	int len;

	slot->used = 0;
	for (;;) {
		struct mvmp_writer w;
		int rc = 0;

		while (slot->size - slot->used < ROOM + 4 && !rc)
			rc = grow(ring, slot);
		if (rc)
			return rc;
		len = mvmp_stats_pack(&cursor, &head, slot->bytes + slot->used + 4, ROOM);
		if (len <= 0)
			return len;
		w = mvmp_writer(slot->bytes + slot->used, 4);
		mvmp_put_u32(&w, (uint32_t)len);
		slot->used += 4 + (size_t)len;
	}
}

int mva_ring_add(struct mva_ring *ring, const struct mvmp_sample *sample)
{
	struct slot *slot;
	int rc;

	if (ring->count == ring->slots)
		drop_oldest(ring, false);
	slot = &ring->slot[(ring->first + ring->count) % ring->slots];
	rc = pack(ring, slot, sample);
	if (rc)
		return rc;
	slot->number = sample->number;
	slot->wall_ns = sample->wall_ns;
	slot->mono_ns = sample->mono_ns;
	ring->count++;
	return 0;
}

uint64_t mva_ring_oldest(const struct mva_ring *ring)
{
	return ring->count ? ring->slot[ring->first].mono_ns : 0;
}

static int unpack(const struct slot *slot, struct mvmp_sample *out)
{
	struct mvmp_reader r = mvmp_reader(slot->bytes, slot->used);
	struct mvmp_stats_head head;
	int rc = 0;

	mvmp_sample_reset(out);
	while (r.left && !rc) {
		uint32_t len = mvmp_get_u32(&r);
		const uint8_t *frame = mvmp_get_view(&r, len);

		rc = frame ? mvmp_stats_unpack(frame, len, &head, out) : -EBADMSG;
	}
	return rc;
}

int mva_ring_next(const struct mva_ring *ring, uint64_t after, uint64_t from_wall_ns,
	uint64_t to_wall_ns, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < ring->count; i++) {
		const struct slot *slot = &ring->slot[(ring->first + i) % ring->slots];
		int rc;

		if (slot->number <= after || slot->wall_ns < from_wall_ns ||
			slot->wall_ns > to_wall_ns)
			continue;
		rc = unpack(slot, out);
		return rc ? rc : 1;
	}
	return 0;
}
