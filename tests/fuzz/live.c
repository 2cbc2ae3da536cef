/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "hosts.h"
#include <internal.h>
#include <stdlib.h>
#include <string.h>

/*
 * A member that turned bad, with everything that membership gives: what it sends is sealed under
 * the keys of its session, so that it reaches the decoders behind the seal. The first byte chooses
 * whether a client attacks an agent or an agent a client. Then steps: a byte for what, and what it
 * takes. In the end the attacked member still serves the honest one beside it, at once, and holds
 * no more memory than its bounds; the attacked session lives or ended with a reason (hosts.c).
 */

enum { STEPS_MAX = 300, REACH_MS = 1500, SEALED_MAX = 1500 - MVMP_DATA_OVERHEAD };

static struct hosts hosts;
static struct host *agent, *other_agent, *client, *other_client;
static struct host *bad, *victim;

/* ---- the bad member's session ---- */

static struct session *bad_session(void)
{
	return bad->member->ep ? mvmp_session_find(bad->member->ep, bad->last) : NULL;
}

static void connect_bad(void)
{
	if (!bad_session())
		host_ping(client, agent, 1000);
	hosts_run_ms(&hosts, 5);
}

static void deliver(const uint8_t *frame, enum mvmp_channel channel, size_t len)
{
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, bad->member->link->mac, MVMP_MAC_LEN);
	mvmp_endpoint_receive(victim->member->ep, &from, channel, frame, len, hosts.world.now);
}

/* Seals and delivers one frame of the session, as its counter wants it. */
static void send_sealed(enum mvmp_channel channel, const uint8_t *plain, size_t len)
{
	uint8_t frame[MVMP_FRAME_MAX];
	struct session *s = bad_session();
	struct mvmp_frame head = {.kind = MVMP_DATA, .payload_len = (uint16_t)(len + MVMP_TAG_LEN)};

	if (!s || !s->current)
		return;
	head.index = s->current->remote;
	head.counter = s->current->next[channel]++ | (channel ? MVMP_COUNTER_STATS : 0);
	mvmp_frame_encode(frame, &head);
	if (cheap_crypto.seal(s->current->send, head.counter, frame, MVMP_HEADER_LEN, plain, len,
		    frame + MVMP_HEADER_LEN))
		abort();
	deliver(frame, channel, len + MVMP_DATA_OVERHEAD);
}

/* ---- steps: each takes what it needs of the input ---- */

/* Up to 255 bytes of the input, or some multiple of them by repetition. */
static size_t take_bytes(struct mvmp_reader *r, uint8_t *to, size_t size)
{
	size_t len = mvmp_get_u8(r), times = 1u + mvmp_get_u8(r) % 8;
	size_t used = 0;
	const uint8_t *bytes;

	if (len > r->left)
		len = r->left;
	bytes = mvmp_get_view(r, len);
	while (times-- && used + len <= size && len) {
		memcpy(to + used, bytes, len);
		used += len;
	}
	return used;
}

static void send_plain(struct mvmp_reader *r, enum mvmp_channel channel)
{
	uint8_t plain[SEALED_MAX];

	send_sealed(channel, plain, take_bytes(r, plain, sizeof plain));
}

static void send_record(struct mvmp_reader *r)
{
	uint8_t plain[SEALED_MAX];
	struct mvmp_writer w = mvmp_writer(plain, sizeof plain);
	uint8_t type = mvmp_get_u8(r);
	size_t len = take_bytes(r, plain + MVMP_RECORD_HEAD, sizeof plain - MVMP_RECORD_HEAD);

	mvmp_put_u8(&w, type);
	mvmp_put_u8(&w, 0);
	mvmp_put_u16(&w, (uint16_t)len);
	send_sealed(MVMP_CONTROL, plain, len + MVMP_RECORD_HEAD);
}

/* A fragment close to what the victim expects next. */
static void send_fragment(struct mvmp_reader *r)
{
	uint8_t plain[SEALED_MAX], bytes[SEALED_MAX - MVMP_FRAGMENT_OVERHEAD];
	struct mvmp_writer w = mvmp_writer(plain, sizeof plain);
	struct session *s = bad_session();
	struct mvmp_fragment fragment = {.bytes = bytes};

	if (!s)
		return;
	fragment.sequence = s->outbox.top + (uint32_t)(int8_t)mvmp_get_u8(r);
	fragment.message = s->outbox.end + (uint32_t)(int8_t)mvmp_get_u8(r);
	fragment.total = mvmp_get_u32(r) % (MVMP_MESSAGE_MAX + 2);
	fragment.offset = mvmp_get_u32(r) % (MVMP_MESSAGE_MAX + 2);
	fragment.len = (uint16_t)take_bytes(r, bytes, sizeof bytes);
	mvmp_put_fragment(&w, &fragment);
	send_sealed(MVMP_CONTROL, plain, w.used);
}

static void send_ack(struct mvmp_reader *r)
{
	uint8_t plain[64], bits[MVMP_ACK_BITMAP_MAX];
	struct mvmp_writer w = mvmp_writer(plain, sizeof plain);
	struct session *s = bad_session();
	struct mvmp_ack ack = {.bits = bits};

	if (!s)
		return;
	ack.next = s->inbox.next + (uint32_t)(int8_t)mvmp_get_u8(r);
	ack.credit = mvmp_get_u8(r);
	ack.delay_us = mvmp_get_u16(r);
	ack.duplicates = mvmp_get_u16(r);
	ack.bits_len = mvmp_get_u8(r) % (MVMP_ACK_BITMAP_MAX + 1);
	mvmp_get_bytes(r, bits, ack.bits_len);
	mvmp_put_ack(&w, &ack);
	send_sealed(MVMP_CONTROL, plain, w.used);
}

/* A whole message, rightly cut, repeated and acknowledged. */
static void send_message(struct mvmp_reader *r)
{
	uint8_t bytes[2048];
	size_t len = take_bytes(r, bytes, sizeof bytes);

	mvmp_endpoint_send(bad->member->ep, bad->last, bytes, len, hosts.world.now);
}

/* A well-formed request with any body. */
static void send_request(struct mvmp_reader *r)
{
	uint8_t bytes[2048], envelope[2100];
	uint32_t verb = mvmp_get_u8(r);
	size_t len = take_bytes(r, bytes, sizeof bytes);
	struct mvmp_writer inner = mvmp_writer(envelope + 4, sizeof envelope - 4);
	struct mvmp_writer outer = mvmp_writer(envelope, 4);

	mvmp_put_u8(&inner, 1 << 3); /* id */
	mvmp_put_varint(&inner, 1000 + r->left);
	mvmp_put_u8(&inner, 2 << 3);
	mvmp_put_varint(&inner, verb);
	mvmp_put_u8(&inner, 3 << 3 | 2);
	mvmp_put_u8(&inner, MVMP_ID_LEN);
	for (unsigned i = 0; i < MVMP_ID_LEN; i++)
		mvmp_put_u8(&inner, (uint8_t)(r->left >> 2));
	mvmp_put_u8(&inner, 4 << 3);
	mvmp_put_varint(&inner, 5000);
	mvmp_put_u8(&inner, 5 << 3 | 2);
	mvmp_put_varint(&inner, len);
	if (len > 2000)
		return;
	mvmp_put_bytes(&inner, bytes, len);
	mvmp_put_u8(&outer, 1 << 3 | 2);
	mvmp_put_u8(&outer, (uint8_t)(0x80 | (inner.used & 0x7f)));
	mvmp_put_u8(&outer, (uint8_t)(0x80 | (inner.used >> 7 & 0x7f)));
	mvmp_put_u8(&outer, (uint8_t)(inner.used >> 14));
	mvmp_endpoint_send(
		bad->member->ep, bad->last, envelope, outer.used + inner.used, hosts.world.now);
}

static void step(struct mvmp_reader *r)
{
	struct session *s;

	switch (mvmp_get_u8(r) % 12) {
	case 0:
		hosts_run_ms(&hosts, mvmp_get_u8(r));
		break;
	case 1:
		hosts_run_ms(&hosts, mvmp_get_u8(r) * 50ull);
		connect_bad();
		break;
	case 2:
		send_plain(r, MVMP_CONTROL);
		break;
	case 3:
		send_plain(r, MVMP_STATS);
		break;
	case 4:
	case 5:
		send_record(r);
		break;
	case 6:
		send_fragment(r);
		break;
	case 7:
		send_ack(r);
		break;
	case 8:
		send_message(r);
		break;
	case 9:
		send_request(r);
		break;
	case 10: /* the honest use of the bad member's session */
		host_ask(client, agent, mvmp_get_u8(r), NULL, 0, 500);
		break;
	default: /* counters jump */
		s = bad_session();
		if (s && s->current)
			s->current->next[mvmp_get_u8(r) & 1] += 1ull << mvmp_get_u8(r) % 63;
	}
}

/* ---- the run ---- */

static void start(bool client_is_bad)
{
	hosts_init(&hosts, 1);
	agent = hosts_add(&hosts, HOST_AGENT);
	other_agent = hosts_add(&hosts, HOST_AGENT);
	client = hosts_add(&hosts, HOST_CLIENT);
	other_client = hosts_add(&hosts, HOST_CLIENT);
	bad = client_is_bad ? client : agent;
	victim = client_is_bad ? agent : client;
	host_must_reach(client_is_bad ? other_client : client, client_is_bad ? agent : other_agent,
		REACH_MS);
	host_must_reach(client, agent, REACH_MS);
}

static void check_bounds(void)
{
	if (victim->member->ep->held > MVMP_ASSEMBLY_SESSION + MVMP_MESSAGE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	bool client_is_bad = mvmp_get_u8(&r) & 1;

	start(client_is_bad);
	for (unsigned i = 0; r.left && i < STEPS_MAX; i++) {
		step(&r);
		check_bounds();
	}
	host_must_reach(client_is_bad ? other_client : client, client_is_bad ? agent : other_agent,
		REACH_MS);
	hosts_clear(&hosts);
	return 0;
}
