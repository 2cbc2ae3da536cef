/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AGE_DEFAULT_MS = 1000,
};

static const uint64_t rate_ns = MVA_RATE_MS * MVMP_NS_PER_MS;

/* UUID of a domain by name or domid; false when no domain is called so. */
static bool resolve(const struct mvmp_sample *sample, const char *text, uint8_t uuid[static 16])
{
	const struct mvmp_records *domains = &sample->kind[MVMP_DOMAIN];
	char id[24];

	for (uint32_t i = 0; i < domains->count; i++) {
		const struct mvmp_record *r = &domains->at[i];

		snprintf(id, sizeof id, "%llu", (unsigned long long)r->value[MVMP_D_ID]);
		if (strcmp(r->text[MVMP_DT_NAME], text) != 0 &&
			(!mvmp_has(r, MVMP_D_ID) || strcmp(id, text) != 0))
			continue;
		memcpy(uuid, r->key.domain, MVMP_ID_LEN);
		return true;
	}
	return !mvmp_uuid_parse(uuid, text);
}

/* The part of a shot that was asked for; the caller holds it. */
static struct mva_shot *narrow(
	struct mva_agent *agent, struct mva_shot *shot, const uint8_t uuid[static MVMP_ID_LEN])
{
	struct mva_shot *own = mva_sampler_blank(&agent->sampler);

	if (own && mva_sample_filter(
			   &own->sample, &shot->sample, (const uint8_t(*)[MVMP_ID_LEN])uuid, 1)) {
		mva_shot_release(own);
		return NULL;
	}
	return own;
}

static int pack(struct mva_agent *agent, struct mva_frames *frames, struct mva_shot *shot,
	const struct mva_read *read)
{
	struct mva_shot *part =
		read->by_domain ? narrow(agent, shot, read->domain) : mva_shot_hold(shot);
	int rc = part ? mva_frames_pack(frames, &part->sample, read->kinds, read->texts) : -ENOMEM;

	mva_shot_release(part);
	return rc;
}

static void refuse_pack(struct mva_agent *agent, const struct mva_read *read, int rc, uint64_t now)
{
	struct mvmp_error err;

	if (rc == -EMSGSIZE) {
		mvmp_fail(&err, MVMP_TOO_LARGE, "the sample of %s does not fit into one answer",
			agent->node);
		mvmp_hint(&err, "ask for fewer kinds, or for one domain");
	} else {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	}
	mva_refuse(agent, read->call, &err, now);
}

static void send(struct mva_agent *agent, const struct mva_read *read, struct mva_shot *shot,
	struct mva_shot *previous, uint64_t now)
{
	Mvmp__SampleAnswer message = MVMP__SAMPLE_ANSWER__INIT;
	struct mva_frames frames = {0}, before = {0};
	Mvmp__Capability *items = NULL;
	int rc = pack(agent, &frames, shot, read);

	if (!rc && previous)
		rc = pack(agent, &before, previous, read);
	if (!rc && mva_capabilities(agent, &message, &items))
		rc = -ENOMEM;
	if (rc) {
		refuse_pack(agent, read, rc, now);
	} else {
		message.n_frame = frames.count;
		message.frame = frames.at;
		message.n_previous = before.count;
		message.previous = before.at;
		message.node = agent->node;
		mva_answer(agent, read->call, &message.base, now);
	}
	free(message.capability);
	free(items);
	mva_frames_clear(&frames);
	mva_frames_clear(&before);
}

/* Finds the domain that was named; false when it was refused. */
static bool find_domain(
	struct mva_agent *agent, struct mva_read *read, struct mva_shot *shot, uint64_t now)
{
	struct mvmp_error err;

	if (!read->domain_name[0])
		return true;
	read->by_domain = resolve(&shot->sample, read->domain_name, read->domain);
	if (read->by_domain)
		return true;
	mvmp_fail(&err, MVMP_NOT_FOUND, "%s has no domain %s", agent->node, read->domain_name);
	mvmp_hint(&err, "see: mvctl -n %s show domains", agent->node);
	mva_refuse(agent, read->call, &err, now);
	return false;
}

static void keep_waiting(
	struct mva_agent *agent, const struct mva_read *read, struct mva_shot *shot, uint64_t now)
{
	for (unsigned i = 0; i < MVA_READS_MAX; i++) {
		if (agent->read[i].call)
			continue;
		agent->read[i] = *read;
		agent->read[i].at = now + rate_ns;
		agent->reads++;
		return;
	}
	send(agent, read, shot, NULL, now); /* better one sample than none */
}

/* A whole sample not older than asked; the caller holds it. */
static struct mva_shot *fresh(struct mva_agent *agent, uint32_t max_age_ms, uint64_t now)
{
	uint64_t age_ms = max_age_ms ? max_age_ms : AGE_DEFAULT_MS;

	if (age_ms < MVA_READ_AGE_MIN_MS)
		age_ms = MVA_READ_AGE_MIN_MS;
	return mva_sampler_recent(&agent->sampler, MVA_KINDS_ALL, age_ms * MVMP_NS_PER_MS, now);
}

static void refuse_sample(struct mva_agent *agent, mvmp_call call, uint64_t now)
{
	struct mvmp_error err;

	mvmp_fail(&err, MVMP_FAILED, "%s could not be sampled", agent->node);
	mva_refuse(agent, call, &err, now);
}

static void serve(struct mva_agent *agent, struct mva_read *read, bool wants_previous,
	uint32_t max_age_ms, uint64_t now)
{
	struct mva_shot *shot = fresh(agent, max_age_ms, now), *previous;

	if (!shot) {
		refuse_sample(agent, read->call, now);
		return;
	}
	previous = wants_previous ? mva_sampler_before(&agent->sampler, shot) : NULL;
	if (!find_domain(agent, read, shot, now))
		;
	else if (wants_previous && !previous)
		keep_waiting(agent, read, shot, now);
	else
		send(agent, read, shot, previous, now);
	mva_shot_release(previous);
	mva_shot_release(shot);
}

void mva_verb_sample_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__SampleRead *body =
		mvmp__sample_read__unpack(&agent->allocator, request->body_len, request->body);
	struct mva_read read = {.call = request->call};

	if (!body || (body->domain.len && body->domain.len != MVMP_ID_LEN) ||
		strlen(body->domain_name) >= MVMP_TEXT_LEN) {
		mva_refuse_body(agent, request, now);
	} else {
		read.kinds = body->kinds & MVA_KINDS_ALL;
		read.texts = body->texts;
		read.by_domain = body->domain.len > 0;
		if (read.by_domain)
			memcpy(read.domain, body->domain.data, MVMP_ID_LEN);
		snprintf(read.domain_name, sizeof read.domain_name, "%s", body->domain_name);
		serve(agent, &read, body->previous, body->max_age_ms, now);
	}
	if (body)
		mvmp__sample_read__free_unpacked(body, &agent->allocator);
}

void mva_reads_advance(struct mva_agent *agent, uint64_t now)
{
	for (unsigned i = 0; agent->reads && i < MVA_READS_MAX; i++) {
		struct mva_read read = agent->read[i];
		struct mva_shot *shot, *previous;

		if (!read.call || read.at > now)
			continue;
		agent->read[i].call = 0;
		agent->reads--;
		shot = mva_sampler_take(&agent->sampler, MVA_KINDS_ALL, now);
		previous = shot ? mva_sampler_before(&agent->sampler, shot) : NULL;
		if (shot)
			send(agent, &read, shot, previous, now);
		else
			refuse_sample(agent, read.call, now);
		mva_shot_release(previous);
		mva_shot_release(shot);
	}
}

uint64_t mva_reads_deadline(const struct mva_agent *agent)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; agent->reads && i < MVA_READS_MAX; i++) {
		if (agent->read[i].call && agent->read[i].at < at)
			at = agent->read[i].at;
	}
	return at;
}
