/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mutating commands over a bad segment to an agent that keeps dying:
 *     commands [SEED [COUNT [GAP_MS [DEADLINE_MS]]]]
 *
 * The real client, endpoints, server and agent in virtual time; the switch loses, doubles and
 * reorders one frame in twenty each; the agent is killed COUNT / 100 times at random moments,
 * every other time with a power cut that takes what was not synced. Wanted: 99.9 % of the
 * commands are answered within their deadline, none is executed twice, and the rest is told as
 * outcome unknown or interrupted and resolved by asking for the operation's id. With another
 * gap or deadline the share that is answered is not judged, all else is. The run of a seed is
 * always the same.
 */

#include "commands_agent.h"
#include <errno.h>
#include <mvmp/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COMMANDS = 10000,
	COMMANDS_MAX = 60000,
	GAP_MS = 125, /* mean time between two commands */
	DEADLINE_MS = 5000,
	COMMANDS_PER_KILL = 94, /* on average; COUNT / 100 kills in all */
	DOWN_MS = 1500,		/* longest time until the agent is started again */
	ASK_MS = 10000,
	PIN_EACH = 50, /* the others unpin: what is pinned is kept as a wish, and those are many */
};

static const uint8_t caller_mac[] = {0x0c, 0xc4, 0x7a, 0, 0, 1};
static const uint8_t node_mac[] = {0x0c, 0xc4, 0x7a, 0, 0, 2};

struct command {
	struct sim *sim;
	bool done;
	bool resolved;		 /* asked for by its id, and told */
	enum mvmp_status status; /* as answered */
	enum mvmp_status later;	 /* as told by OPERATION_READ */
	uint8_t operation[MVMP_ID_LEN];
};

struct sim {
	struct sim_agent agent;
	struct test_authority authority;
	struct mvmp_identity caller_identity, node_identity;
	struct test_node *caller;
	struct mvmp_client *client;
	struct command *command;
	unsigned gap_ms, deadline_ms;
	unsigned commands, begun, ended, asked, told, kills;
	uint64_t next_command, next_kill, next_start;
	uint64_t random;
};

static uint64_t uniform(struct sim *sim, uint64_t below)
{
	return test_random(&sim->random) % below;
}

static void on_caller_event(struct test_node *node, const struct mvmp_event *event)
{
	struct sim *sim = node->ctx;

	sim->agent.activity++;
	mvmp_client_event(sim->client, event, node->world->now);
}

static void on_done(void *ctx, const struct mvmp_answer *answer)
{
	struct command *c = ctx;

	c->done = true;
	c->status = answer->error.status;
	memcpy(c->operation, answer->operation, MVMP_ID_LEN);
	c->sim->ended++;
}

/* OPERATION_READ's own status says whether the question was answered. */
static void on_told(void *ctx, const struct mvmp_answer *answer)
{
	struct command *c = ctx;
	Mvmp__OperationAnswer *body =
		mvmp__operation_answer__unpack(NULL, answer->body_len, answer->body);

	c->sim->told++;
	c->resolved = answer->error.status == MVMP_OK || answer->error.status == MVMP_NOT_FOUND;
	c->later = answer->error.status;
	if (answer->error.status == MVMP_OK && body)
		c->later = body->status;
	if (body)
		mvmp__operation_answer__free_unpacked(body, NULL);
}

static void call(struct sim *sim, enum mvmp_verb verb, const uint8_t *body, size_t len, uint64_t ms,
	mvmp_client_done *done, struct command *command)
{
	struct mvmp_target target = {.text = "r1-n05", .role = MVMP_ROLE_NODE};
	uint64_t now = sim->agent.world.now;
	struct mvmp_error err;

	if (!mvmp_client_call(sim->client, &target, verb, body, len, NULL,
		    now + ms * MVMP_NS_PER_MS, done, command, now, &err))
		abort();
}

/* The number of the command stands in the vCPU's place, so that the backend can count. */
static void begin_command(struct sim *sim)
{
	struct command *command = &sim->command[sim->begun];
	char domain[] = "web-07", cpus[] = "0", any[] = "";
	Mvmp__Pin pin = MVMP__PIN__INIT;
	uint8_t body[64];

	pin.domain = domain;
	pin.vcpu = sim->begun++;
	pin.cpus = pin.vcpu % PIN_EACH ? any : cpus;
	command->sim = sim;
	call(sim, MVMP_VERB_PIN, body, mvmp__pin__pack(&pin, body), sim->deadline_ms, on_done,
		command);
	sim->next_command = sim->agent.world.now + uniform(sim, 2 * sim->gap_ms * MVMP_NS_PER_MS);
}

static void ask(struct sim *sim, struct command *command)
{
	Mvmp__OperationRead read = MVMP__OPERATION_READ__INIT;
	uint8_t body[64];

	read.operation = (ProtobufCBinaryData){MVMP_ID_LEN, command->operation};
	read.wait_ms = ASK_MS / 2;
	sim->asked++;
	call(sim, MVMP_VERB_OPERATION_READ, body, mvmp__operation_read__pack(&read, body), ASK_MS,
		on_told, command);
}

static void plan_kill(struct sim *sim)
{
	uint64_t mean = (uint64_t)sim->gap_ms * COMMANDS_PER_KILL * MVMP_NS_PER_MS;

	sim->next_kill = sim->agent.world.now + mean / 2 + uniform(sim, mean);
	if (sim->kills >= sim->commands / 100)
		sim->next_kill = UINT64_MAX;
}

static void act(struct sim *sim)
{
	uint64_t now = sim->agent.world.now;

	if (now >= sim->next_command && sim->begun < sim->commands)
		begin_command(sim);
	if (now >= sim->next_kill && sim->agent.agent) {
		sim_agent_kill(&sim->agent, sim->kills++ % 2, test_random(&sim->random));
		sim->next_start = now + uniform(sim, DOWN_MS * MVMP_NS_PER_MS);
		plan_kill(sim);
	}
	if (now >= sim->next_start && !sim->agent.agent)
		sim_agent_start(&sim->agent);
	sim_agent_advance(&sim->agent);
	mvmp_client_advance(sim->client, now);
}

static uint64_t next_time(const struct sim *sim)
{
	uint64_t at = sim_agent_deadline(&sim->agent);
	uint64_t other[3] = {mvmp_client_deadline(sim->client),
		sim->agent.agent ? sim->next_kill : sim->next_start,
		sim->begun < sim->commands ? sim->next_command : UINT64_MAX};

	for (unsigned i = 0; i < 3; i++)
		at = other[i] < at ? other[i] : at;
	return at;
}

/* Runs until *count is `wanted`; false when the simulated day is over before. */
static bool run_until(struct sim *sim, const unsigned *count, unsigned wanted)
{
	struct test_world *world = &sim->agent.world;
	uint64_t end = world->now + 86400 * MVMP_NS_PER_S;

	while (*count < wanted && world->now < end) {
		uint64_t at = next_time(sim);

		test_world_run(
			world, at < end ? at : end, &sim->agent.activity, sim->agent.activity + 1);
		act(sim);
	}
	return *count >= wanted;
}

static void make_members(struct sim *sim)
{
	struct test_member caller = {.name = "ada",
		.roles = MVMP_ROLE_OPERATOR,
		.not_before = TEST_WALL_S - 3600,
		.not_after = TEST_WALL_S + 30 * 86400};
	struct test_member node = {.name = "r1-n05",
		.roles = MVMP_ROLE_NODE,
		.macs = 1,
		.not_before = TEST_WALL_S - 3600,
		.not_after = TEST_WALL_S + 30 * 86400};

	memcpy(node.mac[0], node_mac, MVMP_MAC_LEN);
	test_authority_init(&sim->authority, sim->random);
	test_authority_member(&sim->authority, &sim->caller_identity, &caller);
	test_authority_member(&sim->authority, &sim->node_identity, &node);
}

static uint64_t wall_s(void *ctx)
{
	return sim_agent_wall_ns(ctx) / MVMP_NS_PER_S;
}

static void sim_init(struct sim *sim, uint64_t seed)
{
	struct test_world *world = &sim->agent.world;

	sim->random = seed;
	sim->command = calloc(sim->commands, sizeof *sim->command);
	if (!sim->command)
		abort();
	make_members(sim);
	test_world_init(world, seed);
	mvmp_memswitch_impair(world->sw, &(struct mvmp_impairment){.loss_ppm = 50000,
						 .duplicate_ppm = 50000,
						 .reorder_ppm = 50000,
						 .delay_ns = 20000,
						 .jitter_ns = 100000});
	sim->caller = test_world_add(world, &sim->caller_identity, caller_mac, 1500, false);
	sim->caller->hook = on_caller_event;
	sim->caller->ctx = sim;
	sim_agent_init(&sim->agent, &sim->node_identity, node_mac, sim->commands, seed);
	if (mvmp_client_new(sim->caller->ep, &sim->client))
		abort();
	mvmp_client_set_links(sim->client, 1);
	mvmp_client_set_clock(sim->client, wall_s, &sim->agent);
	sim->next_command = world->now;
	plan_kill(sim);
}

static void sim_clear(struct sim *sim)
{
	mvmp_client_free(sim->client);
	sim_agent_clear(&sim->agent);
	mvmp_identity_clear(&sim->caller_identity);
	mvmp_identity_clear(&sim->node_identity);
	free(sim->command);
}

static bool is_open(const struct command *c)
{
	return c->status == MVMP_OUTCOME_UNKNOWN || c->status == MVMP_INTERRUPTED ||
	       c->status == MVMP_RUNNING;
}

/* Those that are open, and every tenth of the others after one more power cut: what was
 * answered as done is there. */
static bool ask_all(struct sim *sim)
{
	if (sim->agent.agent)
		sim_agent_kill(&sim->agent, true, 0);
	sim->next_start = sim->agent.world.now;
	sim->next_kill = UINT64_MAX;
	for (unsigned i = 0; i < sim->commands; i++) {
		if (!is_open(&sim->command[i]) && i % 10)
			continue;
		ask(sim, &sim->command[i]);
		if (sim->asked % 32 == 0 && !run_until(sim, &sim->told, sim->asked))
			return false;
	}
	return run_until(sim, &sim->told, sim->asked);
}

struct verdicts {
	unsigned answered, unknown, interrupted, other, twice, wrong, unresolved;
};

/* What an end must mean for how often the command was executed. */
static bool fits(enum mvmp_status status, unsigned executed)
{
	switch (status) {
	case MVMP_OK:
		return executed == 1;
	case MVMP_INTERRUPTED:
	case MVMP_OUTCOME_UNKNOWN:
	case MVMP_RUNNING:
		return executed <= 1;
	default: /* refused, no answer, never heard of */
		return executed == 0;
	}
}

static void judge(const struct sim *sim, struct verdicts *v)
{
	*v = (struct verdicts){0};
	for (unsigned i = 0; i < sim->commands; i++) {
		const struct command *c = &sim->command[i];
		unsigned executed = sim->agent.executed[i];

		v->answered += c->status == MVMP_OK;
		v->unknown += c->status == MVMP_OUTCOME_UNKNOWN || c->status == MVMP_RUNNING;
		v->interrupted += c->status == MVMP_INTERRUPTED;
		v->other += c->status != MVMP_OK && !is_open(c);
		v->twice += executed > 1;
		v->wrong +=
			!fits(c->status, executed) || (c->resolved && !fits(c->later, executed));
		v->unresolved += (is_open(c) || i % 10 == 0) && !c->resolved;
	}
}

static bool is_good(const struct sim *sim, const struct verdicts *v)
{
	bool judged = sim->gap_ms == GAP_MS && sim->deadline_ms == DEADLINE_MS;

	if (v->twice || v->wrong || v->unresolved)
		return false;
	return !judged || (!v->other && v->answered >= sim->commands - sim->commands / 1000);
}

static void report(const struct sim *sim, uint64_t seed, const struct verdicts *v, const char *how)
{
	printf("seed %llu: %u commands, %u restarts, %llu s: %u answered, %u outcome unknown, %u "
	       "interrupted, %u not done; %u twice, %u told wrongly, %u unresolved of %u asked: "
	       "%s\n",
		(unsigned long long)seed, sim->commands, sim->kills,
		(unsigned long long)(sim->agent.world.now / MVMP_NS_PER_S), v->answered, v->unknown,
		v->interrupted, v->other, v->twice, v->wrong, v->unresolved, sim->asked, how);
}

static unsigned argument(int argc, char **argv, int which, unsigned otherwise)
{
	return argc > which ? (unsigned)strtoul(argv[which], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	struct sim *sim = calloc(1, sizeof *sim);
	struct verdicts v;
	bool ended, good;

	if (!sim)
		abort();
	sim->commands = argument(argc, argv, 2, COMMANDS);
	sim->gap_ms = argument(argc, argv, 3, GAP_MS);
	sim->deadline_ms = argument(argc, argv, 4, DEADLINE_MS);
	if (!sim->commands || sim->commands > COMMANDS_MAX || !sim->gap_ms || !sim->deadline_ms) {
		fprintf(stderr, "commands: COUNT is 1 to %d, GAP_MS and DEADLINE_MS at least 1\n",
			COMMANDS_MAX);
		return 2;
	}
	sim_init(sim, seed);
	ended = run_until(sim, &sim->ended, sim->commands) && ask_all(sim);
	judge(sim, &v);
	good = ended && is_good(sim, &v);
	report(sim, seed, &v, !ended ? "NOT ENDED" : good ? "good" : "BAD");
	sim_clear(sim);
	free(sim);
	return good ? 0 : 1;
}
