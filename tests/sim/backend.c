/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_agent.h"
#include "stage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINS_MAX = 64, PIN_MOST_US = 1000 };

struct pin_under_way {
	uint64_t at; /* 0: free */
	struct mva_pin pin;
	mva_pin_done *done;
	void *ctx;
};

struct sim_backend {
	struct mva_backend base;
	struct sim_agent *agent;
	struct mva_backend *machine; /* that samples are of; NULL: there are none */
	struct pin_under_way pin[PINS_MAX];
	unsigned pins;
};

static struct sim_backend *backend_of(struct mva_backend *backend)
{
	return (struct sim_backend *)(void *)backend;
}

static int backend_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err)
{
	struct sim_agent *agent = env->ctx;
	struct sim_backend *b = calloc(1, sizeof *b);
	int rc = 0;

	if (!b)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	if (env->options)
		rc = mva_backend_sim.open(env, &b->machine, err);
	if (rc) {
		free(b);
		return rc;
	}
	b->base.ops = &sim_backend_ops;
	b->agent = agent;
	agent->backend = b;
	*ret = &b->base;
	return 0;
}

static void backend_close(struct mva_backend *backend)
{
	struct sim_backend *b = backend_of(backend);

	if (b->machine)
		mva_backend_sim.close(b->machine);
	b->agent->backend = NULL;
	free(b);
}

static int backend_sample(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out)
{
	struct sim_backend *b = backend_of(backend);

	out->simulated = true;
	return b->machine ? mva_backend_sim.sample(b->machine, kinds, out) : 0;
}

static unsigned backend_capabilities(struct mva_backend *backend, const struct mva_capability **ret)
{
	struct sim_backend *b = backend_of(backend);

	*ret = NULL;
	return b->machine ? mva_backend_sim.capabilities(b->machine, ret) : 0;
}

static int backend_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err)
{
	struct sim_backend *b = backend_of(backend);

	if (b->machine)
		return mva_backend_sim.perf(b->machine, domain, arrays, ret, err);
	return mvmp_fail(err, MVMP_UNSUPPORTED, "nothing is counted here but pins");
}

static void backend_online(struct mva_backend *backend, struct mva_cpuset *ret)
{
	*ret = (struct mva_cpuset){.bits = {1}};
}

/* Takes effect at once; the word of it comes a little later, or never if the agent dies. The
 * number of the command stands in the vCPU's place. */
static void backend_pin(
	struct mva_backend *backend, const struct mva_pin *pin, mva_pin_done *done, void *ctx)
{
	struct sim_backend *b = backend_of(backend);
	struct sim_stage *stage = b->agent->member->stage;
	struct pin_under_way *p = b->pin;

	while (p < b->pin + PINS_MAX && p->at)
		p++;
	if (p == b->pin + PINS_MAX || pin->vcpu >= stage->plan.commands)
		abort();
	if (stage->executed[pin->vcpu]++)
		sim_fail(stage, "command %u was executed again, at %s", pin->vcpu,
			b->agent->member->name);
	if (stage->command[pin->vcpu].target != b->agent->member)
		sim_fail(stage, "command %u was executed by %s, which was not asked", pin->vcpu,
			b->agent->member->name);
	*p = (struct pin_under_way){.at = stage->world.now + 1 +
					  test_random(&b->agent->random) % (PIN_MOST_US * 1000ull),
		.pin = *pin,
		.done = done,
		.ctx = ctx};
	b->pins++;
}

static void backend_tick(struct mva_backend *backend)
{
	struct sim_backend *b = backend_of(backend);

	if (b->machine)
		mva_backend_sim.advance(b->machine);
}

const struct mva_backend_ops sim_backend_ops = {
	.name = "counting",
	.simulated = true,
	.open = backend_open,
	.close = backend_close,
	.sample = backend_sample,
	.capabilities = backend_capabilities,
	.perf = backend_perf,
	.online = backend_online,
	.pin = backend_pin,
	.advance = backend_tick,
};

uint64_t sim_backend_deadline(const struct sim_backend *b)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; b->pins && i < PINS_MAX; i++) {
		if (b->pin[i].at && b->pin[i].at < at)
			at = b->pin[i].at;
	}
	return at;
}

void sim_backend_advance(struct sim_backend *b)
{
	for (unsigned i = 0; b->pins && i < PINS_MAX; i++) {
		struct pin_under_way p = b->pin[i];
		struct mvmp_error ok = {.status = MVMP_OK};
		struct mva_pin_result result = {.before.bits = {1}, .after.bits = {1}};

		if (!p.at || p.at > b->agent->member->node->world->now)
			continue;
		b->pin[i].at = 0;
		b->pins--;
		snprintf(result.name, sizeof result.name, "%.30s", p.pin.domain);
		p.done(p.ctx, &ok, &result);
	}
}
