/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_PATHS_H
#define MVS_PATHS_H

/*
 * Where the file of an entity lies. Paths are made here from numbers and checked names only;
 * nothing a node says becomes a part of a path.
 */

#include <mvmp/sample.h>
#include <stdbool.h>
#include <stddef.h>

enum { MVS_FILE_MAX = 80 }; /* longest path below a node's directory, NUL included */

/* 1 to MVMP_NAME_MAX of a-z 0-9 . - that begin with a letter or digit. */
bool mvs_name_is_safe(const char *name);

/* "node.rrd", "cpu0003.rrd", "dom-<uuid>/vif0.rrd". Returns `to`. */
char *mvs_entity_file(
	char to[static MVS_FILE_MAX], enum mvmp_entity kind, const struct mvmp_key *key);

/* What people call an entity that has no name of its own: "cpu3", "numa0", "vcpu1", "vif0". */
char *mvs_entity_label(char to[static 48], enum mvmp_entity kind, const struct mvmp_key *key);

/* The kinds that belong to a domain. */
bool mvs_kind_in_domain(enum mvmp_entity kind);

/* Text of a node or file made printable: control characters and broken UTF-8 become '?'. */
void mvs_clean_text(char *to, size_t size, const char *from);

#endif
