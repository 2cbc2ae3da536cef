/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Cuts comment and blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len = strcspn(text, "#\n");

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

bool mvctl_config_read(FILE *file, const char *key, char *to, size_t size)
{
	char line[256], *equals;
	bool found = false;

	while (fgets(line, sizeof line, file)) {
		char *name = trim(line);

		equals = strchr(name, '=');
		if (!equals)
			continue;
		*equals = '\0';
		if (strcmp(trim(name), key) != 0)
			continue;
		snprintf(to, size, "%s", trim(equals + 1));
		found = *to != '\0';
	}
	return found;
}

bool mvctl_config_interface(char *to, size_t size)
{
	const char *env = getenv("MVMP_INTERFACE");
	bool found;
	FILE *file;

	if (env && *env) {
		snprintf(to, size, "%s", env);
		return true;
	}
	file = fopen(MVCTL_CONFIG_FILE, "re");
	if (!file)
		return false;
	found = mvctl_config_read(file, "interface", to, size);
	fclose(file);
	return found;
}
