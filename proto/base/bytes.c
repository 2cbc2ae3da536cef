/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <string.h>

void mvmp_get_bytes(struct mvmp_reader *r, void *to, size_t len)
{
	const uint8_t *view = mvmp_get_view(r, len);

	if (view)
		memcpy(to, view, len);
	else
		memset(to, 0, len);
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
