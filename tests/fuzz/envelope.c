/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <envelope.h>
#include <stdlib.h>
#include <string.h>

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size)
		abort();
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			abort();
	}
}

static int encode(const struct rpc_envelope *envelope, uint8_t **ret)
{
	return envelope->is_request ? rpc_request_encode(&envelope->request, ret)
				    : rpc_answer_encode(&envelope->answer, ret);
}

static bool is_same(const struct rpc_envelope *a, const struct rpc_envelope *b)
{
	if (a->is_request != b->is_request)
		return false;
	if (a->is_request)
		return a->request.body_len == b->request.body_len;
	return a->answer.body_len == b->answer.body_len &&
	       a->answer.error.status == b->answer.error.status;
}

/* What is accepted has a number and harmless texts, and is the same after one more way. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rpc_envelope one, two;
	uint8_t *again = NULL;
	int size;

	if (rpc_envelope_decode(&one, bytes, len))
		return 0;
	if (!(one.is_request ? one.request.id : one.answer.id))
		abort();
	if (!one.is_request) { /* only what it is, is set */
		check_text(one.answer.error.text, sizeof one.answer.error.text);
		check_text(one.answer.error.hint, sizeof one.answer.error.hint);
	}
	size = encode(&one, &again);
	if (size > 0) {
		if (rpc_envelope_decode(&two, again, (size_t)size) || !is_same(&one, &two))
			abort();
		rpc_envelope_free(&two);
	}
	free(again);
	rpc_envelope_free(&one);
	return 0;
}
