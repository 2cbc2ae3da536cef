/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_THIEF_H
#define ATTACK_THIEF_H

/*
 * What an attacker has got hold of: a member's directory, whole or in parts. Nothing of it is
 * checked: the attacker may use an expired or revoked certificate, or one whose secret it has
 * not. The frames are made here from the specification's text; only cryptography and the
 * encodings of whole bodies are the library's.
 */

#include "../../proto/session/greeting.h"
#include "../../proto/session/hello.h"
#include <mvmp/identity.h>
#include <mvmp/noise.h>

enum {
	THIEF_PROBE_LEN = MVMP_HEADER_LEN + MVMP_PROBE_PAYLOAD,
	THIEF_INIT_LEN = MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD,
	THIEF_MEMBER_AT = MVMP_HEADER_LEN + 4 + MVMP_INIT_NOISE_LEN, /* of an INIT frame */
	THIEF_COOKIE_AT = THIEF_MEMBER_AT + MVMP_MAC_FIELD_LEN,
};

struct thief {
	uint8_t cluster_key[MVMP_KEY_LEN];
	uint8_t secret[MVMP_KEY_LEN]; /* made up when the directory has none */
	bool has_secret;
	struct mvmp_cert cert;
	uint8_t cert_bytes[MVMP_CERT_MAX];
	size_t cert_len;
	uint8_t psk[2][MVMP_KEY_LEN], member_key[MVMP_KEY_LEN];
	uint8_t fingerprint[16];
	uint8_t hello_id[MVMP_ID_LEN];
	struct mvmp_aead *hello_key;
	uint64_t hello_counter;
};

/* One handshake of the thief's as initiator. */
struct thief_shake {
	struct mvmp_noise noise;
	uint32_t index;
	uint8_t frame[THIEF_INIT_LEN];
};

/* Needs cluster.key and member.cert. Exits with a sentence when they cannot be read. */
void thief_load(struct thief *thief, const char *directory);

/* A new sender of PROBEs and BEACONs, as a program that started. */
void thief_new_sender(struct thief *thief);

/* What the thief would say of itself truly; to be changed at will. */
void thief_describe(const struct thief *thief, struct mvmp_hello *hello);

/* A PROBE or BEACON, THIEF_PROBE_LEN bytes. */
void thief_hello(
	struct thief *thief, enum mvmp_kind kind, const struct mvmp_hello *hello, uint8_t *frame);

/* Opens a PROBE or BEACON of anybody. */
bool thief_open_hello(
	const struct thief *thief, const uint8_t *frame, size_t len, struct mvmp_hello *hello);

/* An INIT for an instance of a responder; `cheap` reuses one ephemeral key for all, which is no
 * secrecy, but 20 times as fast. `replaces`: the session it pretends to renew, or 0. */
void thief_init(struct thief *thief, struct thief_shake *shake,
	const uint8_t instance[static MVMP_ID_LEN], uint32_t replaces, bool cheap);

/* Puts the proof of a cookie into an INIT. */
void thief_prove(uint8_t *init, const uint8_t cookie[static MVMP_MAC_FIELD_LEN]);

/* Opens a COOKIE frame that answers `init`; false when it does not. */
bool thief_open_cookie(const struct thief *thief, const uint8_t *init, const uint8_t *frame,
	size_t len, uint8_t body[static MVMP_COOKIE_SECRET_LEN]);

#endif
