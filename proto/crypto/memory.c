/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void mvmp_wipe(void *bytes, size_t len)
{
	if (len)
		explicit_bzero(bytes, len);
}

bool mvmp_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t different = 0;

	for (size_t i = 0; i < len; i++)
		different |= x[i] ^ y[i];
	return !different;
}

void mvmp_random_os(void *ctx, void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Nothing that needs a key may go on without randomness. */
		if (n <= 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}
