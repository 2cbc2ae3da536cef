/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <mvmp/enrol.h>
#include <string.h>

/* Crockford's base 32: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum {
	SYMBOLS = 24, /* of 5 bits: the secret */
	ALL_SYMBOLS = SYMBOLS + 1,
	GROUP = 5,
};

_Static_assert(SYMBOLS * 5 == MVMP_ENROL_SECRET_LEN * 8, "the symbols hold the secret");

/* One step of a polynomial's value at a generator of GF(32) (x^5 + x^2 + 1). Up to 31 symbols each
 * has a weight of its own, so that one wrong symbol and any two exchanged ones are noticed. */
static unsigned weigh(unsigned sum, unsigned symbol)
{
	sum <<= 1;
	return (sum & 32 ? sum ^ 0x25 : sum) ^ symbol;
}

/* Symbol number `at`, the first from the highest bits. */
static unsigned symbol_of(const uint8_t *secret, unsigned at)
{
	unsigned bit = at * 5, byte = bit / 8;
	unsigned two = (unsigned)secret[byte] << 8;

	if (byte + 1 < MVMP_ENROL_SECRET_LEN)
		two |= secret[byte + 1];
	return two >> (11 - bit % 8) & 31;
}

static void set_symbol(uint8_t *secret, unsigned at, unsigned symbol)
{
	unsigned bit = at * 5, byte = bit / 8;
	unsigned two = symbol << (11 - bit % 8);

	secret[byte] |= (uint8_t)(two >> 8);
	if (byte + 1 < MVMP_ENROL_SECRET_LEN)
		secret[byte + 1] |= (uint8_t)two;
}

char *mvmp_enrol_code_text(
	char to[static MVMP_ENROL_CODE_SIZE], const uint8_t secret[static MVMP_ENROL_SECRET_LEN])
{
	unsigned sum = 0;
	char *at = to;

	for (unsigned i = 0; i < ALL_SYMBOLS; i++) {
		unsigned symbol = i < SYMBOLS ? symbol_of(secret, i) : weigh(sum, 0);

		sum = weigh(sum, symbol);
		if (i && i % GROUP == 0)
			*at++ = '-';
		*at++ = alphabet[symbol];
	}
	*at = '\0';
	return to;
}

/* 0 to 31; -1: no symbol. */
static int read_symbol(char c)
{
	const char *found;

	c = (char)toupper((unsigned char)c);
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	found = c ? strchr(alphabet, c) : NULL;
	return found ? (int)(found - alphabet) : -1;
}

static int misread(uint8_t *secret, struct mvmp_error *err, const char *why)
{
	mvmp_wipe(secret, MVMP_ENROL_SECRET_LEN);
	return mvmp_fail(err, MVMP_INVALID, "this is no enrolment code: %s", why);
}

int mvmp_enrol_code_parse(
	uint8_t secret[static MVMP_ENROL_SECRET_LEN], const char *text, struct mvmp_error *err)
{
	unsigned sum = 0, count = 0;

	memset(secret, 0, MVMP_ENROL_SECRET_LEN);
	for (; *text; text++) {
		int symbol = read_symbol(*text);

		if (*text == '-' || isspace((unsigned char)*text))
			continue;
		if (symbol < 0)
			return misread(secret, err, "it has a character that no code has");
		if (count < SYMBOLS)
			set_symbol(secret, count, (unsigned)symbol);
		sum = weigh(sum, (unsigned)symbol);
		if (++count > ALL_SYMBOLS)
			break;
	}
	if (count != ALL_SYMBOLS)
		return misread(secret, err, "a code has 25 characters in five groups");
	return sum ? misread(secret, err, "a character is mistyped") : 0;
}
