/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/cert.h>
#include <stdlib.h>
#include <string.h>

/* Else every input would end at its signature. */
static bool believe(const uint8_t sig[static MVMP_SIGNATURE_LEN], const uint8_t key[static 32],
	const void *msg, size_t len)
{
	return true;
}

/* What is accepted has exactly one encoding but for the signature, and lookups work in it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t seed[32];
	struct mvmp_crypto_ops crypto = mvmp_crypto_openssl;
	struct mvmp_cluster cluster;
	uint8_t *again;

	crypto.verify = believe;
	if (mvmp_cluster_decode(&crypto, &cluster, NULL, bytes, len, NULL))
		return 0;
	for (unsigned i = 0; i < cluster.revoked; i++) {
		if (!mvmp_cluster_revokes(&cluster, cluster.revoked_serial[i]))
			abort();
	}
	if (mvmp_cluster_sign(&crypto, &cluster, seed, &again, NULL) != (int)len ||
		memcmp(again, bytes, len - MVMP_SIGNATURE_LEN))
		abort();
	free(again);
	mvmp_cluster_clear(&cluster);
	return 0;
}
