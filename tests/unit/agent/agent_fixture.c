/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include <stdlib.h>

static uint64_t mono_ns(void *ctx)
{
	return ((struct fixture *)ctx)->now;
}

static uint64_t wall_ns(void *ctx)
{
	return ((struct fixture *)ctx)->now + 1000000 * MVMP_NS_PER_S;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct fixture *f = ctx;
	struct answered *a;

	assert_null(fixture_answer(f, call)); /* exactly one */
	assert_true(f->answers < ANSWERS_MAX);
	a = &f->answer[f->answers++];
	assert_true(len <= sizeof a->body);
	a->call = call;
	a->err = err ? *err : (struct mvmp_error){.status = MVMP_OK};
	a->len = len;
	if (len)
		memcpy(a->body, body, len);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return ((struct fixture *)ctx)->room;
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct fixture *f = ctx;
	struct frame *frame = &f->frame[f->frames++];
	struct mvmp_sample sample = {0};

	assert_true(f->frames <= FRAMES_MAX);
	assert_true(len <= f->room);
	assert_int_equal(mvmp_stats_unpack(bytes, len, &frame->head, &sample), 0);
	frame->session = session;
	frame->number = sample.number;
	frame->wall_ns = sample.wall_ns;
	frame->kinds = sample.kinds;
	frame->nodes = sample.kind[MVMP_NODE].count;
	frame->vcpus = sample.kind[MVMP_VCPU].count;
	frame->names = sample.kind[MVMP_DOMAIN].count &&
		       sample.kind[MVMP_DOMAIN].at[0].text[MVMP_DT_NAME][0];
	frame->at = now;
	mvmp_sample_free(&sample);
	return 0;
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct fixture *f = ctx;

	if (f->hold_commit)
		f->held = batch;
	else
		mva_agent_committed(f->agent, mva_batch_run(batch, f->disk), f->now);
}

void fixture_commit(struct fixture *f)
{
	struct mva_batch *batch = f->held;

	assert_non_null(batch);
	f->held = NULL;
	mva_agent_committed(f->agent, mva_batch_run(batch, f->disk), f->now);
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	fail();
}

static void open_agent(
	struct fixture *f, const struct mva_backend_ops *backend, const char *options)
{
	struct mva_agent_config config = {
		.env = {.ctx = f,
			.mono_ns = mono_ns,
			.wall_ns = wall_ns,
			.answer = answer,
			.stats_room = stats_room,
			.send_stats = send_stats,
			.commit = commit,
			.member_verb = member_verb},
		.backend = backend,
		.backend_options = options,
		.node = "r1-n01",
		.disk = f->disk,
	};
	struct mvmp_error err = {0};

	assert_int_equal(mva_agent_new(&config, f->now, &f->agent, &err), 0);
}

void fixture_start(struct fixture *f, const struct mva_backend_ops *backend, const char *options)
{
	memset(f, 0, sizeof *f);
	f->now = 1000 * MVMP_NS_PER_S;
	f->room = ROOM;
	f->disk = mva_disk_memory();
	assert_non_null(f->disk);
	open_agent(f, backend, options);
}

void fixture_restart(
	struct fixture *f, bool cut, const struct mva_backend_ops *backend, const char *options)
{
	mva_agent_free(f->agent);
	f->agent = NULL;
	f->held = NULL;
	f->answers = 0;
	if (cut)
		mva_disk_memory_power_cut(f->disk, 0);
	f->now += MVMP_NS_PER_S;
	open_agent(f, backend, options);
}

void fixture_end(struct fixture *f)
{
	mva_agent_free(f->agent);
	f->disk->ops->close(f->disk);
}

void fixture_run(struct fixture *f, uint64_t ms)
{
	uint64_t until = f->now + ms * MVMP_NS_PER_MS;

	for (;;) {
		uint64_t at = mva_agent_deadline(f->agent);

		if (at > until)
			break;
		if (at > f->now)
			f->now = at;
		mva_agent_advance(f->agent, f->now);
	}
	f->now = until;
}

mvmp_call fixture_ask(struct fixture *f, mvmp_session session, uint64_t serial, enum mvmp_verb verb,
	const ProtobufCMessage *body, const uint8_t *operation)
{
	struct mvmp_cert caller = {.serial = serial, .name = "ada"};
	size_t len = body ? protobuf_c_message_get_packed_size(body) : 0;
	uint8_t *bytes = malloc(len + 1);
	struct mvmp_request request = {.call = ++f->call,
		.session = session,
		.verb = mvmp_verb_info(verb),
		.caller = &caller,
		.operation = operation,
		.deadline_ms = 1000,
		.body = bytes,
		.body_len = len};

	assert_non_null(bytes);
	if (body)
		protobuf_c_message_pack(body, bytes);
	mva_agent_request(f->agent, &request, f->now);
	free(bytes);
	return request.call;
}

const struct answered *fixture_answer(const struct fixture *f, mvmp_call call)
{
	for (unsigned i = 0; i < f->answers; i++) {
		if (f->answer[i].call == call)
			return &f->answer[i];
	}
	return NULL;
}

enum mvmp_status fixture_status(const struct fixture *f, mvmp_call call)
{
	const struct answered *a = fixture_answer(f, call);

	return a ? a->err.status : MVMP_STATUS_COUNT;
}
