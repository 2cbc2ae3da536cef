/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The honest floor of our parts and nothing else: libpcap in immediate mode, libev with a timer
 * armed for each request, AES-256-GCM sealed and opened at both ends; and the same in the clear.
 */
#include "rung.h"
#include <ev.h>
#include <mvmp/crypto.h>
#include <mvmp/link.h>
#include <stdio.h>
#include <string.h>

struct end {
	struct mvmp_link *link;
	struct mvmp_aead *aead; /* NULL: in the clear */
	struct ev_loop *loop;
	struct ev_timer timeout;
	struct rung_times *times; /* NULL at the answering end */
	size_t done;
	uint64_t counter, started;
	uint8_t room[MVMP_LINK_HEADROOM + RUNG_BYTES];
};

static void transmit(struct end *end)
{
	static const uint8_t plain[RUNG_BYTES - MVMP_TAG_LEN - 8];
	uint8_t *frame = end->room + MVMP_LINK_HEADROOM;

	end->counter += 1 << 8; /* the first byte says DATA, which every ring of sessions takes */
	memcpy(frame, &end->counter, 8);
	if (end->aead)
		mvmp_crypto_openssl.seal(
			end->aead, end->counter, frame, 8, plain, sizeof plain, frame + 8);
	mvmp_link_send(end->link, mvmp_group, MVMP_CONTROL, frame, RUNG_BYTES);
}

static void on_frame(void *ctx, const uint8_t src[static 6], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct end *end = ctx;
	uint8_t plain[RUNG_BYTES];
	uint64_t counter;

	if (len < RUNG_BYTES)
		return;
	memcpy(&counter, frame, 8);
	if (end->aead && mvmp_crypto_openssl.open(
				 end->aead, counter, frame, 8, frame + 8, RUNG_BYTES - 8, plain))
		return;
	if (end->times) {
		end->times->ns[end->done++] = rung_now() - end->started;
		ev_timer_stop(end->loop, &end->timeout);
		if (end->done == end->times->count) {
			ev_break(end->loop, EVBREAK_ALL);
			return;
		}
		end->started = rung_now();
		ev_timer_set(&end->timeout, 1., 0.);
		ev_timer_start(end->loop, &end->timeout);
	}
	transmit(end);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct end *end = io->data;

	mvmp_link_receive(end->link, 64, on_frame, end);
}

static void on_timeout(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	fprintf(stderr, "no answer in 1 s\n");
	ev_break(loop, EVBREAK_ALL);
}

static int run(const char *interface, bool sealed, struct rung_times *times)
{
	static const uint8_t key[MVMP_KEY_LEN] = {1};
	struct mvmp_pcap_options options = {.interface = interface};
	struct end end = {.times = times, .loop = ev_loop_new(0), .counter = 0x16};
	struct mvmp_error err;
	struct ev_io io;
	int fd[4];

	if (sealed)
		end.aead = mvmp_crypto_openssl.aead_new(key);
	if (mvmp_pcap_open(&options, &end.link, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	end.link->ops->descriptors(end.link, fd);
	ev_io_init(&io, on_readable, fd[0], EV_READ);
	io.data = &end;
	ev_io_start(end.loop, &io);
	ev_timer_init(&end.timeout, on_timeout, 1., 0.);
	if (times) {
		end.started = rung_now();
		ev_timer_start(end.loop, &end.timeout);
		transmit(&end);
	}
	ev_run(end.loop, 0);
	mvmp_link_close(end.link);
	mvmp_crypto_openssl.aead_free(end.aead);
	ev_loop_destroy(end.loop);
	return times && end.done == times->count ? 0 : -1;
}

static void answer_pcap(struct rung_channel *told)
{
	run(RUNG_FAR, false, NULL);
}

static int ask_pcap(struct rung_times *times)
{
	return run(RUNG_NEAR, false, times);
}

static void answer_floor(struct rung_channel *told)
{
	run(RUNG_FAR, true, NULL);
}

static int ask_floor(struct rung_times *times)
{
	return run(RUNG_NEAR, true, times);
}

const struct rung rung_pcap = {"pcap", "pcap + libev + timer", answer_pcap, ask_pcap};
const struct rung rung_floor = {"floor", "the same + AES-256-GCM: floor", answer_floor, ask_floor};
