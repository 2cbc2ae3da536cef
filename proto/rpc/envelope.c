/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"
#include "mvmp.pb-c.h"
#include <errno.h>
#include <mvmp/clean_text.h>
#include <mvmp/crypto.h>
#include <stdlib.h>
#include <string.h>

/* protobuf-c wants what it does not write as non-const. */
static ProtobufCBinaryData data(const void *bytes, size_t len)
{
	return (ProtobufCBinaryData){.len = bytes ? len : 0, .data = (uint8_t *)(uintptr_t)bytes};
}

static int encode(const Mvmp__Envelope *envelope, size_t longest, uint8_t **ret)
{
	size_t len = mvmp__envelope__get_packed_size(envelope);
	uint8_t *bytes;

	if (len > longest)
		return -EMSGSIZE;
	bytes = malloc(len);
	if (!bytes)
		return -ENOMEM;
	mvmp__envelope__pack(envelope, bytes);
	*ret = bytes;
	return (int)len;
}

int rpc_request_encode(const struct rpc_request *request, uint8_t **ret)
{
	Mvmp__Envelope envelope = MVMP__ENVELOPE__INIT;
	Mvmp__Request message = MVMP__REQUEST__INIT;

	message.id = request->id;
	message.verb = request->verb;
	message.operation = data(request->operation, MVMP_ID_LEN);
	message.deadline_ms = request->deadline_ms;
	message.body = data(request->body, request->body_len);
	envelope.is_case = MVMP__ENVELOPE__IS_REQUEST;
	envelope.request = &message;
	return encode(&envelope, MVMP_REQUEST_MAX, ret);
}

int rpc_answer_encode(const struct rpc_answer *answer, uint8_t **ret)
{
	Mvmp__Envelope envelope = MVMP__ENVELOPE__INIT;
	Mvmp__Answer message = MVMP__ANSWER__INIT;

	message.id = answer->id;
	message.status = answer->error.status;
	message.text = (char *)(uintptr_t)answer->error.text;
	message.hint = (char *)(uintptr_t)answer->error.hint;
	message.body = data(answer->body, answer->body_len);
	envelope.is_case = MVMP__ENVELOPE__IS_ANSWER;
	envelope.answer = &message;
	return encode(&envelope, MVMP_MESSAGE_MAX, ret);
}

static bool take_request(struct rpc_request *to, const Mvmp__Request *from)
{
	if (!from->id || (from->operation.len && from->operation.len != MVMP_ID_LEN))
		return false;
	*to = (struct rpc_request){
		.id = from->id,
		.verb = from->verb,
		.operation = from->operation.len ? from->operation.data : NULL,
		.deadline_ms = from->deadline_ms,
		.body = from->body.data,
		.body_len = from->body.len,
	};
	return true;
}

static bool take_answer(struct rpc_answer *to, const Mvmp__Answer *from)
{
	if (!from->id)
		return false;
	*to = (struct rpc_answer){
		.id = from->id, .body = from->body.data, .body_len = from->body.len};
	/* A status of a later version is a failure told in its text. */
	to->error.status = from->status < MVMP_STATUS_COUNT ? from->status : MVMP_FAILED;
	mvmp_clean_text(to->error.text, sizeof to->error.text, from->text, strlen(from->text));
	mvmp_clean_text(to->error.hint, sizeof to->error.hint, from->hint, strlen(from->hint));
	return true;
}

/* Takes from the envelope's own room as long as there is some. */
static void *room_alloc(void *ctx, size_t size)
{
	struct rpc_envelope *envelope = ctx;
	size_t align = _Alignof(max_align_t), left = sizeof envelope->room - envelope->used;
	void *at = envelope->room + envelope->used;

	if (size > left) {
		envelope->spilled = true;
		return malloc(size);
	}
	size = (size + align - 1) / align * align;
	envelope->used += size < left ? size : left;
	return at;
}

static void room_free(void *ctx, void *at)
{
	struct rpc_envelope *envelope = ctx;
	uintptr_t first = (uintptr_t)envelope->room;

	if ((uintptr_t)at - first >= sizeof envelope->room)
		free(at);
}

static ProtobufCAllocator room_of(struct rpc_envelope *envelope)
{
	return (ProtobufCAllocator){room_alloc, room_free, envelope};
}

int rpc_envelope_decode(struct rpc_envelope *ret, const uint8_t *bytes, size_t len)
{
	ProtobufCAllocator room = room_of(ret);
	Mvmp__Envelope *envelope;
	bool good = false;

	ret->used = 0;
	ret->spilled = ret->is_request = false;
	envelope = mvmp__envelope__unpack(&room, len, bytes);
	if (!envelope)
		return -EBADMSG;
	ret->owned = envelope;
	if (envelope->is_case == MVMP__ENVELOPE__IS_REQUEST) {
		ret->is_request = true;
		good = take_request(&ret->request, envelope->request);
	} else if (envelope->is_case == MVMP__ENVELOPE__IS_ANSWER) {
		good = take_answer(&ret->answer, envelope->answer);
	}
	if (good)
		return 0;
	rpc_envelope_free(ret);
	return -EBADMSG;
}

/* The cluster key may be in it. */
static void wipe_body(const ProtobufCBinaryData *body)
{
	if (body->len >= MVMP_KEY_LEN) /* what is shorter holds no key */
		mvmp_wipe(body->data, body->len);
}

void rpc_envelope_free(struct rpc_envelope *envelope)
{
	ProtobufCAllocator room = room_of(envelope);
	Mvmp__Envelope *owned = envelope->owned;

	if (owned && owned->is_case == MVMP__ENVELOPE__IS_REQUEST)
		wipe_body(&owned->request->body);
	else if (owned && owned->is_case == MVMP__ENVELOPE__IS_ANSWER)
		wipe_body(&owned->answer->body);
	if (envelope->spilled)
		mvmp__envelope__free_unpacked(envelope->owned, &room);
	envelope->owned = NULL;
}
