/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "hosts.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

/*
 * What happens to honest members: losses, time, restarts, links and clocks that come and go, in
 * any order. The first byte chooses two agents and two clients, or three members that send each
 * other numbered messages. Then steps of two bytes: what, and to whom or how much. hosts.c checks
 * at each step; in the end, with everything healed, clients reach agents, and each session that is
 * still up has brought every message that was sent on it, in turn and to one session only.
 */

enum {
	STEPS_MAX = 400,
	VIRTUAL_MAX_S = 3 * 3600,
	STREAMS = 256,
	HEALED_MS = 30000,
	REACH_MS = 10000
};

/* One direction of a session, as its sender names it. */
struct stream {
	uint8_t host;
	mvmp_session session, arrives; /* the sender's, the receiver's */
	uint8_t to;
	uint32_t sent, delivered;
};

struct run {
	struct hosts hosts;
	bool bare;
	struct stream stream[STREAMS];
	unsigned streams;
};

static struct run run;

/* ---- numbered messages ---- */

enum { MESSAGE_HEAD = 13 }; /* host, session, number */

/* What the bytes of a message are; never zeros, which memory that nobody wrote may hold. */
static uint8_t filling(uint32_t number)
{
	return (uint8_t)(number % 255 + 1);
}

static struct stream *stream_of(uint8_t host, mvmp_session session)
{
	for (unsigned i = 0; i < run.streams; i++) {
		if (run.stream[i].host == host && run.stream[i].session == session)
			return &run.stream[i];
	}
	return NULL;
}

static struct stream *stream_take(uint8_t host, mvmp_session session)
{
	struct stream *stream = stream_of(host, session);

	if (stream || run.streams == STREAMS)
		return stream;
	stream = &run.stream[run.streams++];
	*stream = (struct stream){.host = host, .session = session};
	return stream;
}

static void take_message(struct host *host, const struct mvmp_event *event)
{
	struct mvmp_reader r = mvmp_reader(event->bytes, event->len);
	uint8_t from = mvmp_get_u8(&r), to = (uint8_t)(host - run.hosts.host);
	mvmp_session session = mvmp_get_u64(&r);
	uint32_t number = mvmp_get_u32(&r);
	struct stream *stream = stream_of(from, session);

	if (r.bad || !stream || number != stream->delivered++)
		abort();
	if (!number) {
		stream->arrives = event->session;
		stream->to = to;
	}
	if (stream->arrives != event->session || stream->to != to)
		abort();
	while (r.left) {
		if (mvmp_get_u8(&r) != filling(number))
			abort();
	}
}

static void on_event(struct host *host, const struct mvmp_event *event)
{
	if (event->type == MVMP_EVENT_MESSAGE)
		take_message(host, event);
}

static void send_message(struct host *host, size_t len)
{
	static uint8_t bytes[MVMP_MESSAGE_MAX];
	uint8_t from = (uint8_t)(host - run.hosts.host);
	struct stream *stream = host->last ? stream_take(from, host->last) : NULL;
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);

	if (!stream)
		return;
	mvmp_put_u8(&w, from);
	mvmp_put_u64(&w, host->last);
	mvmp_put_u32(&w, stream->sent);
	memset(bytes + MESSAGE_HEAD, filling(stream->sent), len);
	if (!mvmp_endpoint_send(
		    host->member->ep, host->last, bytes, MESSAGE_HEAD + len, run.hosts.world.now))
		stream->sent++;
}

/* ---- steps ---- */

static struct host *pick(uint8_t how)
{
	return &run.hosts.host[how % run.hosts.count];
}

static void impair(uint8_t how)
{
	static const uint32_t ppm[] = {0, 20000, 150000, 400000};
	struct mvmp_impairment impairment = {.loss_ppm = ppm[how & 3],
		.duplicate_ppm = ppm[how >> 2 & 3],
		.reorder_ppm = ppm[how >> 4 & 3],
		.corrupt_ppm = ppm[how >> 6 & 1],
		.pad = how >> 7,
		.delay_ns = 20000,
		.jitter_ns = 100000};

	mvmp_memswitch_impair(run.hosts.world.sw, &impairment);
}

static void set_wall(int hours)
{
	run.hosts.world.wall_s = (uint64_t)((int64_t)CHEAP_WALL_S + hours * 3600);
	for (unsigned i = 0; i < run.hosts.count; i++) {
		struct test_node *member = run.hosts.host[i].member;

		if (member->ep)
			mvmp_endpoint_recheck(member->ep, run.hosts.world.now);
	}
}

/* Changes a link's longest frame, or takes it away and brings it back. */
static void change_link(struct host *host, uint8_t how)
{
	struct test_node *member = host->member;

	if (!member->ep)
		return;
	if (how & 0x80)
		mvmp_endpoint_drop_link(member->ep, 0, run.hosts.world.now);
	if (how & 0x40)
		member->link->mtu = how & 0x20 ? 576 : 9000;
	if (how & 0x10)
		mvmp_endpoint_set_link(member->ep, 0, member->link);
}

static void begin(struct host *host, const struct host *to, uint8_t how)
{
	static const uint8_t subscribe[] = {8, 7, 16, 0xe8, 7, 24, 0xff, 1, 32, 60};
	static const uint8_t pin[] = {0x0a, 7, 'n', 'u', 'l', 'l', '-', '0', '1', 0x1a, 1, '0'};

	if (run.bare && host->member->ep && host != to)
		test_node_connect(host->member, to->member);
	if (run.bare || to->kind != HOST_AGENT)
		return;
	if (how & 0x80)
		host_ask(host, to, MVMP_VERB_SUBSCRIBE, subscribe, sizeof subscribe, 2000);
	else if (how & 0x40)
		host_ask(host, to, MVMP_VERB_PIN, pin, sizeof pin, 4000);
	else
		host_ping(host, to, how & 0x20 ? 10 : 5000);
}

static void exchange(struct host *host, uint8_t how)
{
	static const uint8_t bytes[64];
	struct test_node *member = host->member;
	uint64_t now = run.hosts.world.now;
	size_t len = how >> 4;

	if (!member->ep)
		return;
	switch (how >> 2 & 3) {
	case 0:
		if (run.bare)
			send_message(host, len * len * len * 20);
		break;
	case 1:
		mvmp_endpoint_send_stats(member->ep, host->last, bytes, sizeof bytes, now);
		break;
	case 2:
		mvmp_endpoint_probe(member->ep, 0, NULL, (unsigned)(len * 100), now);
		break;
	default:
		if (host->kind != HOST_CLIENT) /* whose sessions are the client's to close */
			mvmp_endpoint_close(member->ep, host->last, now);
	}
}

static void step(uint8_t what, uint8_t how)
{
	switch (what & 15) {
	case 0:
	case 1:
		hosts_run_ms(&run.hosts, how);
		break;
	case 2:
		hosts_run_ms(&run.hosts, how * 100ull);
		break;
	case 3:
		hosts_run_ms(&run.hosts, how * 10000ull);
		break;
	case 4:
		impair(how);
		break;
	case 5:
		host_kill(pick(how));
		break;
	case 6:
		host_start(pick(how));
		break;
	case 7:
		mvmp_memswitch_partition(pick(how)->member->link, how >> 4 & 1);
		break;
	case 8:
		set_wall((int8_t)how);
		break;
	case 9:
		change_link(pick(how), how);
		break;
	case 10:
	case 11:
		begin(pick(how), pick(how >> 2), how);
		break;
	default:
		exchange(pick(how), how);
	}
}

static void take_step(struct mvmp_reader *r)
{
	uint8_t what = mvmp_get_u8(r);

	step(what, mvmp_get_u8(r));
}

/* ---- the end ---- */

static void heal(void)
{
	mvmp_memswitch_impair(run.hosts.world.sw, &(struct mvmp_impairment){.delay_ns = 20000});
	for (unsigned i = 0; i < run.hosts.count; i++) {
		struct host *host = &run.hosts.host[i];

		host_start(host);
		mvmp_memswitch_partition(host->member->link, 0);
		mvmp_endpoint_set_link(host->member->ep, 0, host->member->link);
	}
	set_wall(0);
	if (run.bare)
		hosts_run_ms(&run.hosts, HEALED_MS);
}

static void check_streams(void)
{
	for (unsigned i = 0; i < run.streams; i++) {
		const struct stream *stream = &run.stream[i];
		const struct host *host = &run.hosts.host[stream->host];

		if (stream->delivered > stream->sent)
			abort();
		if (mvmp_endpoint_cert(host->member->ep, stream->session) &&
			stream->delivered != stream->sent)
			abort();
	}
}

static void check_reach(void)
{
	for (unsigned i = 2; i < HOSTS_MAX; i++) {
		host_must_reach(&run.hosts.host[i], &run.hosts.host[0], REACH_MS);
		host_must_reach(&run.hosts.host[i], &run.hosts.host[1], REACH_MS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);

	hosts_init(&run.hosts, mvmp_get_u8(&r));
	run.bare = mvmp_get_u8(&r) & 1;
	run.streams = 0;
	for (unsigned i = 0; i < (run.bare ? 3u : 4u); i++) {
		enum host_kind kind = run.bare ? HOST_BARE : i < 2 ? HOST_AGENT : HOST_CLIENT;

		hosts_add(&run.hosts, kind)->hook = run.bare ? on_event : NULL;
	}
	for (unsigned i = 0;
		r.left > 1 && i < STEPS_MAX && run.hosts.world.now < VIRTUAL_MAX_S * MVMP_NS_PER_S;
		i++)
		take_step(&r);
	heal();
	if (run.bare)
		check_streams();
	else
		check_reach();
	hosts_clear(&run.hosts);
	return 0;
}
