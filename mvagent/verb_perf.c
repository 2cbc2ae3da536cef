/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 128 };

/* The message of one counter; values are copied so that a baseline can be taken off. */
static int fill(Mvmp__PerfAnswer__Counter *to, const struct mva_perf_counter *from,
	const struct mva_baseline_counter *zero)
{
	mvmp__perf_answer__counter__init(to);
	to->name = (char *)from->name;
	to->source = (char *)from->source;
	to->level = from->level;
	to->time_enabled_ns = from->time_enabled_ns;
	to->time_running_ns = from->time_running_ns;
	if (from->unsupported) {
		to->unsupported = (char *)from->unsupported;
		return 0;
	}
	to->total = from->total - (zero && zero->total <= from->total ? zero->total : 0);
	to->value = calloc(from->values + 1, sizeof *to->value);
	if (!to->value)
		return -ENOMEM;
	to->n_value = from->values;
	for (unsigned i = 0; i < from->values; i++) {
		uint64_t off = zero && i < zero->values ? zero->value[i] : 0;

		to->value[i] = from->value[i] - (off <= from->value[i] ? off : 0);
	}
	if (from->label) {
		to->n_label = from->values;
		to->label = (char **)from->label;
	}
	return 0;
}

static bool chosen(const struct mva_perf_counter *c, const char *name)
{
	return !*name || strcmp(name, c->name) == 0;
}

/* Fills the list with the counters asked for; how many, or -ENOMEM. */
static int fill_list(Mvmp__PerfAnswer__Counter *items, Mvmp__PerfAnswer__Counter **list,
	const struct mva_perf *perf, const Mvmp__PerfRead *ask, const struct mva_baseline *zero)
{
	int count = 0;

	for (unsigned i = 0; i < perf->counters; i++) {
		const struct mva_perf_counter *c = &perf->counter[i];

		if (!chosen(c, ask->name))
			continue;
		list[count] = &items[count];
		if (fill(&items[count++], c, mva_baseline_counter(zero, c->name, ask->arrays)))
			return -ENOMEM;
	}
	return count;
}

static void answer_perf(struct mva_agent *agent, mvmp_call call, const struct mva_perf *perf,
	const Mvmp__PerfRead *ask, const struct mva_baseline *zero, uint64_t now)
{
	Mvmp__PerfAnswer message = MVMP__PERF_ANSWER__INIT;
	Mvmp__PerfAnswer__Counter *items = calloc(perf->counters + 1, sizeof *items);
	struct mvmp_error err = {.status = MVMP_OK};
	int count = -ENOMEM;

	message.counter = calloc(perf->counters + 1, sizeof *message.counter);
	if (items && message.counter)
		count = fill_list(items, message.counter, perf, ask, zero);
	if (count < 0)
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
	else if (!count && *ask->name)
		mvmp_fail(&err, MVMP_NOT_FOUND, "%s has no performance counter \"%.100s\"",
			agent->node, ask->name);
	message.n_counter = count > 0 ? (size_t)count : 0;
	message.now_ns = perf->now_ns;
	message.n_cpu = perf->cpus;
	message.cpu = (uint32_t *)perf->cpu;
	message.simulated = agent->backend->ops->simulated;
	message.reset_ns = zero ? zero->reset_ns : 0;
	if (err.status)
		mva_refuse(agent, call, &err, now);
	else
		mva_answer(agent, call, &message.base, now);
	for (unsigned i = 0; items && i < perf->counters; i++)
		free(items[i].value);
	free(message.counter);
	free(items);
}

void mva_verb_perf_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__PerfRead *body =
		mvmp__perf_read__unpack(&agent->allocator, request->body_len, request->body);
	const struct mva_baseline *zero = NULL;
	struct mvmp_error err = {.status = MVMP_FAILED};
	struct mva_perf perf;

	if (!body) {
		mva_refuse_body(agent, request, now);
		return;
	}
	if (!*body->domain) /* a baseline is of the node's own counters */
		zero = mva_baseline_find(&agent->baselines, request->caller->serial, now);
	if (agent->backend->ops->perf(
		    agent->backend, *body->domain ? body->domain : NULL, body->arrays, &perf, &err))
		mva_refuse(agent, request->call, &err, now);
	else
		answer_perf(agent, request->call, &perf, body, zero, now);
	mvmp__perf_read__free_unpacked(body, &agent->allocator);
}

/* Takes both views, so that either can be read against the same zero. */
static int take_views(struct mva_agent *agent, struct mva_baseline *b, const char *name,
	struct mva_perf *perf, struct mvmp_error *err)
{
	int taken = 0;

	for (unsigned arrays = 0; arrays < 2 && taken >= 0; arrays++) {
		if (agent->backend->ops->perf(agent->backend, NULL, arrays == 0, perf, err))
			return -1;
		taken = mva_baseline_take(b, perf, arrays == 0, name);
	}
	if (taken < 0)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	if (!taken && name)
		return mvmp_fail(err, MVMP_NOT_FOUND,
			"%s has no performance counter \"%.100s\" that can be reset", agent->node,
			name);
	return taken;
}

static int reset(struct mva_agent *agent, const struct mvmp_request *request, const char *name,
	struct mva_perf *perf, struct mvmp_error *err, uint64_t now)
{
	struct mva_baseline b;
	int taken;

	if (mva_baseline_begin(&agent->baselines, request->caller->serial, now, &b))
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	taken = take_views(agent, &b, name, perf, err);
	if (taken < 0)
		mva_baseline_drop(&b);
	else
		mva_baseline_keep(&agent->baselines, &b);
	return taken;
}

void mva_verb_perf_reset(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__PerfReset *body =
		mvmp__perf_reset__unpack(&agent->allocator, request->body_len, request->body);
	Mvmp__PerfResetAnswer answer = MVMP__PERF_RESET_ANSWER__INIT;
	struct mvmp_error err = {.status = MVMP_FAILED};
	struct mva_perf perf = {0};
	int taken;

	if (!body || strlen(body->name) > NAME_MAX_LEN) {
		mva_refuse_body(agent, request, now);
	} else {
		taken = reset(agent, request, *body->name ? body->name : NULL, &perf, &err, now);
		if (taken < 0) {
			mva_refuse(agent, request->call, &err, now);
		} else {
			answer.counters = (uint32_t)taken;
			answer.now_ns = perf.now_ns;
			mva_answer(agent, request->call, &answer.base, now);
		}
	}
	if (body)
		mvmp__perf_reset__free_unpacked(body, &agent->allocator);
}
