/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENROL_BENCH_H
#define ENROL_BENCH_H

/* A node that listens and operators on one segment in memory, in virtual time. The node's owner
 * checks what is delivered as mvagent does. */

#include <authority.h>
#include <mvmp/enrol.h>
#include <mvmp/memswitch.h>

enum { BENCH_OPERATORS = 2, BENCH_MTU = 576 };

struct bench;

struct bench_operator {
	struct bench *bench;
	struct mvmp_enrol_operator *op;
	struct mvmp_link *link;
	unsigned requests, conclusions;
	struct mvmp_enrol_request request;
	struct mvmp_addr node;
	struct mvmp_error outcome;
	const struct mvmp_enrol_delivery *give; /* as soon as the node has answered; may be NULL */
};

struct bench {
	struct mvmp_memswitch *sw;
	struct test_authority authority;
	uint64_t now, random;
	uint8_t secret[MVMP_ENROL_SECRET_LEN]; /* the node's code */
	uint8_t key[MVMP_KEY_LEN];	       /* the node's secret key */
	struct mvmp_enrol_node *node;
	struct mvmp_link *link;
	struct mvmp_addr node_addr;
	unsigned deliveries;
	bool keep_waiting; /* the owner does not conclude */
	const struct mvmp_crypto_ops *crypto;
	uint8_t got_key[MVMP_KEY_LEN], got_cert[MVMP_CERT_MAX];
	size_t got_cert_len, got_state_len;
	struct mvmp_error check; /* of the last delivery */
	struct mvmp_drops drops; /* of the node */
	unsigned answers;	 /* frames that the node sent */
	size_t longest_answer;
	struct bench_operator op[BENCH_OPERATORS];
	/* A delivery that fits the node. */
	struct mvmp_enrol_delivery delivery;
	uint8_t cert[MVMP_CERT_MAX];
	uint8_t *state;
};

void bench_init(struct bench *bench, uint64_t seed);

/* The same with other algorithms for node and operators. */
void bench_init_with(struct bench *bench, uint64_t seed, const struct mvmp_crypto_ops *crypto);
void bench_clear(struct bench *bench);

/* Makes `delivery` anew: a certificate as `wanted` says, of which zero fields take what fits, and a
 * state with that many revoked serials. */
void bench_make_delivery(struct bench *bench, const struct mvmp_cert *wanted, unsigned revoked);

/* Starts an operator with the code `secret`. */
void bench_ask(struct bench *bench, unsigned operator, const uint8_t * secret, uint64_t patience_s);

/* Runs until an operator has heard the end, or for the seconds. */
void bench_run(struct bench *bench, const struct bench_operator *until, double seconds);

/* Hands a frame to the node as if from this address. */
enum mvmp_verdict bench_inject(
	struct bench *bench, const uint8_t *mac, const uint8_t *frame, size_t len);

#endif
