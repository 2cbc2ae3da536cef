/* SPDX-License-Identifier: Apache-2.0 */
#include "blockstats.h"
#include "inventory.h"

void mva_balloon_put(struct mvmp_writer *w, const struct mva_balloon *balloon)
{
	mvmp_put_u8(w, balloon->present);
	mvmp_put_u64(w, balloon->current);
	mvmp_put_u64(w, balloon->maximum);
	mvmp_put_u64(w, balloon->unused);
	mvmp_put_u64(w, balloon->last_update_s);
}

void mva_balloon_get(struct mvmp_reader *r, struct mva_balloon *ret)
{
	ret->present = mvmp_get_u8(r);
	ret->current = mvmp_get_u64(r);
	ret->maximum = mvmp_get_u64(r);
	ret->unused = mvmp_get_u64(r);
	ret->last_update_s = mvmp_get_u64(r);
}

void mva_block_put(struct mvmp_writer *w, const struct mva_block *block)
{
	mvmp_put_u8(w, 1);
	mva_put_text(w, block->target);
	mvmp_put_u32(w, block->present);
	for (unsigned i = 0; i < MVMP_VBD_METRIC_COUNT; i++) {
		if (block->present >> i & 1)
			mvmp_put_u64(w, block->value[i]);
	}
}

void mva_block_put_end(struct mvmp_writer *w)
{
	mvmp_put_u8(w, 0);
}

bool mva_block_get(struct mvmp_reader *r, struct mva_block *ret)
{
	uint8_t more = mvmp_get_u8(r);

	if (more != 1) {
		r->bad |= more != 0;
		return false;
	}
	*ret = (struct mva_block){0};
	mva_get_text(r, ret->target, sizeof(ret->target));
	ret->present = mvmp_get_u32(r);
	r->bad |= ret->present >> MVMP_VBD_METRIC_COUNT != 0;
	for (unsigned i = 0; i < MVMP_VBD_METRIC_COUNT && !r->bad; i++) {
		if (ret->present >> i & 1)
			ret->value[i] = mvmp_get_u64(r);
	}
	return !r->bad;
}
