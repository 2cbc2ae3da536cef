/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_ENROL_H
#define MVMP_ENROL_H

/*
 * Enrolment of a node that has neither address nor certificate, under a one-time code that its
 * console shows (SPECIFICATION.md, "Enrolment"). The node answers, the operator's side asks:
 *
 *   operator                               node
 *   new, begin          -- first  -->      receive
 *   requested()        <-- second --
 *   give                -- question ->     receive ... delivered(), conclude
 *   concluded()        <-- answer --
 *
 * Both are state machines: frames, time and randomness in, frames and calls out.
 */

#include <mvmp/cert.h>
#include <mvmp/frame.h>

enum mvmp_enrol_limits {
	MVMP_ENROL_WINDOW_S = 600,  /* life of a code */
	MVMP_ENROL_HANDSHAKES = 64, /* under one code */
	MVMP_ENROL_RETRY_MS = 50,   /* first repetition; doubles */
	MVMP_ENROL_RETRY_MAX_MS = 250,
	MVMP_ENROL_RENEW = 8,	     /* repetitions of a first message before it is made anew */
	MVMP_ENROL_LINGER_MS = 3000, /* an enrolled node repeats its last answer this long */

	MVMP_ENROL_SECRET_LEN = 15, /* 120 random bits */
	MVMP_ENROL_CODE_SIZE = 30,  /* "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX" and a NUL */
	MVMP_ENROL_DELIVERY_FIXED = 8 + MVMP_KEY_LEN,
	MVMP_ENROL_DELIVERY_MAX = MVMP_ENROL_DELIVERY_FIXED + MVMP_CERT_MAX + MVMP_CLUSTER_MAX,
};

/* ---- the code ---- */

/* Text of a code: 24 characters of 5 bits and one to check them, in groups of five. */
char *mvmp_enrol_code_text(
	char to[static MVMP_ENROL_CODE_SIZE], const uint8_t secret[static MVMP_ENROL_SECRET_LEN]);

/* Reads what a person typed: upper or lower case, with or without - and blanks, O for 0, I and L
 * for 1. MVMP_INVALID says what is wrong, never what was typed. */
int mvmp_enrol_code_parse(
	uint8_t secret[static MVMP_ENROL_SECRET_LEN], const char *text, struct mvmp_error *err);

/* ---- what travels ---- */

/* What a node asks for. */
struct mvmp_enrol_request {
	uint8_t key[MVMP_KEY_LEN];    /* public */
	char name[MVMP_NAME_MAX + 1]; /* proposal, may be empty */
	unsigned macs;		      /* 1 to MVMP_CERT_MACS_MAX, of its interfaces */
	uint8_t mac[MVMP_CERT_MACS_MAX][MVMP_MAC_LEN];
};

/* What it gets. Bytes are borrowed. */
struct mvmp_enrol_delivery {
	const uint8_t *cluster_key; /* secret, MVMP_KEY_LEN bytes */
	const uint8_t *cert, *state;
	size_t cert_len, state_len;
};

/* Encodes; `to` holds MVMP_ENROL_DELIVERY_MAX bytes and becomes a secret. Returns the length, or
 * -EMSGSIZE when certificate or state is longer than any. */
int mvmp_enrol_delivery_encode(uint8_t *to, const struct mvmp_enrol_delivery *delivery);

/* False when the lengths do not add up. */
bool mvmp_enrol_delivery_decode(
	struct mvmp_enrol_delivery *delivery, const uint8_t *bytes, size_t len);

/* Whether a node that asked so may take it: a cluster state signed by a CA key of its own, the
 * cluster key it names, a certificate signed by one that is valid at `now_s`, for the node's key
 * and role, and that names `mac`, the address the node uses (NULL: any of those it asked for). Else
 * a sentence with MVMP_INVALID, MVMP_NOT_TRUSTED or MVMP_NO_MEMORY. */
int mvmp_enrol_delivery_check(const struct mvmp_crypto_ops *crypto,
	const struct mvmp_enrol_delivery *delivery, const struct mvmp_enrol_request *asked,
	const uint8_t *mac, uint64_t now_s, struct mvmp_error *err);

/* ---- both sides ---- */

/* Supplied by the owner; `send` as in mvmp_endpoint_env. */
struct mvmp_enrol_env {
	void *ctx;
	int (*send)(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len);
	void (*random)(void *ctx, void *to, size_t len);
};

/* ---- the node ---- */

struct mvmp_enrol_node;

struct mvmp_enrol_node_config {
	const struct mvmp_crypto_ops *crypto;
	struct mvmp_enrol_env env;
	const uint8_t *secret; /* the code; borrowed during _new() only */
	struct mvmp_enrol_request request;
	/* A whole delivery is there, borrowed for the call; it is not checked. The owner calls
	 * conclude(), now or later. `by` is whom it came from and the link it came over. */
	void (*delivered)(
		void *ctx, const struct mvmp_enrol_delivery *delivery, const struct mvmp_addr *by);
};

/* Begins to listen, for MVMP_ENROL_WINDOW_S. MVMP_INVALID (a request without MAC), MVMP_NO_MEMORY.
 */
int mvmp_enrol_node_new(const struct mvmp_enrol_node_config *config, uint64_t now,
	struct mvmp_enrol_node **ret, struct mvmp_error *err);
void mvmp_enrol_node_free(struct mvmp_enrol_node *node); /* wipes; NULL allowed */

/* A frame came. */
enum mvmp_verdict mvmp_enrol_node_receive(struct mvmp_enrol_node *node,
	const struct mvmp_addr *from, enum mvmp_channel channel, const uint8_t *bytes, size_t len,
	uint64_t now);

/* What became of the delivery: MVMP_OK when it is on disk, else why not; the operator is told. */
void mvmp_enrol_node_conclude(
	struct mvmp_enrol_node *node, const struct mvmp_error *outcome, uint64_t now);

/* When it has nothing more to do: its time is over, or it is enrolled and has lingered. */
uint64_t mvmp_enrol_node_deadline(const struct mvmp_enrol_node *node);

/* ---- the operator ---- */

struct mvmp_enrol_operator;

struct mvmp_enrol_operator_config {
	const struct mvmp_crypto_ops *crypto;
	struct mvmp_enrol_env env;
	const uint8_t *secret; /* the code; borrowed during _new() only */
	struct mvmp_addr to;   /* of the node, or the group */
	uint64_t patience_ns;  /* that no answer may take longer than */
	/* The node answered; `from` is its address. */
	void (*requested)(
		void *ctx, const struct mvmp_enrol_request *request, const struct mvmp_addr *from);
	/* It is over: MVMP_OK, MVMP_NO_ANSWER (before the first answer), MVMP_OUTCOME_UNKNOWN (the
	 * answer to the last piece is missing), or what the node said. */
	void (*concluded)(void *ctx, const struct mvmp_error *outcome);
};

/* Sends the first message. MVMP_NO_MEMORY. */
int mvmp_enrol_operator_new(const struct mvmp_enrol_operator_config *config, uint64_t now,
	struct mvmp_enrol_operator **ret, struct mvmp_error *err);
void mvmp_enrol_operator_free(struct mvmp_enrol_operator *op); /* wipes; NULL allowed */

/* Delivers, once requested() was called. -EMSGSIZE, or -EPROTO at another time. */
int mvmp_enrol_operator_give(
	struct mvmp_enrol_operator *op, const struct mvmp_enrol_delivery *delivery, uint64_t now);

enum mvmp_verdict mvmp_enrol_operator_receive(struct mvmp_enrol_operator *op,
	const struct mvmp_addr *from, enum mvmp_channel channel, const uint8_t *bytes, size_t len,
	uint64_t now);

/* Repeats what is due, gives up. */
void mvmp_enrol_operator_advance(struct mvmp_enrol_operator *op, uint64_t now);
uint64_t mvmp_enrol_operator_deadline(const struct mvmp_enrol_operator *op);

#endif
