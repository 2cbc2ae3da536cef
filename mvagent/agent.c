/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVAL_MS = 10000, ADVANCE_MS = 1000, RETRY_MS = 1000 };

static const struct {
	enum mvmp_verb verb;
	mva_verb_handler *handler;
} verbs[] = {
	{MVMP_VERB_PING, mva_verb_ping},
	{MVMP_VERB_SAMPLE_READ, mva_verb_sample_read},
	{MVMP_VERB_SUBSCRIBE, mva_verb_subscribe},
	{MVMP_VERB_UNSUBSCRIBE, mva_verb_unsubscribe},
	{MVMP_VERB_RING_READ, mva_verb_ring_read},
	{MVMP_VERB_PERF_READ, mva_verb_perf_read},
	{MVMP_VERB_PERF_RESET, mva_verb_perf_reset},
	{MVMP_VERB_AUDIT_READ, mva_verb_audit_read},
	{MVMP_VERB_OPERATION_READ, mva_verb_operation_read},
	{MVMP_VERB_DRIFT_READ, mva_verb_drift_read},
	{MVMP_VERB_PIN, mva_verb_pin},
};

void mva_answer(
	struct mva_agent *agent, mvmp_call call, const ProtobufCMessage *message, uint64_t now)
{
	size_t len = message ? protobuf_c_message_get_packed_size(message) : 0;
	uint8_t small[512]; /* what was done can be told without memory */
	uint8_t *large = len > sizeof small ? malloc(len) : NULL;
	uint8_t *body = !len ? NULL : len > sizeof small ? large : small;
	struct mvmp_error err = {.status = MVMP_OK};

	if (len > MVMP_MESSAGE_MAX - 1024) {
		mvmp_fail(&err, MVMP_TOO_LARGE, "the answer would be %zu bytes long, at most %d go",
			len, MVMP_MESSAGE_MAX);
		mvmp_hint(&err, "ask for less: fewer kinds, or one domain");
	} else if (len && !body) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	}
	if (body && !err.status)
		protobuf_c_message_pack(message, body);
	agent->env.answer(
		agent->env.ctx, call, &err, err.status ? NULL : body, err.status ? 0 : len, now);
	free(large);
}

void mva_refuse(struct mva_agent *agent, mvmp_call call, const struct mvmp_error *err, uint64_t now)
{
	agent->env.answer(agent->env.ctx, call, err, NULL, 0, now);
}

void mva_refuse_body(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_error err;

	if (agent->starved)
		mvmp_fail(&err, MVMP_NO_MEMORY, "%s has no memory for %s now", agent->node,
			request->verb->name);
	else
		mvmp_fail(&err, MVMP_INVALID, "the arguments of %s are malformed",
			request->verb->name);
	mva_refuse_change(agent, request, &err, now);
}

void mva_refuse_change(struct mva_agent *agent, const struct mvmp_request *request,
	const struct mvmp_error *err, uint64_t now)
{
	mva_refuse(agent, request->call, err, now);
	mva_agent_refused(agent, request->caller, request->verb, err, now);
}

void mva_agent_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct mva_agent *agent = ctx;

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (verbs[i].verb != request->verb->verb)
			continue;
		agent->starved = false;
		verbs[i].handler(agent, request, now);
		mva_agent_save(agent, now);
		return;
	}
	agent->env.member_verb(agent->env.ctx, request, now);
}

void mva_agent_refused(struct mva_agent *agent, const struct mvmp_cert *caller,
	const struct mvmp_verb_info *verb, const struct mvmp_error *why, uint64_t now)
{
	if (!verb->mutates && verb->verb != MVMP_VERB_CERTIFICATE_INSTALL)
		return;
	mva_audit_refused(agent->audit,
		&(struct mva_audit_entry){.wall_ns = agent->env.wall_ns(agent->env.ctx),
			.serial = caller->serial,
			.who = caller->name,
			.verb = verb->name,
			.result = mvmp_status_name(why->status),
			.text = why->text});
	mva_agent_save(agent, now);
}

void mva_agent_identity_changed(struct mva_agent *agent, const struct mvmp_cert *from,
	enum mvmp_verb verb, const char *what, uint64_t now)
{
	mva_audit_add(agent->audit,
		&(struct mva_audit_entry){.wall_ns = agent->env.wall_ns(agent->env.ctx),
			.serial = from->serial,
			.who = from->name,
			.verb = mvmp_verb_info(verb)->name,
			.arguments = what,
			.result = mvmp_status_name(MVMP_OK)});
	mva_agent_save(agent, now);
}

void mva_agent_session_down(struct mva_agent *agent, mvmp_session session)
{
	mva_subscriptions_drop_session(&agent->subscriptions, session);
}

void mva_agent_save(struct mva_agent *agent, uint64_t now)
{
	bool dirty = mva_journal_dirty(agent->journal) || mva_audit_dirty(agent->audit) ||
		     mva_wishes_dirty(&agent->wishes);

	if (agent->saving || !dirty || now < agent->retry_ns)
		return;
	agent->saving = true;
	agent->batch_number++;
	mva_batch_reset(&agent->batch);
	mva_wishes_save(&agent->wishes, &agent->batch);
	mva_audit_save(agent->audit, &agent->batch);
	mva_journal_save(agent->journal, &agent->batch); /* last: it says that the rest is there */
	agent->env.commit(agent->env.ctx, &agent->batch);
}

void mva_agent_committed(struct mva_agent *agent, int rc, uint64_t now)
{
	uint64_t batch = agent->batch_number - 1;

	if (!agent->saving)
		return;
	mva_wishes_saved(&agent->wishes, rc);
	mva_audit_saved(agent->audit, rc);
	mva_journal_saved(agent->journal, rc);
	agent->retry_ns = rc ? now + RETRY_MS * MVMP_NS_PER_MS : 0;
	mva_operations_saved(agent, batch, rc, now);
	agent->saving = false;
	mva_agent_save(agent, now);
}

static void own_sample(struct mva_agent *agent, uint64_t now)
{
	struct mva_shot *shot;

	if (now < agent->ring_next_ns)
		return;
	agent->ring_next_ns = (now / agent->ring_ns + 1) * agent->ring_ns;
	shot = mva_sampler_take(&agent->sampler, MVA_KINDS_ALL, now);
	if (!shot)
		return;
	mva_ring_add(agent->ring, &shot->sample);
	mva_reapply_observe(agent, &shot->sample);
	mva_shot_release(shot);
}

void mva_agent_advance(struct mva_agent *agent, uint64_t now)
{
	if (now >= agent->advance_next_ns) {
		agent->advance_next_ns = now + ADVANCE_MS * MVMP_NS_PER_MS;
		agent->backend->ops->advance(agent->backend);
	}
	own_sample(agent, now);
	mva_transmit_due(agent, now);
	mva_reads_advance(agent, now);
	mva_operations_advance(agent, now);
	mva_transmit_turn(agent, now);
	mva_agent_save(agent, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t mva_agent_deadline(const struct mva_agent *agent)
{
	uint64_t at = earlier(agent->advance_next_ns, agent->ring_next_ns);

	at = earlier(at, mva_subscriptions_deadline(&agent->subscriptions));
	at = earlier(at, mva_reads_deadline(agent));
	at = earlier(at, mva_operations_deadline(&agent->operations));
	if (agent->transmit.busy)
		at = earlier(at, agent->transmit.turn_ns);
	return at;
}

/* Who reads the audit log must know that something is missing. */
static void note_damage(struct mva_agent *agent, const char *text)
{
	if (!text)
		return;
	mva_audit_add(agent->audit,
		&(struct mva_audit_entry){.wall_ns = agent->env.wall_ns(agent->env.ctx),
			.who = agent->node,
			.verb = "start",
			.arguments = text,
			.result = mvmp_status_name(MVMP_IO)});
	if (agent->config.warn)
		agent->config.warn(agent->env.ctx, text);
}

/* Files are named without their path; who starts the agent wants to know where to look. */
static int name_path(const struct mva_agent *agent, struct mvmp_error *err)
{
	struct mvmp_error was = *err;

	if (agent->config.state)
		mvmp_fail(err, was.status, "in %s: %.200s", agent->config.state, was.text);
	return -(int)was.status;
}

static int open_state(struct mva_agent *agent, struct mvmp_error *err)
{
	int rc = mva_journal_open(
		agent->config.disk, NULL, agent->env.wall_ns(agent->env.ctx), &agent->journal, err);

	if (!rc)
		rc = mva_wishes_load(&agent->wishes, agent->config.disk, err);
	if (rc)
		return name_path(agent, err);
	agent->audit = mva_audit_new(agent->config.disk, 0);
	agent->ring = mva_ring_new(
		(unsigned)(MVA_RING_SECONDS * MVMP_NS_PER_S / agent->ring_ns), MVA_RING_BYTES);
	if (!agent->audit || !agent->ring)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	note_damage(agent, mva_journal_damage(agent->journal));
	note_damage(agent, mva_wishes_damage(&agent->wishes));
	return 0;
}

static int open_backend(struct mva_agent *agent, struct mvmp_error *err)
{
	struct mva_backend_env env = {.ctx = agent->env.ctx,
		.priv = agent->config.priv,
		.mono_ns = agent->env.mono_ns,
		.wall_ns = agent->env.wall_ns,
		.node = agent->node,
		.options = agent->config.backend_options};

	return agent->config.backend->open(&env, &agent->backend, err);
}

static void *message_alloc(void *ctx, size_t size)
{
	struct mva_agent *agent = ctx;
	void *memory = malloc(size);

	agent->starved |= !memory;
	return memory;
}

static void message_free(void *ctx, void *memory)
{
	free(memory);
}

int mva_agent_new(const struct mva_agent_config *config, uint64_t now, struct mva_agent **ret,
	struct mvmp_error *err)
{
	struct mva_agent *agent = calloc(1, sizeof *agent);
	unsigned interval_ms = config->interval_ms ? config->interval_ms : INTERVAL_MS;
	int rc;

	if (!agent)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	agent->config = *config;
	agent->env = config->env;
	snprintf(agent->node, sizeof agent->node, "%s", config->node);
	agent->ring_ns = interval_ms * MVMP_NS_PER_MS;
	agent->batch_number = 1;
	agent->allocator = (ProtobufCAllocator){message_alloc, message_free, agent};
	rc = open_backend(agent, err);
	if (!rc)
		rc = open_state(agent, err);
	if (rc) {
		mva_agent_free(agent);
		return rc;
	}
	agent->sampler.backend = agent->backend;
	agent->sampler.wall_ns = agent->env.wall_ns;
	agent->sampler.ctx = agent->env.ctx;
	memcpy(agent->sampler.host_boot, config->host_boot, MVMP_ID_LEN);
	memcpy(agent->sampler.instance, config->instance, MVMP_ID_LEN);
	*ret = agent;
	return 0;
}

void mva_agent_free(struct mva_agent *agent)
{
	if (!agent)
		return;
	if (agent->backend)
		agent->backend->ops->close(agent->backend);
	mva_transmit_clear(&agent->transmit);
	mva_subscriptions_clear(&agent->subscriptions);
	mva_baselines_clear(&agent->baselines);
	mva_operations_clear(&agent->operations);
	mva_wishes_clear(&agent->wishes);
	mva_audit_free(agent->audit);
	mva_journal_close(agent->journal);
	mva_ring_free(agent->ring);
	mva_batch_free(&agent->batch);
	mva_sampler_clear(&agent->sampler);
	free(agent);
}

struct mva_backend *mva_agent_backend(struct mva_agent *agent)
{
	return agent->backend;
}

bool mva_agent_saving(const struct mva_agent *agent)
{
	return agent->saving;
}
