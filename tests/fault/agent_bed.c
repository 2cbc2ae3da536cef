/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_bed.h"
#include <fcntl.h>

struct bed bed;
const struct mva_backend_ops *bed_backend = &mva_backend_null;
const char *bed_options;

static uint64_t mono_ns(void *ctx)
{
	return bed.now;
}

static uint64_t wall_ns(void *ctx)
{
	return bed.now + 1000000 * MVMP_NS_PER_S;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	if (call != bed.call)
		return;
	assert_int_equal(bed.answers, 0); /* exactly one */
	assert_true(len <= sizeof bed.body);
	bed.answers++;
	bed.error = err ? *err : (struct mvmp_error){.status = MVMP_OK};
	bed.len = len;
	if (len)
		memcpy(bed.body, body, len);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return 1400;
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	bed.frames++;
	return 0;
}

static void commit(void *ctx, struct mva_batch *batch)
{
	mva_agent_committed(bed.agent, mva_batch_run(batch, bed.disk), bed.now);
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	fail();
}

void bed_make(const char *path)
{
	memset(&bed, 0, sizeof bed);
	bed.now = 1000 * MVMP_NS_PER_S;
	bed.below = path ? mva_disk_posix(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
			 : mva_disk_memory();
	assert_non_null(bed.below);
	bed.disk = path ? bed.below : fault_disk(bed.below);
}

int bed_start(struct mvmp_error *err)
{
	struct mva_agent_config config = {
		.env = {.mono_ns = mono_ns,
			.wall_ns = wall_ns,
			.answer = answer,
			.stats_room = stats_room,
			.send_stats = send_stats,
			.commit = commit,
			.member_verb = member_verb},
		.backend = bed_backend,
		.backend_options = bed_options,
		.node = "r1-n01",
		.disk = bed.disk,
	};

	return mva_agent_new(&config, bed.now, &bed.agent, err);
}

void bed_begin(void)
{
	struct mvmp_error err = {0};

	if (bed_start(&err))
		fail_msg("no start: %s", err.text);
}

unsigned bed_pins(void)
{
	bool null = bed.agent && bed_backend == &mva_backend_null;

	return bed.pins + (null ? null_backend_script(mva_agent_backend(bed.agent))->pins : 0);
}

void bed_kill(bool power)
{
	bed.pins = bed_pins();
	mva_agent_free(bed.agent);
	bed.agent = NULL;
	if (power)
		mva_disk_memory_power_cut(bed.below, 0);
	bed.now += MVMP_NS_PER_S;
}

void bed_remove(void)
{
	mva_agent_free(bed.agent);
	bed.disk->ops->close(bed.disk);
}

void bed_run(unsigned ms)
{
	uint64_t until = bed.now + ms * MVMP_NS_PER_MS;

	for (;;) {
		uint64_t at = mva_agent_deadline(bed.agent);

		if (at > until)
			break;
		bed.now = at > bed.now ? at : bed.now;
		mva_agent_advance(bed.agent, bed.now);
	}
	bed.now = until;
}

void bed_ask(enum mvmp_verb verb, const ProtobufCMessage *body, const uint8_t *operation)
{
	static const struct mvmp_cert caller = {.serial = BED_SERIAL, .name = "ada"};
	static uint8_t bytes[4096];
	struct mvmp_request request = {.call = ++bed.call,
		.session = BED_SESSION,
		.verb = mvmp_verb_info(verb),
		.caller = &caller,
		.operation = operation,
		.deadline_ms = 3000,
		.body = bytes,
		.body_len = body ? protobuf_c_message_pack(body, bytes) : 0};

	bed.answers = 0;
	bed.len = 0;
	mva_agent_request(bed.agent, &request, bed.now);
}

void bed_pin(uint8_t n, const char *cpus)
{
	Mvmp__Pin body = MVMP__PIN__INIT;
	uint8_t id[MVMP_ID_LEN] = {0, 0, 0, 0, 0, 100, [15] = n};

	body.domain = (char *)"null-01";
	body.cpus = (char *)(uintptr_t)cpus;
	bed_ask(MVMP_VERB_PIN, &body.base, id);
}
