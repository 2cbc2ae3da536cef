/* SPDX-License-Identifier: Apache-2.0 */
#include "paths.h"
#include <mvmp/bytes.h>
#include <mvmp/clean_text.h>
#include <stdio.h>
#include <string.h>

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool mvs_name_is_safe(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > MVMP_NAME_MAX || !is_word_char(name[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_word_char(name[i]) && name[i] != '.' && name[i] != '-')
			return false;
	}
	return true;
}

bool mvs_kind_in_domain(enum mvmp_entity kind)
{
	return kind == MVMP_DOMAIN || kind == MVMP_VCPU || kind == MVMP_VIF || kind == MVMP_VBD;
}

char *mvs_entity_file(
	char to[static MVS_FILE_MAX], enum mvmp_entity kind, const struct mvmp_key *key)
{
	static const char *const form[MVMP_ENTITY_COUNT] = {
		[MVMP_PCPU] = "cpu%04u.rrd",
		[MVMP_NUMA] = "numa%u.rrd",
		[MVMP_POOL] = "pool%u.rrd",
		[MVMP_VCPU] = "vcpu%u.rrd",
		[MVMP_VIF] = "vif%u.rrd",
		[MVMP_VBD] = "vbd-%u.rrd",
	};
	char uuid[37];
	int at = 0;

	if (mvs_kind_in_domain(kind))
		at = snprintf(to, MVS_FILE_MAX, "dom-%s/", mvmp_uuid_text(uuid, key->domain));
	if (kind == MVMP_NODE || kind == MVMP_DOMAIN) {
		snprintf(to + at, MVS_FILE_MAX - (size_t)at, "%s.rrd", mvmp_entities[kind].name);
		return to;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(to + at, MVS_FILE_MAX - (size_t)at, form[kind], key->index);
#pragma GCC diagnostic pop
	return to;
}

char *mvs_entity_label(char to[static 48], enum mvmp_entity kind, const struct mvmp_key *key)
{
	char uuid[37];

	if (kind == MVMP_NODE)
		snprintf(to, 48, "node");
	else if (kind == MVMP_DOMAIN)
		snprintf(to, 48, "%s", mvmp_uuid_text(uuid, key->domain));
	else
		snprintf(to, 48, "%s%u", kind == MVMP_PCPU ? "cpu" : mvmp_entities[kind].name,
			key->index);
	return to;
}

void mvs_clean_text(char *to, size_t size, const char *from)
{
	mvmp_clean_text(to, size, from, strnlen(from, size - 1));
}
