/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_THIEF_H
#define TESTS_THIEF_H

/*
 * A thief of the cluster key, who copied a member's certificate: makes INITs that are valid but for
 * the static key, without any public-key work. Looks into the endpoint (proto/session).
 */

#include "authority.h"
#include <internal.h>

enum { TEST_INIT_LEN = MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD };

struct test_thief {
	struct mvmp_identity identity; /* of the member, without its secret key */
	struct mvmp_crypto_ops ops;    /* any 32 bytes are a public key */
};

void test_thief_begin(struct test_thief *thief, const struct mvmp_identity *member);
/* Makes an INIT that no other is like, for the victim's present instance. `ep` is an endpoint with
 * the thief's identity. */
void test_thief_init(uint8_t frame[static TEST_INIT_LEN], struct mvmp_endpoint *ep,
	const struct mvmp_endpoint *victim, uint32_t index, uint64_t *random);
/* Adds the proof of the cookie that the victim would have sent to this address. */
void test_thief_prove(uint8_t frame[static TEST_INIT_LEN], struct mvmp_endpoint *victim,
	const struct mvmp_addr *from);

#endif
