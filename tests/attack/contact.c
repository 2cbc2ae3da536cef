/* SPDX-License-Identifier: Apache-2.0 */
#include "contact.h"
#include "../../proto/session/record.h"
#include <err.h>
#include <string.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static bool from_victim(const struct contact *contact, const struct wire_frame *frame)
{
	return !memcmp(frame->src, contact->dst, MVMP_MAC_LEN) &&
	       !memcmp(frame->dst, contact->src, MVMP_MAC_LEN);
}

bool contact_ask(struct contact *contact, uint64_t ms)
{
	uint64_t until = wire_now() + ms * MVMP_NS_PER_MS;
	uint8_t probe[THIEF_PROBE_LEN];
	struct mvmp_hello hello, answer;
	struct wire_frame frame;

	thief_describe(contact->thief, &hello);
	thief_hello(contact->thief, MVMP_PROBE, &hello, probe);
	wire_send(contact->wire, contact->dst, contact->src, MVMP_ETHERTYPE_CONTROL, probe,
		sizeof probe);
	wire_flush(contact->wire);
	while (wire_receive(contact->wire, &frame, until)) {
		if (!from_victim(contact, &frame) || (frame.bytes[0] & 15) != MVMP_BEACON ||
			!thief_open_hello(contact->thief, frame.bytes, frame.len, &answer))
			continue;
		memcpy(contact->instance, answer.instance, MVMP_ID_LEN);
		return true;
	}
	return false;
}

static void send_init(struct contact *contact)
{
	wire_send(contact->wire, contact->dst, contact->src, MVMP_ETHERTYPE_CONTROL,
		contact->shake.frame, sizeof contact->shake.frame);
	wire_flush(contact->wire);
}

static bool take_keys(struct contact *contact, const struct wire_frame *frame)
{
	uint8_t secret[MVMP_REPLY_SECRET_LEN];
	struct mvmp_noise_keys keys;
	struct mvmp_greeting g;
	struct mvmp_frame head;

	if (mvmp_frame_decode(&head, MVMP_CONTROL, frame->bytes, frame->len) ||
		head.index != contact->shake.index ||
		mvmp_noise_read(&contact->shake.noise, head.payload, MVMP_REPLY_NOISE_LEN, secret,
			sizeof secret) != MVMP_REPLY_SECRET_LEN ||
		!mvmp_reply_decode(&g, secret) || mvmp_noise_split(&contact->shake.noise, &keys))
		return false;
	contact->remote = g.index;
	contact->send = crypto->aead_new(keys.send);
	contact->receive = crypto->aead_new(keys.receive);
	return contact->send && contact->receive;
}

static void confirm(struct contact *contact)
{
	uint8_t ping[12];
	struct mvmp_writer w = mvmp_writer(ping, sizeof ping);

	mvmp_put_token(&w, MVMP_RECORD_PING, 1);
	contact_send(contact, MVMP_CONTROL, ping, w.used);
	wire_flush(contact->wire);
}

int contact_open(struct contact *contact, uint64_t ms)
{
	uint64_t until = wire_now() + ms * MVMP_NS_PER_MS;
	uint8_t body[MVMP_COOKIE_SECRET_LEN];
	struct wire_frame frame;

	thief_init(contact->thief, &contact->shake, contact->instance, 0, false);
	send_init(contact);
	while (wire_receive(contact->wire, &frame, until)) {
		if (!from_victim(contact, &frame))
			continue;
		if (thief_open_cookie(
			    contact->thief, contact->shake.frame, frame.bytes, frame.len, body)) {
			if (body[0])
				return body[0];
			thief_prove(contact->shake.frame, body + 16);
			send_init(contact);
		} else if ((frame.bytes[0] & 15) == MVMP_REPLY && take_keys(contact, &frame)) {
			confirm(contact);
			return 0;
		}
	}
	return -1;
}

void contact_send(struct contact *contact, enum mvmp_channel channel, const void *plain, size_t len)
{
	uint8_t frame[WIRE_FRAME_MAX];
	struct mvmp_frame head = {.kind = MVMP_DATA,
		.payload_len = (uint16_t)(len + MVMP_TAG_LEN),
		.index = contact->remote,
		.counter = contact->next[channel]++};

	if (len > WIRE_FRAME_MAX - WIRE_HEADER_LEN - MVMP_DATA_OVERHEAD)
		errx(1, "%zu bytes in one frame", len);
	if (channel == MVMP_STATS)
		head.counter |= MVMP_COUNTER_STATS;
	mvmp_frame_encode(frame, &head);
	crypto->seal(contact->send, head.counter, frame, MVMP_HEADER_LEN, plain, len,
		frame + MVMP_HEADER_LEN);
	wire_send(contact->wire, contact->dst, contact->src,
		channel == MVMP_STATS ? MVMP_ETHERTYPE_STATS : MVMP_ETHERTYPE_CONTROL, frame,
		len + MVMP_DATA_OVERHEAD);
}

size_t contact_receive(struct contact *contact, uint8_t *plain, uint64_t until)
{
	struct wire_frame frame;
	struct mvmp_frame head;

	while (wire_receive(contact->wire, &frame, until)) {
		if (!from_victim(contact, &frame) ||
			mvmp_frame_decode(&head, MVMP_CONTROL, frame.bytes, frame.len) ||
			head.kind != MVMP_DATA || head.index != contact->shake.index)
			continue;
		if (!crypto->open(contact->receive, head.counter, frame.bytes, MVMP_HEADER_LEN,
			    head.payload, head.payload_len, plain))
			return head.payload_len - MVMP_TAG_LEN;
	}
	return 0;
}

void contact_drop(struct contact *contact)
{
	crypto->aead_free(contact->send);
	crypto->aead_free(contact->receive);
	contact->send = contact->receive = NULL;
}
