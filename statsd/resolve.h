/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_RESOLVE_H
#define MVS_RESOLVE_H

/* Entities by the paths people write: "r1-n01", "r1-n01/cpu3", "r1-n01/web-07/vif0". */

#include "store.h"

/* The stored file of an entity. MVMP_NOT_FOUND says which part is not known and names some that
 * are. Nodes and domains that are gone are found as long as their files are. */
int mvs_resolve(
	struct mvs_store *store, const char *text, struct mvs_file **ret, struct mvmp_error *err);

#endif
