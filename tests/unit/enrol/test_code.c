/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "bench.h"
#include <ctype.h>

/* The text is the big-endian number in Crockford's base 32, checked by hand for these. */
static void text(void **state)
{
	uint8_t zero[MVMP_ENROL_SECRET_LEN] = {0}, secret[MVMP_ENROL_SECRET_LEN] = {0};
	char code[MVMP_ENROL_CODE_SIZE];

	assert_string_equal(mvmp_enrol_code_text(code, zero), "00000-00000-00000-00000-00000");
	/* 1 in the last place weighs the generator, 2; 1 a place before, its square, 4. */
	secret[14] = 1;
	assert_string_equal(mvmp_enrol_code_text(code, secret), "00000-00000-00000-00000-00012");
	secret[14] = 32;
	assert_string_equal(mvmp_enrol_code_text(code, secret), "00000-00000-00000-00000-00104");
	/* 0x08 is 1 in the highest 5 bits: the generator's 24th power, 0b11110 ("Y") as x^24 is
	 * x^4 + x^3 + x^2 + x modulo x^5 + x^2 + 1. */
	memset(secret, 0, sizeof secret);
	secret[0] = 8;
	assert_string_equal(mvmp_enrol_code_text(code, secret), "10000-00000-00000-00000-0000Y");
	memset(secret, 0xff, sizeof secret);
	mvmp_enrol_code_text(code, secret);
	assert_memory_equal(code, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZ", 28);
}

/* Every secret is read back, also in lower case, without dashes, with look-alikes for digits. */
static void round_trip(void **state)
{
	uint8_t secret[MVMP_ENROL_SECRET_LEN], read[MVMP_ENROL_SECRET_LEN];
	char code[MVMP_ENROL_CODE_SIZE], typed[64];
	uint64_t seed = 5;

	for (unsigned i = 0; i < 200; i++) {
		unsigned n = 0;

		test_random_bytes(&seed, secret, sizeof secret);
		mvmp_enrol_code_text(code, secret);
		assert_int_equal(mvmp_enrol_code_parse(read, code, NULL), 0);
		assert_memory_equal(read, secret, sizeof secret);
		typed[n++] = ' ';
		for (const char *c = code; *c; c++) {
			const char one = i % 2 ? 'I' : 'l';
			const char is = (char)(*c == '0' ? 'o' : *c == '1' ? one : *c);

			if (is != '-')
				typed[n++] = (char)tolower((unsigned char)is);
		}
		typed[n++] = '\n';
		typed[n] = '\0';
		assert_int_equal(mvmp_enrol_code_parse(read, typed, NULL), 0);
		assert_memory_equal(read, secret, sizeof secret);
	}
}

/* One wrong character and any two that changed places are noticed, wherever they are. */
static void mistyped(void **state)
{
	uint8_t secret[MVMP_ENROL_SECRET_LEN], read[MVMP_ENROL_SECRET_LEN];
	char code[MVMP_ENROL_CODE_SIZE], typed[MVMP_ENROL_CODE_SIZE];
	struct mvmp_error err;
	uint64_t seed = 6;

	test_random_bytes(&seed, secret, sizeof secret);
	mvmp_enrol_code_text(code, secret);
	for (unsigned i = 0; code[i]; i++) {
		for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c; c++) {
			strcpy(typed, code);
			typed[i] = *c;
			assert_int_equal(mvmp_enrol_code_parse(read, typed, &err),
				*c == code[i] ? 0 : -MVMP_INVALID);
		}
		for (unsigned j = 0; j < i; j++) {
			if (code[i] == '-' || code[j] == '-')
				continue;
			strcpy(typed, code);
			typed[i] = code[j];
			typed[j] = code[i];
			assert_int_equal(mvmp_enrol_code_parse(read, typed, &err),
				code[i] == code[j] ? 0 : -MVMP_INVALID);
		}
	}
}

/* What is no code is refused with a sentence that does not repeat it. */
static void no_code(void **state)
{
	static const char *const wrong[] = {"", "00000", "00000-00000-00000-00000-0000",
		"00000-00000-00000-00000-000000", "U0000-00000-00000-00000-00000",
		"0000\xc3-00000-00000-00000-00000"};
	uint8_t read[MVMP_ENROL_SECRET_LEN];
	struct mvmp_error err;

	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(mvmp_enrol_code_parse(read, wrong[i], &err), -MVMP_INVALID);
		assert_null(strstr(err.text, "0000"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(mistyped),
		cmocka_unit_test(no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
