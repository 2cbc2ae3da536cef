/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_ENROL_WIRE_H
#define MVMP_ENROL_WIRE_H

/* Frames of kind ENROL, all of one length:
 *
 *   header 16 | step 1, reserved 7, conversation 8 | body 528 | code MAC 16
 *
 * The body is a Noise message, or a sealed question or answer. */

#include <mvmp/enrol.h>
#include <mvmp/noise.h>

enum enrol_step {
	ENROL_FIRST = 1,    /* Noise message 1, to the node */
	ENROL_SECOND = 2,   /* Noise message 2: what the node asks for */
	ENROL_QUESTION = 3, /* a piece of the delivery */
	ENROL_ANSWER = 4,   /* what became of it */
};

enum enrol_sizes {
	ENROL_ID_LEN = 8,
	ENROL_HEAD_LEN = MVMP_HEADER_LEN + 8 + ENROL_ID_LEN,
	ENROL_BODY_LEN = 528,
	ENROL_FRAME_LEN = ENROL_HEAD_LEN + ENROL_BODY_LEN + MVMP_MAC_FIELD_LEN,
	ENROL_REQUEST_LEN = ENROL_BODY_LEN - MVMP_KEY_LEN - MVMP_TAG_LEN,
	ENROL_PLAIN_LEN = ENROL_BODY_LEN - MVMP_TAG_LEN,
	ENROL_PIECE_MAX = ENROL_PLAIN_LEN - 16,
	ENROL_TEXT_MAX = 255,
};

/* What follows from a code. */
struct enrol_keys {
	uint8_t psk[MVMP_KEY_LEN], mac[MVMP_KEY_LEN];
};

/* A received frame whose MAC was right; pointers go into it. */
struct enrol_frame {
	enum enrol_step step;
	uint64_t counter;
	const uint8_t *head, *id, *body, *mac;
};

/* A frame to send and to repeat: the same bytes each time. */
struct enrol_out {
	uint8_t bytes[MVMP_LINK_HEADROOM + ENROL_FRAME_LEN];
};

/* The two directions of a finished handshake. */
struct enrol_channel {
	struct mvmp_aead *send, *receive; /* NULL: none */
};

void enrol_keys_derive(const struct mvmp_crypto_ops *crypto, struct enrol_keys *keys,
	const uint8_t secret[static MVMP_ENROL_SECRET_LEN]);

void enrol_noise_start(const struct mvmp_crypto_ops *crypto, struct mvmp_noise *noise,
	const struct enrol_keys *keys, bool initiator, const uint8_t id[static ENROL_ID_LEN]);

/* Form, kind, then the MAC in constant time: one HMAC, and nothing of a stranger goes further. */
enum mvmp_verdict enrol_read(const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys,
	struct enrol_frame *frame, enum mvmp_channel channel, const uint8_t *bytes, size_t len);

static inline uint8_t *enrol_out_frame(struct enrol_out *out)
{
	return out->bytes + MVMP_LINK_HEADROOM;
}

static inline uint8_t *enrol_out_body(struct enrol_out *out)
{
	return enrol_out_frame(out) + ENROL_HEAD_LEN;
}

/* Writes what stands before the body, and the MAC after a body that is there. */
void enrol_write_head(struct enrol_out *out, enum enrol_step step,
	const uint8_t id[static ENROL_ID_LEN], uint64_t counter);
void enrol_write_mac(
	const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys, struct enrol_out *out);

/* Schedules the keys of a finished handshake. 0 or -ENOMEM. */
int enrol_channel_set(const struct mvmp_crypto_ops *crypto, struct enrol_channel *channel,
	const struct mvmp_noise *noise);
void enrol_channel_clear(const struct mvmp_crypto_ops *crypto, struct enrol_channel *channel);

/* Makes a whole question or answer of its plain text. 0 or -ENOMEM. */
int enrol_seal(const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys,
	const struct enrol_channel *channel, struct enrol_out *out, enum enrol_step step,
	const uint8_t id[static ENROL_ID_LEN], uint64_t counter,
	const uint8_t plain[static ENROL_PLAIN_LEN]);
int enrol_unseal(const struct mvmp_crypto_ops *crypto, const struct enrol_channel *channel,
	const struct enrol_frame *frame, uint8_t plain[static ENROL_PLAIN_LEN]);

/* ---- what stands in the bodies ---- */

void enrol_request_encode(
	uint8_t to[static ENROL_REQUEST_LEN], const struct mvmp_enrol_request *request);
/* False when a field is out of its range. */
bool enrol_request_decode(
	struct mvmp_enrol_request *request, const uint8_t from[static ENROL_REQUEST_LEN]);

/* A piece of the delivery; bytes are borrowed. */
struct enrol_piece {
	uint32_t total, offset;
	uint16_t len;
	const uint8_t *bytes;
};
void enrol_piece_encode(uint8_t to[static ENROL_PLAIN_LEN], const struct enrol_piece *piece);
bool enrol_piece_decode(struct enrol_piece *piece, const uint8_t from[static ENROL_PLAIN_LEN]);

/* MVMP_RUNNING: go on at `offset`; MVMP_OK: enrolled; else refused for the reason in the text. */
struct enrol_answer {
	uint16_t status;
	uint32_t offset;
	char text[ENROL_TEXT_MAX + 1];
};
void enrol_answer_encode(uint8_t to[static ENROL_PLAIN_LEN], const struct enrol_answer *answer);
bool enrol_answer_decode(struct enrol_answer *answer, const uint8_t from[static ENROL_PLAIN_LEN]);

#endif
