/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/cert.h>
#include <stdlib.h>
#include <string.h>

/* What is accepted has exactly one encoding: encoding the fields again gives the same bytes, but
 * for CA id and signature. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t seed[32];
	uint8_t again[MVMP_CERT_MAX];
	struct mvmp_cert cert;

	if (mvmp_cert_decode(&cert, bytes, len) != MVMP_ACCEPTED)
		return 0;
	if (mvmp_cert_sign(&mvmp_crypto_openssl, &cert, seed, again, NULL) != (int)len ||
		memcmp(again, bytes, 32) ||
		memcmp(again + 40, bytes + 40, len - 40 - MVMP_SIGNATURE_LEN))
		abort();
	return 0;
}
