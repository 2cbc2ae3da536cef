/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_BLOCKSTATS_H
#define MVA_LINUX_BLOCKSTATS_H

/*
 * Block and balloon statistics of one domain, as a worker answers them.
 *
 * Bytes: balloon: u8 bits present, u64 current, maximum, unused (bytes), last_update (seconds
 * since 1970); then per disk: u8 1, text target, u32 metrics present, u64 per metric present in
 * the order of enum mvmp_vbd_metric; at the end u8 0.
 */

#include <mvmp/bytes.h>
#include <mvmp/sample.h>

enum mva_balloon_bit {
	MVA_BALLOON_CURRENT = 1 << 0,
	MVA_BALLOON_MAXIMUM = 1 << 1,
	MVA_BALLOON_UNUSED = 1 << 2,
	MVA_BALLOON_LAST_UPDATE = 1 << 3,
};

struct mva_balloon {
	uint8_t present;
	uint64_t current, maximum, unused, last_update_s;
};

struct mva_block {
	char target[MVMP_TEXT_LEN];
	uint32_t present;
	uint64_t value[MVMP_VBD_METRIC_COUNT];
};

void mva_balloon_put(struct mvmp_writer *w, const struct mva_balloon *balloon);
void mva_balloon_get(struct mvmp_reader *r, struct mva_balloon *ret);
void mva_block_put(struct mvmp_writer *w, const struct mva_block *block);
void mva_block_put_end(struct mvmp_writer *w);
/* The next disk; false at the end or when malformed (reader->bad). */
bool mva_block_get(struct mvmp_reader *r, struct mva_block *ret);

#endif
