/* SPDX-License-Identifier: Apache-2.0 */
#include "commands_agent.h"
#include "cpuset.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINS_MAX = 64, SAVE_LEAST_US = 200, SAVE_MOST_US = 2000, PIN_MOST_US = 1000 };

/* ---- the hypervisor that counts ---- */

struct pin_under_way {
	uint64_t at; /* 0: free */
	struct mva_pin pin;
	mva_pin_done *done;
	void *ctx;
};

struct sim_backend {
	struct mva_backend base;
	struct sim_agent *sim;
	struct pin_under_way pin[PINS_MAX];
};

static struct sim_backend *backend_of(struct mva_backend *backend)
{
	return (struct sim_backend *)(void *)backend;
}

static int backend_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err);

static void backend_close(struct mva_backend *backend)
{
	backend_of(backend)->sim->backend = NULL;
	free(backend);
}

static int backend_sample(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out)
{
	out->simulated = true;
	return 0;
}

static unsigned backend_capabilities(struct mva_backend *backend, const struct mva_capability **ret)
{
	*ret = NULL;
	return 0;
}

static int backend_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err)
{
	return mvmp_fail(err, MVMP_UNSUPPORTED, "nothing is counted here but pins");
}

static void backend_online(struct mva_backend *backend, struct mva_cpuset *ret)
{
	*ret = (struct mva_cpuset){.bits = {1}};
}

/* Takes effect at once; the word of it comes a little later, or never if the agent dies. */
static void backend_pin(
	struct mva_backend *backend, const struct mva_pin *pin, mva_pin_done *done, void *ctx)
{
	struct sim_backend *b = backend_of(backend);
	struct pin_under_way *p = b->pin;

	while (p < b->pin + PINS_MAX && p->at)
		p++;
	if (p == b->pin + PINS_MAX || pin->vcpu >= b->sim->vcpus)
		abort();
	b->sim->executed[pin->vcpu]++;
	*p = (struct pin_under_way){.at = b->sim->world.now + 1 +
					  test_random(&b->sim->random) % (PIN_MOST_US * 1000ull),
		.pin = *pin,
		.done = done,
		.ctx = ctx};
}

static void backend_advance(struct mva_backend *backend)
{
}

static const struct mva_backend_ops counting = {
	.name = "counting",
	.simulated = true,
	.open = backend_open,
	.close = backend_close,
	.sample = backend_sample,
	.capabilities = backend_capabilities,
	.perf = backend_perf,
	.online = backend_online,
	.pin = backend_pin,
	.advance = backend_advance,
};

static int backend_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err)
{
	struct sim_agent *sim = env->ctx;
	struct sim_backend *b = calloc(1, sizeof *b);

	if (!b)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	b->base.ops = &counting;
	b->sim = sim;
	sim->backend = b;
	*ret = &b->base;
	return 0;
}

static void tell_pins(struct sim_agent *sim)
{
	for (unsigned i = 0; i < PINS_MAX; i++) {
		struct pin_under_way p = sim->backend->pin[i];
		struct mvmp_error ok = {.status = MVMP_OK};
		struct mva_pin_result result = {.before.bits = {1}, .after.bits = {1}};

		if (!p.at || p.at > sim->world.now)
			continue;
		sim->backend->pin[i].at = 0;
		snprintf(result.name, sizeof result.name, "%s", p.pin.domain);
		p.done(p.ctx, &ok, &result);
	}
}

/* ---- what the agent's process would do ---- */

static uint64_t mono_ns(void *ctx)
{
	struct sim_agent *sim = ctx;

	return sim->world.now;
}

uint64_t sim_agent_wall_ns(void *ctx)
{
	struct sim_agent *sim = ctx;

	return TEST_WALL_S * MVMP_NS_PER_S + sim->world.now;
}

static void answer(void *ctx, mvmp_call call, const struct mvmp_error *err, const void *body,
	size_t len, uint64_t now)
{
	struct sim_agent *sim = ctx;

	mvmp_server_answer(sim->server, call, err, body, len, now);
}

static size_t stats_room(void *ctx, mvmp_session session)
{
	return 0;
}

static int send_stats(void *ctx, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	return -ENOTCONN;
}

static void commit(void *ctx, struct mva_batch *batch)
{
	struct sim_agent *sim = ctx;
	uint64_t us = SAVE_LEAST_US + test_random(&sim->random) % (SAVE_MOST_US - SAVE_LEAST_US);

	sim->batch = batch;
	sim->batch_at = sim->world.now + us * 1000;
}

static void member_verb(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	abort(); /* nobody asks for one here */
}

static void on_event(struct test_node *node, const struct mvmp_event *event)
{
	struct sim_agent *sim = node->ctx;

	sim->activity++;
	if (!sim->server)
		return;
	mvmp_server_event(sim->server, event, node->world->now);
	if (event->type == MVMP_EVENT_SESSION_DOWN)
		mva_agent_session_down(sim->agent, event->session);
}

static void start_agent(struct sim_agent *sim)
{
	struct mva_agent_config config = {.env = {sim, mono_ns, sim_agent_wall_ns, answer,
						  stats_room, send_stats, commit, member_verb},
		.backend = &counting,
		.node = "r1-n05",
		.disk = sim->disk};
	struct mvmp_error err;

	if (mva_agent_new(&config, sim->world.now, &sim->agent, &err)) {
		fprintf(stderr, "the agent does not start: %s\n", err.text);
		abort();
	}
	if (mvmp_server_new(
		    sim->node->ep, MVMP_ROLE_NODE, mva_agent_request, sim->agent, 0, &sim->server))
		abort();
}

void sim_agent_start(struct sim_agent *sim)
{
	test_node_start(sim->node);
	start_agent(sim);
}

static void stop_agent(struct sim_agent *sim)
{
	mvmp_server_free(sim->server);
	mva_agent_free(sim->agent);
	sim->server = NULL;
	sim->agent = NULL;
	sim->batch = NULL;
}

void sim_agent_kill(struct sim_agent *sim, bool power, uint64_t chance)
{
	if (sim->batch) {
		mva_disk_memory_fail(sim->disk, (int)(chance % (sim->batch->steps + 1)), EIO, true);
		mva_batch_run(sim->batch, sim->disk);
		mva_disk_memory_fail(sim->disk, -1, 0, false);
	}
	stop_agent(sim);
	test_node_kill(sim->node);
	if (power)
		mva_disk_memory_power_cut(sim->disk, (chance >> 32) % 200);
}

void sim_agent_init(struct sim_agent *sim, struct mvmp_identity *identity, const uint8_t *mac,
	unsigned vcpus, uint64_t seed)
{
	sim->node = test_world_add(&sim->world, identity, mac, 1500, true);
	sim->node->hook = on_event;
	sim->node->ctx = sim;
	sim->random = seed ^ 0xa9e47;
	sim->disk = mva_disk_memory();
	sim->executed = calloc(vcpus, 1);
	sim->vcpus = vcpus;
	if (!sim->disk || !sim->executed)
		abort();
	start_agent(sim);
}

void sim_agent_clear(struct sim_agent *sim)
{
	if (sim->agent)
		stop_agent(sim);
	test_world_clear(&sim->world);
	sim->disk->ops->close(sim->disk);
	free(sim->executed);
}

void sim_agent_advance(struct sim_agent *sim)
{
	if (!sim->agent)
		return;
	tell_pins(sim);
	if (sim->batch && sim->world.now >= sim->batch_at) {
		struct mva_batch *batch = sim->batch;

		sim->batch = NULL;
		mva_agent_committed(sim->agent, mva_batch_run(batch, sim->disk), sim->world.now);
	}
	if (mva_agent_deadline(sim->agent) <= sim->world.now)
		mva_agent_advance(sim->agent, sim->world.now);
}

uint64_t sim_agent_deadline(const struct sim_agent *sim)
{
	uint64_t at;

	if (!sim->agent)
		return UINT64_MAX;
	at = mva_agent_deadline(sim->agent);
	if (sim->batch && sim->batch_at < at)
		at = sim->batch_at;
	for (unsigned i = 0; i < PINS_MAX; i++) {
		if (sim->backend->pin[i].at && sim->backend->pin[i].at < at)
			at = sim->backend->pin[i].at;
	}
	return at;
}
