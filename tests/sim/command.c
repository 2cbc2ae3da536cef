/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "sim_client.h"
#include "stage.h"
#include <mvmp.pb-c.h>
#include <mvmp/metric.h>
#include <stdlib.h>
#include <string.h>

enum {
	ASK_MS = 20000,
	ASK_TIMES = 20, /* where the answer has a status of a later version */
	PIN_EACH = 50,	/* the others unpin: what is pinned is kept, and those are many */
	SUBSCRIBE_S = 10,
};

/* Reading verbs, with the bodies that they take. */
enum reading {
	READ_PING,
	READ_SAMPLE,
	READ_ABSENT,
	READ_LINK,
	READ_PERF,
	READ_SUBSCRIBE,
	READ_NODES,
	READINGS
};

static bool is_mutating(const struct sim_command *c)
{
	return c->verb == MVMP_VERB_PIN;
}

bool sim_command_is_open(const struct sim_command *c)
{
	return is_mutating(c) &&
	       (c->orphan || c->status == MVMP_OUTCOME_UNKNOWN || c->status == MVMP_INTERRUPTED ||
		       c->status == MVMP_RUNNING);
}

/* ---- bodies ---- */

static size_t put_pin(const struct sim_command *c, uint8_t *to)
{
	char domain[] = "elsewhere", cpus[] = "0", any[] = "";
	Mvmp__Pin pin = MVMP__PIN__INIT;

	pin.domain = domain;
	pin.vcpu = c->number;
	pin.cpus = c->number % PIN_EACH ? any : cpus;
	return mvmp__pin__pack(&pin, to);
}

static size_t put_ping(const struct sim_command *c, uint8_t *to)
{
	Mvmp__Ping ping = MVMP__PING__INIT;
	uint8_t *bytes = malloc(c->payload + 1);
	size_t len;

	if (!bytes)
		abort();
	for (uint32_t i = 0; i < c->payload; i++)
		bytes[i] = (uint8_t)(c->number + i * 7);
	ping.payload = (ProtobufCBinaryData){c->payload, bytes};
	len = mvmp__ping__pack(&ping, to);
	free(bytes);
	return len;
}

static size_t put_sample_read(const struct sim_command *c, uint8_t *to)
{
	Mvmp__SampleRead read = MVMP__SAMPLE_READ__INIT;
	char nowhere[] = "nowhere";

	if (c->absent)
		read.domain_name = nowhere;
	read.kinds = (1u << MVMP_ENTITY_COUNT) - 1;
	read.texts = true;
	return mvmp__sample_read__pack(&read, to);
}

static size_t put_subscribe(const struct sim_command *c, uint8_t *to)
{
	Mvmp__Subscribe subscribe = MVMP__SUBSCRIBE__INIT;

	subscribe.subscription = 2 + c->number % 4;
	subscribe.interval_ms = c->stage->plan.interval_ms;
	subscribe.kinds = 1u << MVMP_NODE;
	subscribe.lifetime_s = SUBSCRIBE_S;
	return mvmp__subscribe__pack(&subscribe, to);
}

static size_t put_body(const struct sim_command *c, uint8_t *to)
{
	switch (c->verb) {
	case MVMP_VERB_PIN:
		return put_pin(c, to);
	case MVMP_VERB_PING:
		return put_ping(c, to);
	case MVMP_VERB_SAMPLE_READ:
		return put_sample_read(c, to);
	case MVMP_VERB_SUBSCRIBE:
		return put_subscribe(c, to);
	default:
		return 0;
	}
}

/* ---- ends ---- */

static bool is_echo(const struct sim_command *c, const struct mvmp_answer *answer)
{
	Mvmp__Ping *ping = mvmp__ping__unpack(NULL, answer->body_len, answer->body);
	bool same = ping && ping->payload.len == c->payload;

	for (uint32_t i = 0; same && i < c->payload; i++)
		same = ping->payload.data[i] == (uint8_t)(c->number + i * 7);
	if (ping)
		mvmp__ping__free_unpacked(ping, NULL);
	return same;
}

static void on_done(void *ctx, const struct mvmp_answer *answer)
{
	struct sim_command *c = ctx;
	unsigned was;

	if (c->orphan)
		return; /* the program that asked is gone */
	was = sim_memory_enter(0);
	if (c->ended)
		sim_fail(c->stage, "command %u ended a second time", c->number);
	c->ended = true;
	c->status = answer->error.status;
	c->stage->ended++;
	((struct sim_client *)c->client->program)->open--;
	if (c->status == MVMP_INTERRUPTED && c->target->ends == c->ends)
		sim_fail(c->stage, "command %u was interrupted, but %s was not", c->number,
			c->target->name);
	if (c->status == MVMP_OK && strcmp(answer->from->name, c->target->name) != 0)
		sim_fail(c->stage, "command %u to %s was answered by %s", c->number,
			c->target->name, answer->from->name);
	if (c->status == MVMP_OK && c->verb == MVMP_VERB_PING && !is_echo(c, answer))
		sim_fail(c->stage, "the answer to ping %u is not its echo", c->number);
	sim_note(c->stage, "command %u (%s of %s to %s): %s, %s", c->number,
		mvmp_verb_info(c->verb)->name, c->client->name, c->target->name,
		mvmp_status_name(c->status), answer->error.text);
	sim_memory_enter(was);
}

void sim_commands_orphan(struct sim_stage *stage, const struct sim_member *client)
{
	for (unsigned i = 0; i < stage->begun; i++) {
		struct sim_command *c = &stage->command[i];

		if (c->client != client || c->ended)
			continue;
		c->ended = c->orphan = true;
		stage->ended++;
	}
}

/* ---- beginnings ---- */

static uint64_t call(struct sim_command *c, enum mvmp_verb verb, const uint8_t *body, size_t len,
	uint64_t ms, mvmp_client_done *done)
{
	struct sim_client *client = c->client->program;
	uint64_t now = c->stage->world.now, id;
	struct mvmp_target target = {.text = c->target->name,
		.role = c->target->kind == SIM_AGENT ? MVMP_ROLE_NODE : MVMP_ROLE_AGGREGATOR};
	unsigned was = sim_memory_enter(c->client->number + 1);
	struct mvmp_error err;

	id = mvmp_client_call(client->client, &target, verb, body, len,
		verb == MVMP_VERB_PIN ? c->operation : NULL, now + ms * MVMP_NS_PER_MS, done, c,
		now, &err);
	if (!id)
		sim_fail(c->stage, "command %u was not taken: %s", c->number, err.text);
	sim_memory_enter(was);
	test_node_touch(c->client->node);
	return id;
}

/* As mvmp_client_call() draws them: the caller's clock in milliseconds, then ten bytes. */
static void draw_operation(struct sim_command *c)
{
	uint64_t ms = sim_member_wall_ns(c->client) / MVMP_NS_PER_MS;

	for (unsigned i = 0; i < 6; i++)
		c->operation[i] = (uint8_t)(ms >> (40 - 8 * i));
	test_random_bytes(&c->stage->random, c->operation + 6, MVMP_ID_LEN - 6);
}

static void draw_reading(struct sim_command *c)
{
	static const enum mvmp_verb verbs[READINGS] = {MVMP_VERB_PING, MVMP_VERB_SAMPLE_READ,
		MVMP_VERB_SAMPLE_READ, MVMP_VERB_LINK_READ, MVMP_VERB_PERF_READ,
		MVMP_VERB_SUBSCRIBE, MVMP_VERB_NODES_READ};
	struct sim_stage *stage = c->stage;
	unsigned kind = stage->plan.light ? READ_PING : (unsigned)sim_draw(stage, READINGS);

	c->verb = verbs[kind];
	c->absent = kind == READ_ABSENT && stage->plan.samples;
	if (kind == READ_NODES && stage->plan.aggregators)
		c->target = sim_stage_pick(stage, SIM_AGGREGATOR);
	else if (kind == READ_NODES || (kind >= READ_SAMPLE && !stage->plan.samples))
		c->verb = MVMP_VERB_PING;
	if (c->verb == MVMP_VERB_PING && stage->plan.bulk_max)
		c->payload = (uint32_t)sim_draw(stage, stage->plan.bulk_max);
}

void sim_command_begin(struct sim_stage *stage)
{
	struct sim_command *c = &stage->command[stage->begun];
	static uint8_t body[MVMP_MESSAGE_MAX];

	c->stage = stage;
	c->number = stage->begun;
	c->client = sim_stage_pick(stage, SIM_CLIENT);
	c->target = sim_stage_pick(stage, SIM_AGENT);
	if (!sim_is_up(c->client))
		return; /* nobody is there to ask */
	c->verb = MVMP_VERB_PIN;
	if (sim_draw(stage, 100) >= stage->plan.pins_percent)
		draw_reading(c);
	draw_operation(c);
	stage->begun++;
	c->started = true;
	c->ends = c->target->ends;
	c->begun = stage->world.now;
	c->deadline = c->begun + stage->plan.deadline_ms * MVMP_NS_PER_MS;
	((struct sim_client *)c->client->program)->open++;
	c->call = call(c, c->verb, body, put_body(c, body), stage->plan.deadline_ms, on_done);
}

/* ---- operation ids ---- */

/* OPERATION_READ's own status says whether the question was answered. */
static void on_told(void *ctx, const struct mvmp_answer *answer)
{
	struct sim_command *c = ctx;
	unsigned was = sim_memory_enter(0);
	Mvmp__OperationAnswer *body =
		mvmp__operation_answer__unpack(NULL, answer->body_len, answer->body);

	c->stage->told++;
	c->resolved = answer->error.status == MVMP_OK || answer->error.status == MVMP_NOT_FOUND;
	c->later = answer->error.status;
	if (answer->error.status == MVMP_OK && body)
		c->later = body->status;
	if (body)
		mvmp__operation_answer__free_unpacked(body, NULL);
	sim_note(c->stage, "command %u was asked for: %s, %s", c->number,
		mvmp_status_name(c->later), answer->error.text);
	if (answer->error.status == MVMP_FAILED && c->asked < ASK_TIMES)
		sim_command_ask(c);
	sim_memory_enter(was);
}

void sim_command_ask(struct sim_command *c)
{
	Mvmp__OperationRead read = MVMP__OPERATION_READ__INIT;
	uint8_t body[64];

	read.operation = (ProtobufCBinaryData){MVMP_ID_LEN, c->operation};
	read.wait_ms = ASK_MS / 2;
	c->stage->asked++;
	c->asked++;
	call(c, MVMP_VERB_OPERATION_READ, body, mvmp__operation_read__pack(&read, body), ASK_MS,
		on_told);
}

/* ---- judgement ---- */

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

/* Statuses of a later version are told as a failure. */
static bool is_expected(const struct sim_command *c)
{
	if (!c->absent)
		return c->status == MVMP_OK;
	return c->status == MVMP_NOT_FOUND ||
	       (c->status == MVMP_FAILED && c->stage->plan.next_version);
}

static void judge(struct sim_stage *stage, const struct sim_command *c, struct sim_tally *tally)
{
	unsigned executed = stage->executed[c->number];

	if (!c->ended)
		sim_fail(stage, "command %u never ended", c->number);
	if (is_mutating(c) && !c->orphan && !fits(c->status, executed))
		sim_fail(stage, "command %u was told to be %s, but was executed %u times",
			c->number, mvmp_status_name(c->status), executed);
	if (c->resolved && !fits(c->later, executed))
		sim_fail(stage, "the id of command %u tells %s, but it was executed %u times",
			c->number, mvmp_status_name(c->later), executed);
	if (sim_command_is_open(c) && !c->resolved)
		sim_fail(stage, "the outcome of command %u was not told by its id: %s", c->number,
			mvmp_status_name(c->later));
	tally->orphans += c->orphan;
	if (c->orphan)
		return;
	tally->answered += c->status == MVMP_OK;
	tally->unknown += c->status == MVMP_OUTCOME_UNKNOWN || c->status == MVMP_RUNNING;
	tally->interrupted += c->status == MVMP_INTERRUPTED;
	tally->other += c->status != MVMP_OK && !sim_command_is_open(c);
	/* Interrupted: it may not be repeated, whoever is to blame. Not trusted: told at once, and
	 * right by the clock of who said so. */
	if (c->status == MVMP_INTERRUPTED ||
		(stage->plan.expires && c->status == MVMP_NOT_TRUSTED) ||
		!sim_was_well(stage, c->begun, c->deadline, stage->plan.grace_ms))
		return;
	tally->counted++;
	if (is_expected(c))
		tally->good++;
	else
		sim_note(stage, "command %u counts as not done: %s", c->number,
			mvmp_status_name(c->status));
}

void sim_commands_judge(struct sim_stage *stage, struct sim_tally *tally)
{
	*tally = (struct sim_tally){.commands = stage->begun};
	for (unsigned i = 0; i < stage->begun; i++)
		judge(stage, &stage->command[i], tally);
}
