/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_JSONTEXT_H
#define MVA_JSONTEXT_H

#include <jansson.h>

/* Parses text that may be damaged. 0, -EINVAL where it is no JSON, -ENOMEM: these differ, or a
 * file that is right would be taken for a damaged one. The caller releases *ret. */
int mva_json_parse(const char *text, size_t len, json_t **ret);

/* The text of a value, whole, or NULL without memory. The caller frees it. */
char *mva_json_text(const json_t *json, size_t flags);

#endif
