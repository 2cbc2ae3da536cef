/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_FRAME_H
#define MVMP_FRAME_H

/*
 * The frame header and the sizes of every kind. SPECIFICATION.md, "Frame header" and "Kinds".
 *
 *   0        1        2                 4                                 8
 *   +--------+--------+-----------------+---------------------------------+
 *   | v:4 k:4| flags  | payload length  | receiver's session index        |
 *   +--------+--------+-----------------+---------------------------------+
 *   | counter                                                             |
 *   +---------------------------------------------------------------------+
 */

#include <mvmp/link.h>
#include <mvmp/verdict.h>

enum mvmp_kind {
	MVMP_PROBE = 1,	 /* who is there? */
	MVMP_BEACON = 2, /* I am */
	MVMP_INIT = 3,	 /* first message of a handshake */
	MVMP_REPLY = 4,	 /* second and last */
	MVMP_COOKIE = 5, /* instead of a REPLY: prove your address, or a refusal */
	MVMP_DATA = 6,	 /* sealed under a session's key */
	MVMP_ENROL = 7,	 /* between a node that is no member yet and who makes it one */
};

enum mvmp_frame_sizes {
	MVMP_HELLO_LEN = 176,	     /* plaintext of PROBE and BEACON */
	MVMP_INIT_SECRET_LEN = 380,  /* Noise payload of INIT */
	MVMP_REPLY_SECRET_LEN = 368, /* Noise payload of REPLY */
	MVMP_NOISE_OVERHEAD = 96,    /* key, sealed key, tag */
	MVMP_MAC_FIELD_LEN = 16,     /* member and cookie MACs */
	MVMP_COOKIE_SECRET_LEN = 32, /* plaintext of COOKIE */
	MVMP_PROBE_PAYLOAD = MVMP_ID_LEN + MVMP_HELLO_LEN + MVMP_TAG_LEN,
	MVMP_INIT_NOISE_LEN = MVMP_NOISE_OVERHEAD + MVMP_INIT_SECRET_LEN,
	MVMP_INIT_PAYLOAD = 4 + MVMP_INIT_NOISE_LEN + 3 * MVMP_MAC_FIELD_LEN,
	MVMP_REPLY_NOISE_LEN = MVMP_NOISE_OVERHEAD + MVMP_REPLY_SECRET_LEN,
	MVMP_REPLY_PAYLOAD = MVMP_REPLY_NOISE_LEN + MVMP_MAC_FIELD_LEN,
	MVMP_COOKIE_PAYLOAD = MVMP_ID_LEN + MVMP_COOKIE_SECRET_LEN + MVMP_TAG_LEN,
	MVMP_ENROL_PAYLOAD = MVMP_MTU_MIN - MVMP_HEADER_LEN,
	MVMP_DATA_OVERHEAD = MVMP_HEADER_LEN + MVMP_TAG_LEN,
};

/* Why a responder has no REPLY for an INIT; carried by COOKIE. */
enum mvmp_refusal {
	MVMP_REFUSAL_NONE = 0, /* the frame carries a cookie */
	MVMP_REFUSAL_CERT = 1,
	MVMP_REFUSAL_EXPIRED = 2,
	MVMP_REFUSAL_REVOKED = 3,
	MVMP_REFUSAL_ROLE = 4,
	MVMP_REFUSAL_MAC = 5,
	MVMP_REFUSAL_FULL = 6,
	MVMP_REFUSAL_SESSION = 7, /* it does not know the session whose keys are to be renewed */
};

/* Top bit of a DATA frame's counter: set on the stats channel. */
#define MVMP_COUNTER_STATS (1ull << 63)

/* A frame's header in host order; the payload is borrowed from the frame. */
struct mvmp_frame {
	enum mvmp_kind kind;
	uint16_t payload_len;
	uint32_t index;
	uint64_t counter;
	const uint8_t *payload;
};

/* The one check at the edge: length, version, kind, the kind's size, reserved fields, EtherType,
 * in this order. Bytes after the payload are padding and ignored. MVMP_ACCEPTED, or the first
 * reason to drop it; *frame is filled on MVMP_ACCEPTED only. */
enum mvmp_verdict mvmp_frame_decode(
	struct mvmp_frame *frame, enum mvmp_channel channel, const uint8_t *bytes, size_t len);

/* Writes the MVMP_HEADER_LEN bytes of frame's header; the payload is not touched. */
void mvmp_frame_encode(uint8_t out[static MVMP_HEADER_LEN], const struct mvmp_frame *frame);

/* "probe", "beacon", ...; "unknown" for other numbers. */
const char *mvmp_kind_name(unsigned kind);

#endif
