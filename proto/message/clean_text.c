/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/clean_text.h>
#include <stdint.h>
#include <string.h>

/* Length of the UTF-8 character at `from`, 0 when it is broken or a control character (those
 * could move a terminal's cursor). */
static size_t printable(const uint8_t *from, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = from[0] < 0x80   ? 1
		   : from[0] < 0xc0 ? 0
		   : from[0] < 0xe0 ? 2
		   : from[0] < 0xf0 ? 3
				    : 4;
	uint32_t c = n == 1 ? from[0] : from[0] & (0x7fu >> n);

	if (n == 0 || n > left || from[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((from[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (from[i] & 0x3f);
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c < least[n] || c > 0x10ffff)
		return 0;
	return c >= 0xd800 && c < 0xe000 ? 0 : n;
}

void mvmp_clean_text(char *to, size_t size, const void *from, size_t len)
{
	const uint8_t *at = from, *end = at + len;
	size_t used = 0;

	while (at < end) {
		size_t n = printable(at, (size_t)(end - at)), step = n ? n : 1;

		if (used + step >= size)
			break;
		if (n)
			memmove(to + used, at, n); /* `from` may be `to` */
		else
			to[used] = '?';
		used += step;
		at += step;
	}
	memset(to + used, 0, size - used);
}
