/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/limits.h>
#include <string.h>

char *mvmp_hex(char *to, const void *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++) {
		to[2 * i] = digit[b[i] >> 4];
		to[2 * i + 1] = digit[b[i] & 15];
	}
	to[2 * len] = '\0';
	return to;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads one byte of two digits at *text and moves it on. */
static int unhex_byte(uint8_t *to, const char **text)
{
	int high = hex_value((*text)[0]);
	int low = high < 0 ? -1 : hex_value((*text)[1]);

	if (low < 0)
		return -EINVAL;
	*to = (uint8_t)(high << 4 | low);
	*text += 2;
	return 0;
}

int mvmp_unhex(void *to, size_t len, const char *text)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < len; i++) {
		if (unhex_byte(&bytes[i], &text))
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}

char *mvmp_mac_text(char to[static 18], const uint8_t mac[static 6])
{
	for (unsigned i = 0; i < MVMP_MAC_LEN; i++) {
		mvmp_hex(to + 3 * i, &mac[i], 1);
		to[3 * i + 2] = i == MVMP_MAC_LEN - 1 ? '\0' : ':';
	}
	return to;
}

int mvmp_mac_parse(uint8_t mac[static 6], const char *text)
{
	char separator = '\0';

	if (strlen(text) == 17)
		separator = text[2];
	if (separator && separator != ':' && separator != '-')
		return -EINVAL;
	for (unsigned i = 0; i < MVMP_MAC_LEN; i++) {
		if (unhex_byte(&mac[i], &text))
			return -EINVAL;
		if (separator && i < MVMP_MAC_LEN - 1 && *text++ != separator)
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}

static bool uuid_dash_after(unsigned byte)
{
	return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

char *mvmp_uuid_text(char to[static 37], const uint8_t uuid[static 16])
{
	char *at = to;

	for (unsigned i = 0; i < 16; i++) {
		mvmp_hex(at, &uuid[i], 1);
		at += 2;
		if (uuid_dash_after(i))
			*at++ = '-';
	}
	*at = '\0';
	return to;
}

int mvmp_uuid_parse(uint8_t uuid[static 16], const char *text)
{
	for (unsigned i = 0; i < 16; i++) {
		if (unhex_byte(&uuid[i], &text))
			return -EINVAL;
		if (uuid_dash_after(i) && *text++ != '-')
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}
