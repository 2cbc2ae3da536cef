/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>
#include <mvmp/noise.h>
#include <stdlib.h>
#include <string.h>

/* An AEAD that believes everything: else every input would end at its first tag. */
static int believe(struct mvmp_aead *aead, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t len, uint8_t *out)
{
	if (len < MVMP_TAG_LEN)
		return -EBADMSG;
	memcpy(out, sealed, len - MVMP_TAG_LEN);
	return 0;
}

/* The first byte says which end reads. A message that fails leaves the state as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t psk[32], secret[32] = {1};
	struct mvmp_crypto_ops crypto = mvmp_crypto_openssl;
	struct mvmp_noise noise, before;
	uint8_t payload[512], out[128];
	struct mvmp_noise_config config = {
		.crypto = &crypto,
		.pattern = &mvmp_noise_ixpsk0psk2,
		.initiator = len && bytes[0] & 1,
		.prologue = "",
		.psk = {psk, psk},
		.static_secret = secret,
		.static_public = secret,
	};

	if (!len)
		return 0;
	crypto.open = believe;
	mvmp_noise_start(&noise, &config);
	mvmp_noise_set_ephemeral(&noise, secret);
	if (config.initiator && mvmp_noise_write(&noise, "", 0, out, sizeof out) < 0)
		abort();
	before = noise;
	if (mvmp_noise_read(&noise, bytes + 1, len - 1, payload, sizeof payload) < 0 &&
		memcmp(&before, &noise, sizeof noise))
		abort();
	mvmp_noise_clear(&noise);
	return 0;
}
