/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_SCAN_H
#define MVA_LINUX_SCAN_H

/* Reading the kernel's texts: NUL-terminated, numbers separated by blanks. Positions only move
 * forward and stop at the NUL, so a short or strange text yields zeros, never a wild read. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline void scan_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

/* The number at *at after blanks; 0 (and only blanks skipped) when there is none. */
static inline uint64_t scan_u64(const char **at)
{
	uint64_t value = 0;

	scan_blanks(at);
	while (**at >= '0' && **at <= '9')
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	return value;
}

static inline int64_t scan_s64(const char **at)
{
	bool negative;

	scan_blanks(at);
	negative = **at == '-';
	*at += negative;
	return negative ? -(int64_t)scan_u64(at) : (int64_t)scan_u64(at);
}

/* "1.25" as 1250. Digits after the third are cut. */
static inline uint64_t scan_milli(const char **at)
{
	uint64_t value = scan_u64(at) * 1000;

	if (**at != '.')
		return value;
	(*at)++;
	for (unsigned unit = 100; **at >= '0' && **at <= '9'; unit /= 10)
		value += unit * (unsigned)(*(*at)++ - '0');
	return value;
}

/* Skips blanks, then what is not blank. */
static inline void scan_word(const char **at)
{
	scan_blanks(at);
	while (**at && **at != ' ' && **at != '\t' && **at != '\n')
		(*at)++;
}

/* The begin of the next line, or NULL after the last. */
static inline const char *scan_next_line(const char *at)
{
	at = strchr(at, '\n');
	return at && at[1] ? at + 1 : NULL;
}

static inline bool scan_is(const char **at, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*at, prefix, len))
		return false;
	*at += len;
	return true;
}

#endif
