/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_ENVELOPE_H
#define MVMP_ENVELOPE_H

/* mvmp.Envelope, one reliable message: a request or an answer. */

#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_request {
	uint64_t id;
	uint32_t verb;
	const uint8_t *operation; /* MVMP_ID_LEN bytes or NULL */
	uint32_t deadline_ms;
	const void *body;
	size_t body_len;
};

struct rpc_answer {
	uint64_t id;
	struct mvmp_error error; /* status, text, hint */
	const void *body;
	size_t body_len;
};

enum { ENVELOPE_ROOM = 768 /* a message of usual size needs no allocation */ };

/* A decoded message; views belong to `owned`. Must not be copied: it may point into itself. */
struct rpc_envelope {
	bool is_request;
	union {
		struct rpc_request request;
		struct rpc_answer answer;
	};
	void *owned;
	size_t used;  /* of `room` */
	bool spilled; /* some of it was allocated */
	_Alignas(max_align_t) uint8_t room[ENVELOPE_ROOM];
};

/* Encode into a malloc'd *ret. Return the length, or -ENOMEM, or -EMSGSIZE beyond
 * MVMP_REQUEST_MAX, MVMP_MESSAGE_MAX. */
int rpc_request_encode(const struct rpc_request *request, uint8_t **ret);
int rpc_answer_encode(const struct rpc_answer *answer, uint8_t **ret);

/* 0, -EBADMSG (malformed: no request and no answer, id 0, operation of another length), -ENOMEM
 * is told as -EBADMSG, too. Texts of answers come out without control characters. To be freed
 * by rpc_envelope_free() after 0. */
int rpc_envelope_decode(struct rpc_envelope *ret, const uint8_t *bytes, size_t len);
void rpc_envelope_free(struct rpc_envelope *envelope);

#endif
