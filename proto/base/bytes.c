/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <string.h>

struct mvmp_reader mvmp_reader(const void *bytes, size_t len)
{
	return (struct mvmp_reader){.at = bytes, .left = len};
}

const uint8_t *mvmp_get_view(struct mvmp_reader *r, size_t len)
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

void mvmp_get_bytes(struct mvmp_reader *r, void *to, size_t len)
{
	const uint8_t *view = mvmp_get_view(r, len);

	if (view)
		memcpy(to, view, len);
	else
		memset(to, 0, len);
}

static uint64_t get_le(struct mvmp_reader *r, unsigned bytes)
{
	const uint8_t *view = mvmp_get_view(r, bytes);
	uint64_t v = 0;

	for (unsigned i = 0; view && i < bytes; i++)
		v |= (uint64_t)view[i] << (8 * i);
	return v;
}

uint8_t mvmp_get_u8(struct mvmp_reader *r)
{
	return (uint8_t)get_le(r, 1);
}

uint16_t mvmp_get_u16(struct mvmp_reader *r)
{
	return (uint16_t)get_le(r, 2);
}

uint32_t mvmp_get_u32(struct mvmp_reader *r)
{
	return (uint32_t)get_le(r, 4);
}

uint64_t mvmp_get_u64(struct mvmp_reader *r)
{
	return get_le(r, 8);
}

uint64_t mvmp_get_varint(struct mvmp_reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = mvmp_get_u8(r);

		if (shift == 63 && byte > 1)
			r->bad = true;
		if (r->bad)
			return 0;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

struct mvmp_writer mvmp_writer(void *buf, size_t size)
{
	return (struct mvmp_writer){.buf = buf, .size = size};
}

void mvmp_put_bytes(struct mvmp_writer *w, const void *from, size_t len)
{
	if (w->bad || len > w->size - w->used) {
		w->bad = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->used, from, len);
	w->used += len;
}

static void put_le(struct mvmp_writer *w, uint64_t v, unsigned bytes)
{
	uint8_t le[8];

	for (unsigned i = 0; i < bytes; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	mvmp_put_bytes(w, le, bytes);
}

void mvmp_put_u8(struct mvmp_writer *w, uint8_t v)
{
	put_le(w, v, 1);
}

void mvmp_put_u16(struct mvmp_writer *w, uint16_t v)
{
	put_le(w, v, 2);
}

void mvmp_put_u32(struct mvmp_writer *w, uint32_t v)
{
	put_le(w, v, 4);
}

void mvmp_put_u64(struct mvmp_writer *w, uint64_t v)
{
	put_le(w, v, 8);
}

void mvmp_put_varint(struct mvmp_writer *w, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	mvmp_put_bytes(w, bytes, n);
}

uint64_t mvmp_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

int64_t mvmp_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}
