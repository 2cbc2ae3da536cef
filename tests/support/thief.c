/* SPDX-License-Identifier: Apache-2.0 */
#include "thief.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

static int any_key(uint8_t out[static 32], const uint8_t secret[static 32])
{
	memcpy(out, secret, 32);
	return 0;
}

void test_thief_begin(struct test_thief *thief, const struct mvmp_identity *member)
{
	thief->ops = mvmp_crypto_openssl;
	thief->ops.dh_public = any_key;
	thief->identity = *member;
	thief->identity.crypto = &thief->ops;
	memset(thief->identity.secret, 9, sizeof(thief->identity.secret));
}

void test_thief_init(uint8_t frame[static TEST_INIT_LEN], struct mvmp_endpoint *ep,
	const struct mvmp_endpoint *victim, uint32_t index, uint64_t *random)
{
	struct mvmp_frame head = {.kind = MVMP_INIT, .payload_len = MVMP_INIT_PAYLOAD};
	uint8_t *payload = frame + MVMP_HEADER_LEN, secret[MVMP_INIT_SECRET_LEN], ephemeral[32];
	struct mvmp_writer w = mvmp_writer(payload, 4);
	struct mvmp_noise noise;
	struct mvmp_greeting g;

	memset(frame, 0, TEST_INIT_LEN);
	mvmp_frame_encode(frame, &head);
	mvmp_put_u32(&w, index);
	mvmp_member_greet(ep, &g, 0);
	g.timestamp = UINT64_MAX / 2;
	g.index = index;
	g.mtu = 1500;
	test_random_bytes(random, g.instance, MVMP_ID_LEN);
	mvmp_init_encode(secret, &g);
	mvmp_member_noise(ep, ep->slot, &noise, true, mvmp_endpoint_instance(victim));
	test_random_bytes(random, ephemeral, sizeof(ephemeral));
	mvmp_noise_set_ephemeral(&noise, ephemeral);
	if (mvmp_noise_write(&noise, secret, sizeof(secret), payload + 4, MVMP_INIT_NOISE_LEN) !=
		MVMP_INIT_NOISE_LEN)
		abort();
	mvmp_member_mac(ep, payload + INIT_MEMBER_AT, ep->keys[ep->slot].member_key, MVMP_KEY_LEN,
		frame, MVMP_HEADER_LEN, payload, INIT_MEMBER_AT);
}

void test_thief_prove(uint8_t frame[static TEST_INIT_LEN], struct mvmp_endpoint *victim,
	const struct mvmp_addr *from)
{
	uint8_t cookie[MVMP_MAC_FIELD_LEN], *payload = frame + MVMP_HEADER_LEN;

	mvmp_member_mac(victim, cookie, victim->responder.cookie_secret[0], MVMP_KEY_LEN,
		&from->link, 1, from->mac, MVMP_MAC_LEN);
	mvmp_member_mac(victim, payload + INIT_COOKIE_AT, cookie, sizeof(cookie), frame,
		MVMP_HEADER_LEN, payload, INIT_COOKIE_AT);
}
