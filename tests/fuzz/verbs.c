/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <agent.h>
#include <disk_memory.h>
#include <stdlib.h>
#include <string.h>

/* The first byte is the verb, the rest its body, asked of an agent over the null backend: each
 * request is answered exactly once by its deadline. */

struct fuzz_agent {
	uint64_t now;
	struct mva_agent *agent;
	struct mva_batch *batch;
	unsigned answers;
};

static uint64_t now_of(void *ctx)
{
	struct fuzz_agent *f = ctx;

	return f->now;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct fuzz_agent *f = ctx;

	if (call != 1 || (err && (unsigned)err->status >= MVMP_STATUS_COUNT))
		abort();
	f->answers++;
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return 1400;
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	return len > 1400 ? -1 : 0;
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct fuzz_agent *f = ctx;

	f->batch = batch;
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	answer(ctx, request->call, NULL, NULL, 0, now);
}

static void pass(struct fuzz_agent *f, struct mva_disk *disk)
{
	for (unsigned i = 0; i < 8; i++) {
		struct mva_batch *batch = f->batch;

		f->now += 200 * MVMP_NS_PER_MS;
		f->batch = NULL;
		if (batch)
			mva_agent_committed(f->agent, mva_batch_run(batch, disk), f->now);
		mva_agent_advance(f->agent, f->now);
	}
}

static void ask(struct fuzz_agent *f, const uint8_t *bytes, size_t len)
{
	static const uint8_t operation[MVMP_ID_LEN] = {1, 2, 3};
	struct mvmp_cert caller = {.name = "fuzz", .serial = 1, .roles = MVMP_ROLES_ALL};
	const struct mvmp_verb_info *verb = mvmp_verb_info(bytes[0]);
	struct mvmp_request request = {.call = 1,
		.session = 1,
		.verb = verb,
		.caller = &caller,
		.operation = verb->mutates ? operation : NULL,
		.deadline_ms = 1000,
		.body = bytes + 1,
		.body_len = len - 1};

	mva_agent_request(f->agent, &request, f->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_agent f = {.now = MVMP_NS_PER_S};
	struct mva_disk *disk = mva_disk_memory();
	struct mva_agent_config config = {
		.env = {&f, now_of, now_of, answer, stats_room, send_stats, commit, member_verb},
		.backend = &mva_backend_null,
		.node = "n1",
		.disk = disk};

	if (len && mvmp_verb_info(bytes[0]) && mvmp_verb_info(bytes[0])->asked & MVMP_ROLE_NODE &&
		!mva_agent_new(&config, f.now, &f.agent, NULL)) {
		ask(&f, bytes, len);
		pass(&f, disk);
		if (f.answers != 1)
			abort();
		mva_agent_free(f.agent);
	}
	disk->ops->close(disk);
	return 0;
}
