/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim *sim_of(struct mva_backend *backend)
{
	return (struct sim *)(void *)backend;
}

static void sim_close(struct mva_backend *backend)
{
	struct sim *sim = sim_of(backend);

	sim_perf_clear(&sim->perf);
	sim_machine_clear(&sim->machine);
	free(sim);
}

static int sim_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err)
{
	struct sim_options options;
	struct sim *sim;
	int rc = sim_options_parse(&options, env->options, err);

	if (rc)
		return rc;
	sim = calloc(1, sizeof *sim);
	if (!sim)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	sim->base.ops = &mva_backend_sim;
	sim->env = *env;
	if (sim_machine_init(&sim->machine, &options, env->mono_ns(env->ctx)) ||
		sim_perf_init(&sim->perf, &sim->machine)) {
		sim_close(&sim->base);
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for %u simulated domains",
			options.domains);
	}
	*ret = &sim->base;
	return 0;
}

static void sim_advance(struct mva_backend *backend)
{
	struct sim *sim = sim_of(backend);

	sim_machine_advance(&sim->machine, sim->env.mono_ns(sim->env.ctx));
}

static int sim_sample(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out)
{
	sim_advance(backend);
	out->simulated = true;
	return sim_sample_fill(sim_of(backend), kinds, out);
}

static unsigned sim_capabilities(struct mva_backend *backend, const struct mva_capability **ret)
{
	static const struct mva_capability table[] = {
		{"pmu", false, "a simulated node has no performance monitoring unit"},
		{"rapl", false, "a simulated node has no energy counters"},
		{"edac", false, "a simulated node has no memory controller"},
		{"temperature", false, "a simulated node has no sensors"},
		{"psi", false, "a simulated node has no tasks that wait"},
		{"pcpu.wait", false, "a simulated node has no tasks that wait"},
		{"swapping", false, "a simulated node does not swap"},
		{"max_util", false, "a simulated node does not sum up its time at full load"},
		{"pin", true, ""},
	};

	*ret = table;
	return sizeof table / sizeof table[0];
}

static int sim_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err)
{
	sim_advance(backend);
	return sim_perf_read(sim_of(backend), domain, arrays, ret, err);
}

static void sim_online(struct mva_backend *backend, struct mva_cpuset *ret)
{
	*ret = sim_of(backend)->machine.online;
}

static int check_pin(const struct sim_machine *m, const struct mva_pin *pin,
	const struct sim_domain *d, struct mvmp_error *err)
{
	char online[64];

	if (!pin->emulator && pin->vcpu >= m->options.vcpus)
		return mvmp_fail(err, MVMP_INVALID, "%s has no vCPU %u: it has vCPUs 0-%u", d->name,
			pin->vcpu, m->options.vcpus - 1);
	if (!pin->any && mva_cpuset_outside(&pin->cpus, &m->online) >= 0)
		return mvmp_fail(err, MVMP_INVALID, "there is no pCPU %d: the node has pCPUs %s",
			mva_cpuset_outside(&pin->cpus, &m->online),
			mva_cpuset_text(online, sizeof online, &m->online));
	return 0;
}

static void sim_pin(
	struct mva_backend *backend, const struct mva_pin *pin, mva_pin_done *done, void *ctx)
{
	struct sim_machine *m = &sim_of(backend)->machine;
	struct mva_pin_result result = {0};
	struct mvmp_error err = {.status = MVMP_OK};
	const struct mva_cpuset *now;
	struct sim_domain *d;

	sim_advance(backend);
	d = sim_machine_find(m, pin->domain);
	if (!d)
		mvmp_fail(&err, MVMP_NOT_FOUND, "no domain is called %s", pin->domain);
	if (!d || check_pin(m, pin, d, &err)) {
		done(ctx, &err, &result);
		return;
	}
	memcpy(result.uuid, d->uuid, sizeof d->uuid);
	snprintf(result.name, sizeof result.name, "%s", d->name);
	now = pin->emulator ? &d->emulator : &d->vcpu[pin->vcpu].pin;
	result.before = *now;
	if (!pin->dry_run)
		sim_machine_pin(m, d, pin->vcpu, pin->emulator, pin->any ? &m->online : &pin->cpus);
	result.after = *now;
	done(ctx, &err, &result);
}

const struct mva_backend_ops mva_backend_sim = {
	.name = "sim",
	.simulated = true,
	.open = sim_open,
	.close = sim_close,
	.sample = sim_sample,
	.capabilities = sim_capabilities,
	.perf = sim_perf,
	.online = sim_online,
	.pin = sim_pin,
	.advance = sim_advance,
};
