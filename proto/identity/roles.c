/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/cert.h>
#include <stdio.h>
#include <string.h>

/* By bit number. */
static const char *const names[] = {"node", "observer", "operator", "admin", "aggregator"};

#define ROLES (sizeof names / sizeof *names)

char *mvmp_roles_text(char to[static 64], unsigned roles)
{
	int used = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < ROLES; i++) {
		if (roles & 1u << i)
			used += snprintf(
				to + used, 64 - (size_t)used, "%s%s", used ? "," : "", names[i]);
	}
	return to;
}

/* The bit of a word that is not NUL-terminated, 0 for an unknown one. */
static uint16_t role_bit(const char *word, size_t len)
{
	for (unsigned i = 0; i < ROLES; i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], word, len))
			return (uint16_t)(1u << i);
	}
	return 0;
}

int mvmp_roles_parse(uint16_t *ret, const char *text, struct mvmp_error *err)
{
	uint16_t roles = 0;

	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");
		uint16_t bit = role_bit(word, len);

		if (!bit)
			return mvmp_fail(err, MVMP_INVALID,
				"no role is called \"%.*s\"; known: node, observer, operator, "
				"admin, aggregator",
				len > 32 ? 32 : (int)len, word);
		roles |= bit;
		word += len;
		if (!*word)
			break;
	}
	*ret = roles;
	return 0;
}
