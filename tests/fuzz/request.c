/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "memfile.h"
#include <request.h>
#include <stdlib.h>
#include <string.h>

/* What a member asks for keeps to the bounds of a certificate. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_cert asked = {0};

	if (mvctl_request_read(memfile(bytes, len), &asked, NULL))
		return 0;
	if (asked.macs > MVMP_CERT_MACS_MAX || asked.roles & ~MVMP_ROLES_ALL ||
		(asked.name[0] && !mvmp_name_valid(asked.name, strlen(asked.name))))
		abort();
	return 0;
}
