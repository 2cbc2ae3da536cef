/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PIN_ANSWER_MAX: three sets of CPUs, a name, and small fields. */
enum { CPUS_TEXT = 4096, PIN_ANSWER_MAX = 3 * CPUS_TEXT + 1024 };

/* What the backend is told, and what the answer needs. */
struct pinning {
	struct mva_agent *agent;
	struct mva_operation *op; /* NULL: a dry run */
	mvmp_call call;		  /* of a dry run */
	uint64_t begun;
	struct mva_pin pin;
	uint8_t body[PIN_ANSWER_MAX]; /* what was applied must not lack memory to be told */
};

/* All that is needed later, so that nothing is begun that cannot be ended. */
static struct pinning *pinning_new(struct mva_agent *agent, uint64_t now)
{
	struct pinning *p = calloc(1, sizeof *p);

	if (!p || mva_wishes_reserve(&agent->wishes, MVA_OPERATIONS_MAX + 1)) {
		free(p);
		return NULL;
	}
	p->agent = agent;
	p->begun = now;
	return p;
}

static size_t pack_answer(
	struct pinning *p, const struct mva_pin_result *result, uint64_t wish, uint64_t now)
{
	Mvmp__PinAnswer answer = MVMP__PIN_ANSWER__INIT;
	char before[CPUS_TEXT], asked[CPUS_TEXT], after[CPUS_TEXT];
	struct mva_backend *backend = p->agent->backend;
	struct mva_cpuset online = {0};

	backend->ops->online(backend, &online);
	answer.domain = (ProtobufCBinaryData){MVMP_ID_LEN, (uint8_t *)result->uuid};
	answer.domain_name = (char *)result->name;
	answer.vcpu = p->pin.vcpu;
	answer.before = mva_cpuset_text_any(before, sizeof before, &result->before, &online);
	answer.asked = mva_cpuset_text_any(
		asked, sizeof asked, p->pin.any ? &online : &p->pin.cpus, &online);
	answer.after = mva_cpuset_text_any(after, sizeof after, &result->after, &online);
	answer.read_back_ns = now - p->begun;
	answer.wish = wish;
	answer.simulated = backend->ops->simulated;
	return mvmp__pin_answer__pack(&answer, p->body);
}

/* What is to stay so is a wish; to let a vCPU run anywhere ends it. */
static uint64_t keep_wish(struct pinning *p, const struct mva_pin_result *result)
{
	struct mva_agent *agent = p->agent;
	struct mva_wish wish = {.vcpu = p->pin.emulator ? 0 : p->pin.vcpu,
		.emulator = p->pin.emulator,
		.cpus = p->pin.cpus,
		.serial = p->op->intent.serial,
		.wall_ns = p->op->intent.wall_ns,
		.present = true,
		.applied = true};

	memcpy(wish.uuid, result->uuid, MVMP_ID_LEN);
	if (p->pin.any) {
		mva_wishes_forget(&agent->wishes, wish.uuid, wish.vcpu, wish.emulator);
		return 0;
	}
	snprintf(wish.name, sizeof wish.name, "%s", result->name);
	snprintf(wish.who, sizeof wish.who, "%s", p->op->who);
	return mva_wishes_keep(&agent->wishes, &wish);
}

/* A caller may have written a domid or half a truth: the log says which domain it was. */
static void note_domain(struct mva_operation *op, const struct mva_pin_result *result)
{
	char uuid[37];

	snprintf(op->object, sizeof op->object, "%s, %s", result->name,
		mvmp_uuid_text(uuid, result->uuid));
}

static void pinned(void *ctx, const struct mvmp_error *err, const struct mva_pin_result *result)
{
	struct pinning *p = ctx;
	struct mva_agent *agent = p->agent;
	uint64_t now = agent->env.mono_ns(agent->env.ctx);
	bool applied = err->status == MVMP_OK || err->status == MVMP_DRIFT;
	uint64_t wish = applied && p->op ? keep_wish(p, result) : 0;
	size_t len = applied ? pack_answer(p, result, wish, now) : 0;

	if (p->op)
		mva_sampler_invalidate(&agent->sampler);
	if (p->op && result && result->name[0])
		note_domain(p->op, result);
	if (p->op) {
		mva_operation_finish(p->op, err, p->body, len, now); /* frees the pinning with it */
		return;
	}
	agent->env.answer(agent->env.ctx, p->call, err, p->body, len, now);
	free(p);
}

static void apply(struct mva_agent *agent, struct mva_operation *op, uint64_t now)
{
	struct pinning *p = op->arguments;

	p->op = op;
	agent->backend->ops->pin(agent->backend, &p->pin, pinned, p);
}

/* "web-07 vCPU 0" */
static void object_of(char *to, size_t size, const struct mva_pin *pin)
{
	if (pin->emulator)
		snprintf(to, size, "%s emulator", pin->domain);
	else
		snprintf(to, size, "%s vCPU %u", pin->domain, pin->vcpu);
}

static int check_cpus(struct mva_agent *agent, const struct mva_pin *pin, struct mvmp_error *err)
{
	struct mva_cpuset online = {0};
	char object[MVMP_TEXT_LEN + 16], cpus[128];
	int outside;

	agent->backend->ops->online(agent->backend, &online);
	outside = pin->any ? -1 : mva_cpuset_outside(&pin->cpus, &online);
	if (outside < 0)
		return 0;
	object_of(object, sizeof object, pin);
	return mvmp_fail(err, MVMP_INVALID, "cannot pin %s to pCPU %d: %s has pCPUs %s", object,
		outside, agent->node, mva_cpuset_text(cpus, sizeof cpus, &online));
}

static int read_pin(
	struct mva_agent *agent, struct mva_pin *pin, const Mvmp__Pin *body, struct mvmp_error *err)
{
	int rc = 0;

	if (!*body->domain || strlen(body->domain) >= sizeof pin->domain)
		return mvmp_fail(err, MVMP_INVALID,
			"a domain is named by 1 to %zu characters: UUID, name or domid",
			sizeof pin->domain - 1);
	snprintf(pin->domain, sizeof pin->domain, "%s", body->domain);
	pin->vcpu = body->vcpu;
	pin->emulator = body->emulator;
	pin->dry_run = body->dry_run;
	pin->any = !*body->cpus || strcmp(body->cpus, "any") == 0;
	if (!pin->any)
		rc = mva_cpuset_parse(&pin->cpus, body->cpus, err);
	return rc ? rc : check_cpus(agent, pin, err);
}

static void begin(struct mva_agent *agent, const struct mvmp_request *request, struct pinning *p,
	uint64_t now)
{
	char object[MVMP_TEXT_LEN + 16], cpus[40], summary[128];

	if (p->pin.dry_run) {
		p->call = request->call;
		agent->backend->ops->pin(agent->backend, &p->pin, pinned, p);
		return;
	}
	object_of(object, sizeof object, &p->pin);
	if (p->pin.any)
		snprintf(summary, sizeof summary, "unpin %s", object);
	else
		snprintf(summary, sizeof summary, "pin %s to %s", object,
			mva_cpuset_text(cpus, sizeof cpus, &p->pin.cpus));
	mva_operation_begin(agent, request, summary, apply, p, now);
}

void mva_verb_pin(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__Pin *body;
	struct mvmp_error err;
	struct pinning *p;

	if (mva_operation_known(agent, request, now))
		return;
	body = mvmp__pin__unpack(&agent->allocator, request->body_len, request->body);
	p = pinning_new(agent, now);
	agent->starved |= !p;
	if (!body || !p) {
		mva_refuse_body(agent, request, now);
		free(p);
	} else {
		if (read_pin(agent, &p->pin, body, &err)) {
			mva_refuse_change(agent, request, &err, now);
			free(p);
		} else {
			begin(agent, request, p, now);
		}
	}
	if (body)
		mvmp__pin__free_unpacked(body, &agent->allocator);
}
