/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_BYTES_H
#define MVMP_BYTES_H

/*
 * Cursors over byte buffers. Every byte that comes from outside is read through
 * struct mvmp_reader, which cannot run past its end: the first short read marks the
 * reader bad, and every read after it yields zeros. Callers check once, at the end.
 *
 * Integers are little-endian on the wire (SPECIFICATION.md, "Conventions").
 */

#include <mvmp/text.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrows the bytes; they must outlive the reader. */
struct mvmp_reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* Borrows the buffer; `used` never exceeds `size`. */
struct mvmp_writer {
	uint8_t *buf;
	size_t size;
	size_t used;
	bool bad;
};

static inline struct mvmp_reader mvmp_reader(const void *bytes, size_t len)
{
	return (struct mvmp_reader){.at = bytes, .left = len};
}

/* A view of the next `len` bytes, or NULL (and the reader bad) when there are fewer. */
static inline const uint8_t *mvmp_get_view(struct mvmp_reader *r, size_t len)
{
	const uint8_t *view = r->at;

	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return view;
}

/* Inline, so that compilers make one load of it: frames are made of these. */
static inline uint64_t mvmp_get_le(struct mvmp_reader *r, unsigned bytes)
{
	const uint8_t *view = mvmp_get_view(r, bytes);
	uint64_t v = 0;

	if (!view)
		return 0;
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)view[i] << (8 * i);
	return v;
}

static inline uint8_t mvmp_get_u8(struct mvmp_reader *r)
{
	return (uint8_t)mvmp_get_le(r, 1);
}

static inline uint16_t mvmp_get_u16(struct mvmp_reader *r)
{
	return (uint16_t)mvmp_get_le(r, 2);
}

static inline uint32_t mvmp_get_u32(struct mvmp_reader *r)
{
	return (uint32_t)mvmp_get_le(r, 4);
}

static inline uint64_t mvmp_get_u64(struct mvmp_reader *r)
{
	return mvmp_get_le(r, 8);
}

/* Base-128 varint as protobuf has it: at most 10 bytes, the tenth at most 1. */
uint64_t mvmp_get_varint(struct mvmp_reader *r);

/* Copies `len` bytes; zeros and a bad reader when there are fewer. */
void mvmp_get_bytes(struct mvmp_reader *r, void *to, size_t len);

static inline struct mvmp_writer mvmp_writer(void *buf, size_t size)
{
	return (struct mvmp_writer){.buf = buf, .size = size};
}

static inline void mvmp_put_le(struct mvmp_writer *w, uint64_t v, unsigned bytes)
{
	if (w->bad || bytes > w->size - w->used) {
		w->bad = true;
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		w->buf[w->used + i] = (uint8_t)(v >> (8 * i));
	w->used += bytes;
}

static inline void mvmp_put_u8(struct mvmp_writer *w, uint8_t v)
{
	mvmp_put_le(w, v, 1);
}

static inline void mvmp_put_u16(struct mvmp_writer *w, uint16_t v)
{
	mvmp_put_le(w, v, 2);
}

static inline void mvmp_put_u32(struct mvmp_writer *w, uint32_t v)
{
	mvmp_put_le(w, v, 4);
}

static inline void mvmp_put_u64(struct mvmp_writer *w, uint64_t v)
{
	mvmp_put_le(w, v, 8);
}

void mvmp_put_varint(struct mvmp_writer *w, uint64_t v);
void mvmp_put_bytes(struct mvmp_writer *w, const void *from, size_t len);

/* Signed values travel as zigzag varints (protobuf sint64). */
uint64_t mvmp_zigzag(int64_t v);
int64_t mvmp_unzigzag(uint64_t v);

#endif
