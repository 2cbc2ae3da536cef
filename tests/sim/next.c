/* SPDX-License-Identifier: Apache-2.0 */
#include "next.h"
#include "internal.h" /* of proto/session */
#include "stage.h"
#include <errno.h>
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>

enum {
	NEW_RECORD = 77,
	NEW_VERB = 999,
	NEW_ID = 0x7eadbeef,
	NEW_STATUS = 200,
	NEW_REFUSAL = 99,
	STATUS_OF = 3,	/* one refusal in so many has the new status */
	STRAY_OF = 10,	/* one frame in so many is followed by one of a new kind */
	REFUSED_OF = 4, /* one INIT in so many is refused for the new reason, too */
	ROOM = MVMP_FRAME_MAX,
};

/* Fields 2001 (a number), 2002 (bytes) and 2003 (32 bits), which no message has. */
static const uint8_t new_fields[] = {
	0x88, 0x7d, 0x2a, 0x92, 0x7d, 0x03, 'n', 'e', 'w', 0x9d, 0x7d, 1, 2, 3, 4};

static const struct keypair *pair_of(
	const struct mvmp_endpoint *ep, uint32_t index, const struct mvmp_addr *to)
{
	for (uint32_t i = 0; i < ep->keyring.count; i++) {
		const struct keypair *pair = &ep->keyring.pair[i];

		if (pair->local && pair->send && pair->remote == index && pair->session &&
			mvmp_addr_equal(&pair->session->peer.addr, to))
			return pair;
	}
	return NULL;
}

/* ---- messages ---- */

static ProtobufCBinaryData longer(const ProtobufCBinaryData *body)
{
	ProtobufCBinaryData ret = {body->len + sizeof new_fields, NULL};

	ret.data = malloc(ret.len);
	if (!ret.data)
		abort();
	if (body->len)
		memcpy(ret.data, body->data, body->len);
	memcpy(ret.data + body->len, new_fields, sizeof new_fields);
	return ret;
}

/* What may have a more exact status in a later version: nothing was done. */
static bool is_refusal(const Mvmp__Answer *answer)
{
	return answer->status == MVMP_NOT_FOUND || answer->status == MVMP_UNSUPPORTED ||
	       answer->status == MVMP_BUSY;
}

/* An envelope with new fields in all its levels; its length. Of equal bytes the same is made, so
 * that a repeated fragment is the same one. */
static size_t renew_envelope(const uint8_t *bytes, size_t len, uint8_t *to, size_t room)
{
	Mvmp__Envelope *envelope = mvmp__envelope__unpack(NULL, len, bytes);
	ProtobufCBinaryData *body, was, extended;
	size_t size;

	if (!envelope)
		abort();
	body = envelope->is_case == MVMP__ENVELOPE__IS_REQUEST ? &envelope->request->body
							       : &envelope->answer->body;
	was = *body;
	extended = longer(&was);
	*body = extended;
	if (envelope->is_case == MVMP__ENVELOPE__IS_ANSWER && is_refusal(envelope->answer) &&
		envelope->answer->id % STATUS_OF == 0)
		envelope->answer->status = NEW_STATUS;
	size = mvmp__envelope__get_packed_size(envelope) + sizeof new_fields;
	if (size <= room) {
		mvmp__envelope__pack(envelope, to);
		memcpy(to + size - sizeof new_fields, new_fields, sizeof new_fields);
	}
	*body = was;
	free(extended.data);
	mvmp__envelope__free_unpacked(envelope, NULL);
	return size <= room ? size : 0;
}

/* ---- frames ---- */

/* Only a message in one piece can grow without its neighbours hearing of it. */
static bool put_renewed(struct mvmp_writer *w, const struct mvmp_fragment *fragment, size_t spare)
{
	static uint8_t bytes[ROOM];
	struct mvmp_fragment f = *fragment;
	size_t len;

	if (f.offset || f.total != f.len)
		return false;
	len = renew_envelope(f.bytes, f.len, bytes, f.len + spare);
	if (!len || len + MVMP_FRAGMENT_OVERHEAD > w->size - w->used)
		return false;
	f.bytes = bytes;
	f.len = (uint16_t)len;
	f.total = (uint32_t)len;
	mvmp_put_fragment(w, &f);
	return true;
}

static void put_copy(struct mvmp_writer *w, const struct mvmp_frame_record *record)
{
	mvmp_put_u8(w, record->type);
	mvmp_put_u8(w, 0);
	mvmp_put_u16(w, (uint16_t)record->body.left);
	mvmp_put_bytes(w, record->body.at, record->body.left);
}

/* Rewrites the records, with one of a new type before and after each where there is room. A frame
 * that is as long as the path carries stays as it is; a fragment is renewed in all its
 * transmissions or in none: by whether it is small. */
static size_t renew_records(const uint8_t *plain, size_t len, uint8_t *to, size_t room)
{
	struct mvmp_reader r = mvmp_reader(plain, len);
	struct mvmp_writer w = mvmp_writer(to, room);
	struct mvmp_frame_record record;

	while (mvmp_record_next(&r, &record)) {
		struct mvmp_fragment f;

		if (r.left + record.body.left + 64 < w.size - w.used)
			mvmp_put_token(&w, (enum mvmp_record_type)NEW_RECORD, len);
		if (record.type != MVMP_RECORD_FRAGMENT || !mvmp_record_fragment(record.body, &f) ||
			f.len > 150 || !put_renewed(&w, &f, 100))
			put_copy(&w, &record);
	}
	return w.bad ? 0 : w.used;
}

static size_t renew(
	enum mvmp_channel channel, const uint8_t *plain, size_t len, uint8_t *to, size_t room)
{
	if (channel == MVMP_CONTROL)
		return renew_records(plain, len, to, room);
	if (len + sizeof new_fields > room)
		return 0;
	memcpy(to, plain, len);
	memcpy(to + len, new_fields, sizeof new_fields);
	return len + sizeof new_fields;
}

/* Opens, renews and seals a DATA frame into `out`; its length, or 0 when it is to go as it is. */
static size_t renew_frame(struct sim_member *member, const struct mvmp_addr *to,
	enum mvmp_channel channel, const uint8_t *frame, size_t len, uint8_t *out)
{
	static uint8_t plain[ROOM], renewed[ROOM];
	struct mvmp_endpoint *ep = member->node->ep;
	const struct keypair *pair;
	struct mvmp_frame head;
	size_t room, size;

	if (mvmp_frame_decode(&head, channel, frame, len) || head.kind != MVMP_DATA)
		return 0;
	pair = pair_of(ep, head.index, to);
	if (!pair || ep->crypto->open(pair->send, head.counter, frame, MVMP_HEADER_LEN,
			     head.payload, head.payload_len, plain))
		return 0;
	room = pair->session->mtu > MVMP_DATA_OVERHEAD ? pair->session->mtu - MVMP_DATA_OVERHEAD
						       : 0;
	size = renew(channel, plain, head.payload_len - MVMP_TAG_LEN, renewed, room);
	if (!size)
		return 0;
	head.payload_len = (uint16_t)(size + MVMP_TAG_LEN);
	mvmp_frame_encode(out, &head);
	if (ep->crypto->seal(pair->send, head.counter, out, MVMP_HEADER_LEN, renewed, size,
		    out + MVMP_HEADER_LEN))
		abort();
	return size + MVMP_DATA_OVERHEAD;
}

/* A frame of a kind or a version that is not known yet, after a true one. */
static void send_stray(struct sim_member *member, const struct mvmp_addr *to)
{
	uint8_t bytes[MVMP_LINK_HEADROOM + 120], *frame = bytes + MVMP_LINK_HEADROOM;
	struct sim_stage *stage = member->stage;

	test_random_bytes(&stage->random, bytes, sizeof bytes);
	frame[0] = (uint8_t)(sim_draw(stage, 2) ? MVMP_VERSION << 4 | 15
						: (MVMP_VERSION + 1) << 4 | MVMP_PROBE);
	frame[1] = 0;
	mvmp_link_send(member->node->link, sim_draw(stage, 2) ? to->mac : mvmp_group, MVMP_CONTROL,
		frame, sizeof bytes - MVMP_LINK_HEADROOM);
}

int sim_next_send(struct sim_member *member, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	static uint8_t bytes[MVMP_LINK_HEADROOM + ROOM];
	uint8_t *out = bytes + MVMP_LINK_HEADROOM;
	size_t renewed = renew_frame(member, to, channel, frame, len, out);

	if (sim_draw(member->stage, STRAY_OF) == 0)
		send_stray(member, to);
	return mvmp_link_send(member->node->link, to->mac, channel, renewed ? out : frame,
		renewed ? renewed : len);
}

/* ---- verbs ---- */

void sim_next_ask(struct sim_member *member, mvmp_session session)
{
	Mvmp__Envelope envelope = MVMP__ENVELOPE__INIT;
	Mvmp__Request request = MVMP__REQUEST__INIT;
	uint8_t bytes[64];
	size_t len;

	request.id = NEW_ID;
	request.verb = NEW_VERB;
	request.deadline_ms = 1000;
	envelope.is_case = MVMP__ENVELOPE__IS_REQUEST;
	envelope.request = &request;
	len = mvmp__envelope__pack(&envelope, bytes);
	mvmp_endpoint_send(member->node->ep, session, bytes, len, member->node->world->now);
}

void sim_next_answered(struct sim_member *member, const uint8_t *bytes, size_t len)
{
	Mvmp__Envelope *envelope = mvmp__envelope__unpack(NULL, len, bytes);
	const Mvmp__Answer *answer = NULL;

	if (envelope && envelope->is_case == MVMP__ENVELOPE__IS_ANSWER)
		answer = envelope->answer;
	if (answer && answer->id == NEW_ID && answer->status != MVMP_UNSUPPORTED &&
		answer->status != NEW_STATUS)
		sim_fail(member->stage, "a verb of the next version was answered by %u",
			answer->status);
	if (answer && answer->id == NEW_ID)
		sim_note(member->stage, "%s heard that verb %d is not known", member->name,
			NEW_VERB);
	if (envelope)
		mvmp__envelope__free_unpacked(envelope, NULL);
}

/* ---- refusals ---- */

static void send_refusal(struct test_node *node, const struct mvmp_addr *to, const uint8_t *init)
{
	uint8_t bytes[MVMP_LINK_HEADROOM + MVMP_HEADER_LEN + MVMP_COOKIE_PAYLOAD];
	uint8_t *frame = bytes + MVMP_LINK_HEADROOM, *at = frame + MVMP_HEADER_LEN, body[32] = {0};
	struct mvmp_reader r = mvmp_reader(init + MVMP_HEADER_LEN, 4);
	struct mvmp_frame head = {
		.kind = MVMP_COOKIE, .payload_len = MVMP_COOKIE_PAYLOAD, .index = mvmp_get_u32(&r)};
	struct mvmp_aead *aead;

	if (!head.index)
		return;
	mvmp_frame_encode(frame, &head);
	test_random_bytes(&node->world->random, at, MVMP_ID_LEN);
	body[0] = NEW_REFUSAL;
	if (mvmp_member_cookie_aead(node->ep, 0, at, &aead) ||
		node->ep->crypto->seal(aead, 0, init + MVMP_HEADER_LEN + 480, MVMP_MAC_FIELD_LEN,
			body, sizeof body, at + MVMP_ID_LEN))
		abort();
	node->ep->crypto->aead_free(aead);
	mvmp_link_send(node->link, to->mac, MVMP_CONTROL, frame, sizeof bytes - MVMP_LINK_HEADROOM);
}

bool sim_next_receive(struct test_node *node, const struct mvmp_addr *from,
	enum mvmp_channel channel, const uint8_t *frame, size_t len)
{
	struct sim_member *member = node->ctx;
	struct mvmp_frame head;

	if (mvmp_frame_decode(&head, channel, frame, len) == MVMP_ACCEPTED &&
		head.kind == MVMP_INIT && sim_draw(member->stage, REFUSED_OF) == 0)
		send_refusal(node, from, frame);
	return true;
}
