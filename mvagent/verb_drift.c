/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_TEXT = 512 };

/* A wish beside what the system says now. */
struct line {
	Mvmp__DriftAnswer__Wish message;
	char object[MVMP_TEXT_LEN + 32], wanted[CPUS_TEXT], found[CPUS_TEXT];
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

static void compare(struct mva_agent *agent, struct line *line, const struct mva_wish *wish,
	const struct mvmp_sample *sample)
{
	const struct mvmp_record *r = wish->emulator ? NULL : vcpu_of(sample, wish);
	Mvmp__DriftAnswer__Wish *m = &line->message;

	mvmp__drift_answer__wish__init(m);
	mva_wish_object(line->object, sizeof line->object, wish);
	mva_cpuset_text(line->wanted, sizeof line->wanted, &wish->cpus);
	if (r)
		snprintf(line->found, sizeof line->found, "%s", r->text[MVMP_VT_AFFINITY]);
	else
		snprintf(line->found, sizeof line->found, "%s",
			wish->emulator ? "not known" : "no such vCPU now");
	m->number = wish->number;
	m->object = line->object;
	m->wanted = line->wanted;
	m->found = line->found;
	m->drifted = r && differs(agent, wish, line->found);
	m->who = (char *)wish->who;
	m->wall_ns = wish->wall_ns;
}

void mva_verb_drift_read(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__DriftAnswer answer = MVMP__DRIFT_ANSWER__INIT;
	struct mva_shot *shot = mva_sampler_take(&agent->sampler, MVA_KINDS_ALL, now);
	struct line *lines = calloc(agent->wishes.count + 1, sizeof *lines);

	answer.wish = calloc(agent->wishes.count + 1, sizeof *answer.wish);
	for (unsigned i = 0; lines && answer.wish && i < agent->wishes.count; i++) {
		compare(agent, &lines[i], &agent->wishes.at[i], shot ? &shot->sample : NULL);
		answer.wish[answer.n_wish++] = &lines[i].message;
	}
	mva_answer(agent, request->call, &answer.base, now);
	free(answer.wish);
	free(lines);
	mva_shot_release(shot);
}
