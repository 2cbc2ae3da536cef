/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "memfile.h"
#include <mvmp/bytes.h>
#include <mvmp/cert.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void read_as(const struct mvmp_keyfile *kind, const uint8_t *bytes, size_t len)
{
	uint8_t read[MVMP_CERT_MAX];
	char hex[2 * MVMP_CERT_MAX + 1];
	size_t title = strlen(kind->title) + 1;
	int n = mvmp_keyfile_read(kind, memfile(bytes, len), read, NULL);

	if (n < 0)
		return;
	mvmp_hex(hex, read, (size_t)n);
	if (len != title + 2 * (size_t)n + 1 ||
		strncasecmp((const char *)bytes + title, hex, 2 * (size_t)n))
		abort();
}

/* What is read is what the hex of the file says, nothing beside it: of a file that anybody may
 * read, and of a secret of a fixed length. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	read_as(&mvmp_member_cert, bytes, len);
	read_as(&mvmp_cluster_key_old, bytes, len);
	return 0;
}
