/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_BENCH_H
#define CLIENT_BENCH_H

/* A client on an endpoint that only notes (fake_endpoint.h), and the one member it may ask. */

#include "../../../proto/rpc/envelope.h"
#include "fake_endpoint.h"
#include <mvmp/client.h>

enum { WIRE = 0, LOCAL = 1 }; /* its links */

#define MS MVMP_NS_PER_MS

extern const uint8_t bench_mac[MVMP_MAC_LEN]; /* of r1-n05 */

struct bench {
	struct mvmp_endpoint ep;
	struct mvmp_client *client;
	uint64_t now;
	struct mvmp_cert cert; /* of r1-n05 */
	struct mvmp_peer peer; /* the same, on the wire */
	unsigned done;
	struct mvmp_error error;
	char body[32];
	uint8_t operation[MVMP_ID_LEN];
	mvmp_session session;
	bool ask_from_done;
	size_t newer;
};

/* As cmocka's fixtures: *state is a struct bench. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* A mvmp_client_done that keeps the answer in the bench, its ctx. */
void bench_on_done(void *ctx, const struct mvmp_answer *answer);

/* Asks a member, by default a node, with a body of 4 bytes and `ms` to answer; the call's id. */
uint64_t bench_call_target(
	struct bench *b, enum mvmp_verb verb, const struct mvmp_target *target, uint64_t ms);
uint64_t bench_call(struct bench *b, enum mvmp_verb verb, const char *text, uint64_t ms);

/* Lets milliseconds pass one by one. */
void bench_pass(struct bench *b, uint64_t ms);

/* The request sent first, its session and its operation (NULL: not wanted); its views are gone
 * with the message. */
struct rpc_request bench_sent(struct bench *b, mvmp_session *session, uint8_t *operation);

/* Answers a request; without an id that sent first, with the body "fine". */
void bench_answer_with(struct bench *b, mvmp_session session, uint64_t id, enum mvmp_status status,
	const void *body, size_t body_len);
struct rpc_request bench_answer(struct bench *b, enum mvmp_status status);

#endif
