/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_NOISE_H
#define MVMP_NOISE_H

/*
 * Noise handshakes (noiseprotocol.org, revision 34) of the suite 25519_AESGCM_SHA256 for
 * patterns without pre-messages. A pattern is a table of tokens. No I/O, no clock, no
 * randomness of its own; memory only for the AEAD of the moment, and only during a call.
 *
 *   initiator                              responder
 *   start, ephemeral                       start
 *   write(payload)          ---->          read -> payload, remote static key
 *                                          ephemeral
 *   read -> payload, rs     <----          write(payload)
 *   split                                  split
 *
 * A state is plain memory: a responder may start once and copy the started state for every
 * message that arrives, which saves the work on prologue and psk0. Every copy is cleared.
 */

#include <mvmp/crypto.h>

enum mvmp_noise_token {
	MVMP_NOISE_END = 0,
	MVMP_NOISE_E,
	MVMP_NOISE_S,
	MVMP_NOISE_EE,
	MVMP_NOISE_ES,
	MVMP_NOISE_SE,
	MVMP_NOISE_SS,
	MVMP_NOISE_PSK,
};

struct mvmp_noise_pattern {
	const char *name; /* whole protocol name, the first input of the handshake hash */
	uint8_t messages;
	uint8_t psks;
	uint8_t tokens[3][8]; /* of each message, ended by MVMP_NOISE_END */
};

extern const struct mvmp_noise_pattern mvmp_noise_ix;
extern const struct mvmp_noise_pattern mvmp_noise_ixpsk2;
extern const struct mvmp_noise_pattern mvmp_noise_ixpsk0psk2; /* sessions */
extern const struct mvmp_noise_pattern mvmp_noise_nnpsk0;

#define MVMP_NOISE_MAX 65535 /* longest message */

/* Bytes that a message of IXpsk0+psk2 is longer than its payload (either direction). */
#define MVMP_NOISE_IX_OVERHEAD (32 + 32 + MVMP_TAG_LEN + MVMP_TAG_LEN)

/* All pointers are borrowed until the last use of the state and its copies. */
struct mvmp_noise_config {
	const struct mvmp_crypto_ops *crypto;
	const struct mvmp_noise_pattern *pattern;
	bool initiator;
	const void *prologue; /* borrowed during mvmp_noise_start() only */
	size_t prologue_len;
	const uint8_t *psk[2];	      /* pattern->psks keys in order of use; may be the same */
	const uint8_t *static_secret; /* NULL where the pattern has no own S */
	const uint8_t *static_public; /* belongs to static_secret */
	/* Told of every message that went well: its number, its bytes, the key its payload is
	 * sealed with and the hash that is the associated data. For key logs; NULL: nobody is. */
	void (*told)(void *ctx, unsigned message, const uint8_t *bytes,
		const uint8_t key[static MVMP_KEY_LEN], const uint8_t hash[static MVMP_HASH_LEN]);
	void *told_ctx;
};

/* Fields belong to noise.c. */
struct mvmp_noise {
	struct mvmp_noise_config config;
	uint8_t message, token, psk; /* next of each */
	bool has_key, has_ephemeral, has_remote_static;
	uint64_t nonce;
	uint8_t chain[MVMP_HASH_LEN], hash[MVMP_HASH_LEN], key[MVMP_KEY_LEN];
	uint8_t ephemeral[MVMP_KEY_LEN]; /* secret */
	uint8_t remote_ephemeral[MVMP_KEY_LEN], remote_static[MVMP_KEY_LEN];
};

/* What a finished handshake yields; secrets, to be wiped by the caller. */
struct mvmp_noise_keys {
	uint8_t send[MVMP_KEY_LEN], receive[MVMP_KEY_LEN];
	uint8_t hash[MVMP_HASH_LEN]; /* the same at both ends, different for every handshake */
};

/* Takes prologue and, where the first message begins with it, the psk into the state. */
void mvmp_noise_start(struct mvmp_noise *noise, const struct mvmp_noise_config *config);

/* Hands in 32 fresh random bytes, needed before this end's first write. Two handshakes with
 * the same bytes give away their secrecy. */
void mvmp_noise_set_ephemeral(struct mvmp_noise *noise, const uint8_t secret[static MVMP_KEY_LEN]);

/* Writes this end's next message into `out`. Returns its length, -EPROTO when it is not this
 * end's turn or no ephemeral was set, -EMSGSIZE when `size` is too small, -EINVAL when a key of
 * the other end is of small order, -ENOMEM. On an error the state is as before. */
int mvmp_noise_write(
	struct mvmp_noise *noise, const void *payload, size_t len, uint8_t *out, size_t size);

/* Reads the other end's next message; writes its payload, at most `len` bytes, to `payload`.
 * Returns the payload's length, -EBADMSG for a message that was not made for this state,
 * -EPROTO when it is not the other end's turn, -EMSGSIZE, -ENOMEM. On an error the state is as
 * before: a forged message does not end the handshake. With psk0 a message of somebody who has
 * not the psk fails before any Diffie-Hellman. */
int mvmp_noise_read(struct mvmp_noise *noise, const uint8_t *message, size_t len, uint8_t *payload,
	size_t size);

/* The other end's static key once a message brought it, else NULL. In IX the responder holds
 * no proof that the other end owns it before the first message under the split keys. */
const uint8_t *mvmp_noise_remote_static(const struct mvmp_noise *noise);

bool mvmp_noise_done(const struct mvmp_noise *noise);

/* -EPROTO before the last message. */
int mvmp_noise_split(const struct mvmp_noise *noise, struct mvmp_noise_keys *keys);

/* Wipes. */
void mvmp_noise_clear(struct mvmp_noise *noise);

#endif
