/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/enrol.h>
#include <stdlib.h>
#include <string.h>

/* What is read as a code is written as one that is read alike. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t secret[MVMP_ENROL_SECRET_LEN], again[MVMP_ENROL_SECRET_LEN];
	char code[MVMP_ENROL_CODE_SIZE], *text = strndup((const char *)bytes, len);
	struct mvmp_error err;

	if (!text)
		return 0;
	if (!mvmp_enrol_code_parse(secret, text, &err) &&
		(mvmp_enrol_code_parse(again, mvmp_enrol_code_text(code, secret), NULL) ||
			memcmp(secret, again, sizeof secret) != 0))
		abort();
	free(text);
	return 0;
}
