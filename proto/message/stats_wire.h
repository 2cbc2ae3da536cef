/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_STATS_WIRE_H
#define MVMP_STATS_WIRE_H

/*
 * What both halves of the stats codec share: field numbers of mvmp.proto and varints that move
 * eight bytes at a time. The slow forms in bytes.h serve the ends of buffers.
 */

#include <endian.h>
#include <mvmp/bytes.h>
#include <mvmp/stats.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

enum frame_field {
	FRAME_SUBSCRIPTION = 1,
	FRAME_SEQUENCE = 2,
	FRAME_INTERVAL_MS = 3,
	FRAME_FLAGS = 4,
	FRAME_SAMPLE = 5,
	FRAME_WALL_NS = 6,
	FRAME_MONO_NS = 7,
	FRAME_INSTANCE = 8,
	FRAME_HOST_BOOT = 9,
	FRAME_KINDS = 10,
	FRAME_GROUP = 11,
};

enum frame_flag { FRAME_LAST = 1, FRAME_BACKFILL = 2, FRAME_SIMULATED = 4 };

enum group_field {
	GROUP_KIND = 1,
	GROUP_COUNT = 2,
	GROUP_DOMAINS = 3,
	GROUP_RUNS = 4,
	GROUP_INDEX = 5,
	GROUP_INCARNATION = 6,
	GROUP_AGE_NS = 7,
	GROUP_STATE = 8,
	GROUP_COLUMN = 9,
	GROUP_TEXT = 10,
};

enum column_field {
	COLUMN_METRIC = 1,
	COLUMN_VALUE = 2,
	COLUMN_PRESENT = 3,
	COLUMN_UNSUPPORTED = 4,
	COLUMN_IS_SIGNED = 5,
	COLUMN_SHIFT = 6,
};

enum text_field { TEXT_TEXT = 1, TEXT_VALUE = 2 };

/* Numbers that go with a record's key, in the order of their fields from GROUP_INDEX. */
enum key_part { KEY_INDEX, KEY_INCARNATION, KEY_AGE, KEY_STATE, KEY_PARTS };

/* Kinds from MVMP_DOMAIN on are told by a domain's UUID. */
static inline bool kind_has_domain(unsigned kind)
{
	return kind >= MVMP_DOMAIN;
}

static inline bool metric_is_signed(unsigned kind, unsigned metric)
{
	return mvmp_entities[kind].metric[metric].unit == MVMP_UNIT_MILLIDEG;
}

/* One byte for each started seven bits: (9 * bits + 64) / 64 for 1 to 64 bits. */
static inline uint32_t varint_size(uint64_t v)
{
	return (uint32_t)((9u * (64u - (unsigned)__builtin_clzll(v | 1)) + 64u) >> 6);
}

/* Bits 0-55 of `v` spread to seven in each byte. */
static inline uint64_t spread7(uint64_t v)
{
	v = (v & 0x00fffffff0000000) << 4 | (v & 0x000000000fffffff);
	v = (v & 0x0fffc0000fffc000) << 2 | (v & 0x00003fff00003fff);
	return (v & 0x3f803f803f803f80) << 1 | (v & 0x007f007f007f007f);
}

/* The inverse; the top bits of the bytes are ignored. */
static inline uint64_t gather7(uint64_t v)
{
	v = (v & 0x7f007f007f007f00) >> 1 | (v & 0x007f007f007f007f);
	v = (v & 0x3fff00003fff0000) >> 2 | (v & 0x00003fff00003fff);
	return (v & 0x0fffffff00000000) >> 4 | (v & 0x000000000fffffff);
}

/* The slow forms get a copy, so that the cursor itself may live in registers. */
static inline void put_varint_slow(struct mvmp_writer *w, uint64_t v)
{
	struct mvmp_writer copy = *w;

	mvmp_put_varint(&copy, v);
	*w = copy;
}

static inline uint64_t get_varint_slow(struct mvmp_reader *r)
{
	struct mvmp_reader copy = *r;
	uint64_t v = mvmp_get_varint(&copy);

	*r = copy;
	return v;
}

static inline void put_varint(struct mvmp_writer *w, uint64_t v)
{
	uint32_t n = varint_size(v);
	uint64_t le;

	if (w->bad || n > 8 || w->size - w->used < 8) {
		put_varint_slow(w, v);
		return;
	}
	le = htole64(spread7(v) | (0x8080808080808080 & ((1ull << 8 * (n - 1)) - 1)));
	memcpy(w->buf + w->used, &le, 8);
	w->used += n;
}

static inline uint64_t get_varint(struct mvmp_reader *r)
{
	uint64_t le, stop;
	unsigned n;

	if (r->bad || r->left < 8)
		return get_varint_slow(r);
	memcpy(&le, r->at, 8);
	le = le64toh(le);
	stop = ~le & 0x8080808080808080;
	if (!stop)
		return get_varint_slow(r);
	n = ((unsigned)__builtin_ctzll(stop) >> 3) + 1;
	r->at += n;
	r->left -= n;
	return gather7(le & (stop ^ (stop - 1)));
}

static inline void put_tag(struct mvmp_writer *w, unsigned field, unsigned wire)
{
	mvmp_put_u8(w, (uint8_t)(field << 3 | wire));
}

static inline void put_number(struct mvmp_writer *w, unsigned field, uint64_t v)
{
	put_tag(w, field, WIRE_VARINT);
	put_varint(w, v);
}

static inline void put_length(struct mvmp_writer *w, unsigned field, size_t len)
{
	put_tag(w, field, WIRE_BYTES);
	put_varint(w, len);
}

static inline void put_field(struct mvmp_writer *w, unsigned field, const void *bytes, size_t len)
{
	put_length(w, field, len);
	mvmp_put_bytes(w, bytes, len);
}

/* Bytes that put_length() writes. */
static inline uint32_t length_size(size_t len)
{
	return 1 + varint_size(len);
}

#endif
