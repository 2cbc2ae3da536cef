/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_AUTHORITY_H
#define TESTS_AUTHORITY_H

/* A cluster in memory: CA key, cluster key, members made without files. Deterministic. */

#include <mvmp/identity.h>

#define TEST_WALL_S 1800000000ull /* "now" of the tests: January 2027 */

struct test_authority {
	uint8_t ca_seed[MVMP_KEY_LEN];
	uint8_t cluster_key[MVMP_KEY_LEN];
	uint64_t serial; /* of the last certificate */
	uint64_t random;
};

/* What a member's certificate says beside its key; zeros mean: valid from an hour before
 * TEST_WALL_S for a day. */
struct test_member {
	const char *name;
	uint16_t roles;
	unsigned macs;
	uint8_t mac[MVMP_CERT_MACS_MAX][MVMP_MAC_LEN];
	uint64_t not_before, not_after;
	uint64_t serial; /* 0: the next */
};

void test_authority_init(struct test_authority *authority, uint64_t seed);

/* Fills an identity as mvmp_identity_load() does; mvmp_identity_clear() frees it. Aborts when
 * signing fails: a test that asks for an impossible certificate is wrong. */
void test_authority_member(struct test_authority *authority, struct mvmp_identity *identity,
	const struct test_member *member);

/* Adds a serial to those that an identity takes for revoked. */
void test_identity_revoke(struct mvmp_identity *identity, uint64_t serial);

/* splitmix64. */
uint64_t test_random(uint64_t *state);
void test_random_bytes(uint64_t *state, void *to, size_t len);

#endif
