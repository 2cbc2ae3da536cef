/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls; returns 0, aborts when a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Ends the run where a property does not hold, and says which. */
static inline void fuzz_holds(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* The input as a text in memory of its own, so that a read past its end is seen. */
static inline char *fuzz_text(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		abort();
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

/* Nothing in it steers a terminal: no control character of 7 bits but newline and tab, none of
 * 8 bits in UTF-8. */
static inline bool fuzz_is_harmless(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
			(c == 0xc2 && next >= 0x80 && next < 0xa0))
			return false;
	}
	return true;
}

#endif
