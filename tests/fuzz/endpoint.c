/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "believer.h"
#include <mvmp/bytes.h>
#include <mvmp/endpoint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A whole endpoint that believes every tag, so that frames reach what stands behind the seals.
 * The first byte: bit 0, it also connects to the peer. Then frames: a byte (bit 0 the stats
 * channel, bit 1 a second passes before, bit 2 another sender), 16 bits of length, the bytes.
 */

enum { STEP_NS = 1000000000 };

static const uint8_t own_mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 1};

struct owner {
	struct mvmp_endpoint *ep;
	uint64_t now, random;
};

static int swallow(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel, uint8_t *frame,
	size_t len)
{
	if (len < MVMP_HEADER_LEN || len > MVMP_FRAME_MAX)
		abort();
	return 0;
}

static uint64_t wall_s(void *ctx)
{
	return BELIEVER_NOW_S;
}

/* The same numbers in every run, so that inputs can name indexes. */
static void count(void *ctx, void *to, size_t len)
{
	struct owner *owner = ctx;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)(owner->random++ * 37 + 1);
}

/* Answers each message with itself. */
static void echo(void *ctx, const struct mvmp_event *event)
{
	struct owner *owner = ctx;

	if (event->type == MVMP_EVENT_MESSAGE)
		mvmp_endpoint_send(owner->ep, event->session, event->bytes, event->len, owner->now);
}

static void feed(struct owner *owner, struct mvmp_reader *r)
{
	uint8_t how = mvmp_get_u8(r);
	size_t len = mvmp_get_u16(r);
	struct mvmp_addr from = {.mac = {2, 0, 0, 0, 0, how & 4 ? 3 : 2}};

	if (len > r->left)
		len = r->left;
	if (how & 2) {
		owner->now += STEP_NS;
		mvmp_endpoint_advance(owner->ep, owner->now);
	}
	mvmp_endpoint_receive(owner->ep, &from, how & 1 ? MVMP_STATS : MVMP_CONTROL,
		mvmp_get_view(r, len), len, owner->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mvmp_addr peer = {.mac = {2, 0, 0, 0, 0, 2}};
	struct mvmp_link link = {.mtu = 1500, .has_macs = true};
	struct owner owner = {.now = STEP_NS};
	struct mvmp_identity identity;
	struct mvmp_endpoint_config config = {
		.identity = &identity,
		.env = {&owner, swallow, count, wall_s, echo},
		.sessions_max = 4,
		.half_open_max = 4,
		.answer_probes = true,
	};

	believer_identity(&identity, MVMP_ROLE_NODE | MVMP_ROLE_OBSERVER, own_mac);
	memcpy(link.mac, own_mac, sizeof own_mac);
	if (mvmp_endpoint_new(&config, owner.now, &owner.ep, NULL) ||
		mvmp_endpoint_set_link(owner.ep, 0, &link))
		abort();
	if (mvmp_get_u8(&r) & 1)
		mvmp_endpoint_connect(
			owner.ep, &peer, NULL, 0, owner.now + 5ull * STEP_NS, owner.now);
	while (r.left && !r.bad)
		feed(&owner, &r);
	mvmp_endpoint_advance(owner.ep, owner.now + STEP_NS);
	mvmp_endpoint_free(owner.ep);
	return 0;
}
