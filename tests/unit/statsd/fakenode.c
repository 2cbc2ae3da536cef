/* SPDX-License-Identifier: Apache-2.0 */
#include "fakenode.h"
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mono_of(const struct fake_node *node)
{
	return node->member->world->now - node->mono_base;
}

static void make_sample(struct fake_node *node, uint64_t mono_ns, struct mvmp_sample *sample)
{
	struct mvmp_record *r;

	memset(sample, 0, sizeof *sample);
	sample->number = mono_ns / MVMP_NS_PER_S;
	sample->mono_ns = mono_ns;
	sample->wall_ns = node->wall_ns + mono_ns;
	sample->kinds = 1u << MVMP_NODE | 1u << MVMP_DOMAIN | 1u << MVMP_VIF;
	memcpy(sample->instance, node->instance, MVMP_ID_LEN);
	memcpy(sample->host_boot, node->member->host_boot, MVMP_ID_LEN);
	r = mvmp_sample_add(sample, MVMP_NODE);
	mvmp_set(r, MVMP_N_DOMAINS, 1);
	mvmp_set(r, MVMP_N_MEM_TOTAL, 4000);
	mvmp_set(r, MVMP_N_MEM_AVAILABLE, 1000);
	mvmp_set(r, MVMP_N_USER, mono_ns / 4);
	mvmp_set(r, MVMP_N_SYSTEM, 0);
	mvmp_set(r, MVMP_N_IDLE, mono_ns / 4 * 3);
	mvmp_set_text(r, MVMP_NT_BACKEND, "fake");
	r = mvmp_sample_add(sample, MVMP_DOMAIN);
	memcpy(r->key.domain, node->domain, MVMP_ID_LEN);
	r->incarnation = node->incarnation;
	r->age_ns = node->age_ns;
	mvmp_set_text(r, MVMP_DT_NAME, node->domain_name);
	mvmp_set(r, MVMP_D_ID, 7);
	r = mvmp_sample_add(sample, MVMP_VIF);
	memcpy(r->key.domain, node->domain, MVMP_ID_LEN);
	r->incarnation = node->incarnation;
	r->quality = node->unmeasured ? MVMP_LAST_GOOD : MVMP_FRESH;
	if (!node->unmeasured)
		mvmp_set(r, MVMP_I_RX_BYTES, mono_ns / 1000000);
}

static size_t pack(struct fake_node *node, uint64_t mono_ns, struct mvmp_stats_head *head,
	uint8_t *out, size_t room)
{
	struct mvmp_stats_cursor cursor = {.kinds = UINT32_MAX, .texts = true};
	struct mvmp_sample sample;
	int len;

	make_sample(node, mono_ns, &sample);
	cursor.sample = &sample;
	len = mvmp_stats_pack(&cursor, head, out, room);
	mvmp_sample_free(&sample);
	return len > 0 ? (size_t)len : 0;
}

static void answer(
	struct fake_node *node, mvmp_call call, const ProtobufCMessage *message, uint64_t now)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(len + 1);

	if (!bytes)
		abort();
	protobuf_c_message_pack(message, bytes);
	mvmp_server_answer(node->server, call, NULL, bytes, len, now);
	free(bytes);
}

static void answer_sample(struct fake_node *node, mvmp_call call, uint64_t now)
{
	Mvmp__SampleAnswer message = MVMP__SAMPLE_ANSWER__INIT;
	struct mvmp_stats_head head = {0};
	ProtobufCBinaryData frame;
	uint8_t bytes[2048];

	frame.data = bytes;
	frame.len = pack(node, mono_of(node), &head, bytes, sizeof bytes);
	message.n_frame = 1;
	message.frame = &frame;
	answer(node, call, &message.base, now);
}

static void send_frame(struct fake_node *node, uint64_t number, bool backfill, uint64_t now)
{
	struct mvmp_stats_head head = {
		.subscription = 1, .interval_ms = 1000, .backfill = backfill};
	uint8_t bytes[1024];
	size_t len;

	head.sequence = backfill ? 0 : ++node->sequence;
	len = pack(node, number * MVMP_NS_PER_S, &head, bytes,
		mvmp_endpoint_stats_room(node->member->ep, node->session));
	mvmp_endpoint_send_stats(node->member->ep, node->session, bytes, len, now);
}

static void answer_ring(struct fake_node *node, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__RingRead *read = mvmp__ring_read__unpack(NULL, request->body_len, request->body);

	for (uint64_t n = node->ring_from; read && n <= mono_of(node) / MVMP_NS_PER_S; n++) {
		uint64_t wall = node->wall_ns + n * MVMP_NS_PER_S;

		if (wall >= read->from_wall_ns && wall <= read->to_wall_ns)
			send_frame(node, n, true, now);
	}
	if (read)
		mvmp__ring_read__free_unpacked(read, NULL);
	mvmp_server_answer(node->server, request->call, NULL, NULL, 0, now);
}

static void handle(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__SubscribeAnswer subscribed = MVMP__SUBSCRIBE_ANSWER__INIT;
	struct fake_node *node = ctx;

	switch (request->verb->verb) {
	case MVMP_VERB_SAMPLE_READ:
		node->reads++;
		answer_sample(node, request->call, now);
		break;
	case MVMP_VERB_SUBSCRIBE:
		node->subscribes++;
		if (node->session != request->session)
			node->sequence = 0;
		node->session = request->session;
		node->sent = mono_of(node) / MVMP_NS_PER_S;
		subscribed.interval_ms = 1000;
		answer(node, request->call, &subscribed.base, now);
		break;
	case MVMP_VERB_RING_READ:
		node->rings++;
		answer_ring(node, request, now);
		break;
	default:
		mvmp_server_answer(node->server, request->call, NULL, NULL, 0, now);
		break;
	}
}

static void hook(struct test_node *member, const struct mvmp_event *event)
{
	struct fake_node *node = member->ctx;

	if (event->type == MVMP_EVENT_SESSION_DOWN && event->session == node->session)
		node->session = 0;
	mvmp_server_event(node->server, event, member->world->now);
}

static void serve(struct fake_node *node)
{
	test_random_bytes(&node->member->world->random, node->instance, MVMP_ID_LEN);
	if (mvmp_server_new(node->member->ep, MVMP_ROLE_NODE, handle, node, 0, &node->server))
		abort();
}

void fake_node_start(struct fake_node *node, struct test_node *member)
{
	memset(node, 0, sizeof *node);
	node->member = member;
	node->domain[0] = 0xd0;
	node->domain_name = "web-07";
	node->wall_ns = 1500000000 * MVMP_NS_PER_S; /* years off */
	node->ring_from = UINT64_MAX;
	member->ctx = node;
	member->hook = hook;
	serve(node);
}

void fake_node_kill(struct fake_node *node)
{
	mvmp_server_free(node->server);
	node->server = NULL;
	test_node_kill(node->member);
	node->session = 0;
}

void fake_node_again(struct fake_node *node)
{
	test_node_start(node->member);
	serve(node);
}

void fake_node_send_ring(struct fake_node *node, uint64_t number)
{
	send_frame(node, number, true, node->member->world->now);
}

void fake_node_run(struct fake_node *node)
{
	uint64_t number = mono_of(node) / MVMP_NS_PER_S;

	if (!node->session || node->silent || number <= node->sent)
		return;
	node->sent = number;
	send_frame(node, number, false, node->member->world->now);
}
