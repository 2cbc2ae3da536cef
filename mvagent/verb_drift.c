/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_TEXT = 512 };

/* A wish beside what the system says now. */
struct line {
	struct mva_wish wish;
	bool known, drifted;
	char object[MVMP_TEXT_LEN + 32], wanted[CPUS_TEXT], found[CPUS_TEXT];
};

/* A listing under way. vCPUs are compared by the sample; for the threads of emulators the
 * backend is asked, one after the other. */
struct listing {
	struct mva_agent *agent;
	mvmp_call call;
	unsigned lines, next;
	bool asking, told; /* a backend that answers at once must not make us recurse */
	struct line line[];
};

static const struct mvmp_record *vcpu_of(
	const struct mvmp_sample *sample, const struct mva_wish *wish)
{
	struct mvmp_key key = {.index = wish->vcpu};

	memcpy(key.domain, wish->uuid, MVMP_ID_LEN);
	return sample ? mvmp_sample_find(sample, MVMP_VCPU, &key) : NULL;
}

static bool differs(struct mva_agent *agent, const struct mva_wish *wish, const char *found)
{
	struct mva_cpuset set, online = {0};

	agent->backend->ops->online(agent->backend, &online);
	if (strcmp(found, "any") == 0)
		return !mva_cpuset_equal(&wish->cpus, &online);
	return !mva_cpuset_parse(&set, found, NULL) && !mva_cpuset_equal(&set, &wish->cpus);
}

static void begin_line(struct mva_agent *agent, struct line *line, const struct mva_wish *wish,
	const struct mvmp_sample *sample)
{
	const struct mvmp_record *r = wish->emulator ? NULL : vcpu_of(sample, wish);

	line->wish = *wish;
	mva_wish_object(line->object, sizeof line->object, wish);
	mva_cpuset_text(line->wanted, sizeof line->wanted, &wish->cpus);
	snprintf(line->found, sizeof line->found, "%s",
		r && *r->text[MVMP_VT_AFFINITY] ? r->text[MVMP_VT_AFFINITY]
		: r				? "not known now"
						: "no such vCPU now");
	line->known = r && *r->text[MVMP_VT_AFFINITY];
	line->drifted = line->known && differs(agent, wish, line->found);
}

static void answer(struct listing *list)
{
	Mvmp__DriftAnswer message = MVMP__DRIFT_ANSWER__INIT;
	Mvmp__DriftAnswer__Wish *items = calloc(list->lines + 1, sizeof *items);
	struct mva_agent *agent = list->agent;
	uint64_t now = agent->env.mono_ns(agent->env.ctx);
	struct mvmp_error err;

	message.wish = calloc(list->lines + 1, sizeof *message.wish);
	for (unsigned i = 0; items && message.wish && i < list->lines; i++) {
		struct line *line = &list->line[i];

		mvmp__drift_answer__wish__init(&items[i]);
		items[i].number = line->wish.number;
		items[i].object = line->object;
		items[i].wanted = line->wanted;
		items[i].found = line->found;
		items[i].drifted = line->drifted;
		items[i].who = line->wish.who;
		items[i].wall_ns = line->wish.wall_ns;
		message.wish[message.n_wish++] = &items[i];
	}
	if (items && message.wish) {
		mva_answer(agent, list->call, &message.base, now);
	} else {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
		mva_refuse(agent, list->call, &err, now);
	}
	free(message.wish);
	free(items);
	free(list);
}

static void ask_emulators(struct listing *list);

static void told(void *ctx, const struct mvmp_error *err, const struct mva_pin_result *result)
{
	struct listing *list = ctx;
	struct line *line = &list->line[list->next++];

	if (err->status) {
		snprintf(line->found, sizeof line->found, "not known: %s", err->text);
	} else {
		mva_cpuset_text(line->found, sizeof line->found, &result->before);
		line->drifted = !mva_cpuset_equal(&result->before, &line->wish.cpus);
	}
	if (list->asking)
		list->told = true;
	else
		ask_emulators(list);
}

static void ask_emulator(struct listing *list, const struct mva_wish *wish)
{
	struct mva_backend *backend = list->agent->backend;
	struct mva_pin pin = {.emulator = true, .dry_run = true, .cpus = wish->cpus};

	mvmp_uuid_text(pin.domain, wish->uuid);
	list->asking = true;
	list->told = false;
	backend->ops->pin(backend, &pin, told, list);
	list->asking = false;
}

static void ask_emulators(struct listing *list)
{
	while (list->next < list->lines) {
		const struct line *line = &list->line[list->next];

		if (!line->wish.emulator) {
			list->next++;
			continue;
		}
		ask_emulator(list, &line->wish);
		if (!list->told)
			return;
	}
	answer(list);
}

void mva_verb_drift_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	struct listing *list = calloc(1, sizeof *list + agent->wishes.count * sizeof *list->line);
	struct mva_shot *shot;
	struct mvmp_error err;

	if (!list) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "out of memory");
		mva_refuse(agent, request->call, &err, now);
		return;
	}
	shot = mva_sampler_recent(
		&agent->sampler, MVA_KINDS_ALL, MVA_READ_AGE_MIN_MS * MVMP_NS_PER_MS, now);
	list->agent = agent;
	list->call = request->call;
	list->lines = agent->wishes.count;
	for (unsigned i = 0; i < list->lines; i++)
		begin_line(
			agent, &list->line[i], &agent->wishes.at[i], shot ? &shot->sample : NULL);
	mva_shot_release(shot);
	ask_emulators(list);
}
