/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CERT_H
#define MVMP_CERT_H

/* Certificates: who a member is, signed by the cluster's CA key. Bytes: docs/identity.md. */

#include <mvmp/crypto.h>
#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <mvmp/verdict.h>
#include <stdbool.h>

/* Roles are a set. `node` and `aggregator` may be asked and must name their MACs; the others
 * may ask: observer reads, operator changes domains and resources, admin does everything.
 * An aggregator may also read. */
enum mvmp_role {
	MVMP_ROLE_NODE = 1 << 0,
	MVMP_ROLE_OBSERVER = 1 << 1,
	MVMP_ROLE_OPERATOR = 1 << 2,
	MVMP_ROLE_ADMIN = 1 << 3,
	MVMP_ROLE_AGGREGATOR = 1 << 4,
	MVMP_ROLES_ALL = (1 << 5) - 1,
};

/* A decoded certificate; owns nothing. Times are seconds since 1970 (UTC). */
struct mvmp_cert {
	char name[MVMP_NAME_MAX + 1];
	uint16_t roles;
	uint64_t serial;
	uint64_t not_before, not_after;
	uint8_t key[MVMP_KEY_LEN]; /* the member's static X25519 key */
	uint8_t ca[8];		   /* first bytes of SHA-256 over the CA key; set by signing */
	unsigned macs;
	uint8_t mac[MVMP_CERT_MACS_MAX][MVMP_MAC_LEN];
};

/* Parses the form, not the signature. MVMP_ACCEPTED or MVMP_DROP_CERT. */
enum mvmp_verdict mvmp_cert_decode(struct mvmp_cert *cert, const uint8_t *bytes, size_t len);

/* True for 1 to MVMP_NAME_MAX bytes of a-z 0-9 . - that begin with a letter or digit. */
bool mvmp_name_valid(const char *name, size_t len);

/* Encodes and signs; `out` holds MVMP_CERT_MAX bytes. Returns the length or -status:
 * MVMP_INVALID names the field that is out of range. */
int mvmp_cert_sign(const struct mvmp_crypto_ops *crypto, const struct mvmp_cert *cert,
	const uint8_t ca_seed[static 32], uint8_t out[static MVMP_CERT_MAX],
	struct mvmp_error *err);

/* First 16 bytes of SHA-256 over the encoded certificate. */
void mvmp_cert_fingerprint(const struct mvmp_crypto_ops *crypto, uint8_t out[static 16],
	const uint8_t *bytes, size_t len);

bool mvmp_cert_has_mac(const struct mvmp_cert *cert, const uint8_t mac[static MVMP_MAC_LEN]);

/* The node id of the seeds' clients: last four bytes of the first MAC in hex, 9 bytes with the
 * NUL; "-" when the certificate names no MAC. */
char *mvmp_cert_node_id(char to[static 9], const struct mvmp_cert *cert);

/* "2026-11-20T06:30:00Z" of seconds since 1970, "-" beyond the year 9999. Returns `to`. */
char *mvmp_time_text(char to[static 21], uint64_t seconds);

/* "node,observer"; names in the order of the bits. `to` holds 64 bytes. */
char *mvmp_roles_text(char to[static 64], unsigned roles);

/* Reads such a list; MVMP_INVALID names the unknown word and the known ones. */
int mvmp_roles_parse(uint16_t *ret, const char *text, struct mvmp_error *err);

/* Longest encoded cluster state. */
#define MVMP_CLUSTER_MAX (48 + 2 * MVMP_KEY_LEN + 8 * MVMP_REVOKED_MAX + MVMP_SIGNATURE_LEN)

/*
 * The cluster state: a document signed by a CA key whose number only grows. It says which CA
 * keys are valid (one, or two while rotating), which serials are revoked, the earliest time it
 * can be now, and which cluster key is the newest.
 */
struct mvmp_cluster {
	uint64_t number;
	uint64_t time_floor;
	uint32_t key_generation;
	uint8_t key_id[MVMP_ID_LEN]; /* of the cluster key of that generation */
	uint32_t grace_s;	     /* a member accepts its former cluster key so long */
	unsigned cas;
	uint8_t ca[2][MVMP_KEY_LEN];
	unsigned revoked;
	uint64_t *revoked_serial; /* sorted; owned */
};

/* Checks form and signature (by a CA key of `trusted`, or by one of its own when `trusted` is
 * NULL: only for a file the owner put there). *cluster owns what it allocates:
 * mvmp_cluster_clear(). Errors: MVMP_NOT_TRUSTED, MVMP_INVALID, MVMP_NO_MEMORY. */
int mvmp_cluster_decode(const struct mvmp_crypto_ops *crypto, struct mvmp_cluster *cluster,
	const struct mvmp_cluster *trusted, const uint8_t *bytes, size_t len,
	struct mvmp_error *err);

/* Encodes and signs into a malloc'd *ret the caller frees. Returns the length or -status. */
int mvmp_cluster_sign(const struct mvmp_crypto_ops *crypto, const struct mvmp_cluster *cluster,
	const uint8_t ca_seed[static 32], uint8_t **ret, struct mvmp_error *err);

/* Whether the CA key that signed a checked certificate is one of the cluster's. */
bool mvmp_cluster_has_signer(const struct mvmp_crypto_ops *crypto,
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert);

/* What a state says of a cluster key instead of the key: tells nothing about it. */
void mvmp_cluster_key_id(const struct mvmp_crypto_ops *crypto, uint8_t out[static MVMP_ID_LEN],
	const uint8_t cluster_key[static MVMP_KEY_LEN]);

void mvmp_cluster_clear(struct mvmp_cluster *cluster);
bool mvmp_cluster_revokes(const struct mvmp_cluster *cluster, uint64_t serial);

/* Form, CA signature, validity at `now_s` (the later of it and the time floor), revocation.
 * Fills *cert on MVMP_ACCEPTED only. */
enum mvmp_verdict mvmp_cert_check(const struct mvmp_crypto_ops *crypto, struct mvmp_cert *cert,
	const struct mvmp_cluster *cluster, const uint8_t *bytes, size_t len, uint64_t now_s);

#endif
