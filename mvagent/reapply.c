/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_private.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <string.h>

/* Applies kept wishes again to domains that are new to this agent or began anew. */

static const struct mvmp_record *domain_of(
	const struct mvmp_sample *sample, const struct mva_wish *wish)
{
	struct mvmp_key key = {.index = 0};

	memcpy(key.domain, wish->uuid, MVMP_ID_LEN);
	return mvmp_sample_find(sample, MVMP_DOMAIN, &key);
}

void mva_reapply_observe(struct mva_agent *agent, const struct mvmp_sample *sample)
{
	for (unsigned i = 0; i < agent->wishes.count; i++) {
		struct mva_wish *wish = &agent->wishes.at[i];
		const struct mvmp_record *r = domain_of(sample, wish);

		wish->present = r != NULL;
		/* A domain that is seen for the first time since it was pinned is as it was
		 * pinned. */
		if (!r || (wish->seen && wish->incarnation != r->incarnation))
			wish->applied = false;
		wish->seen = r != NULL;
		wish->incarnation = r ? r->incarnation : 0;
		agent->reapply.wanted |= wish->present && !wish->applied;
	}
	mva_reapply_next(agent);
}

static void audit(
	struct mva_agent *agent, const struct mva_wish *wish, const struct mvmp_error *err)
{
	char object[MVMP_TEXT_LEN + 32], cpus[128], text[256];

	snprintf(text, sizeof text, "wish %llu: %s to %s", (unsigned long long)wish->number,
		mva_wish_object(object, sizeof object, wish),
		mva_cpuset_text(cpus, sizeof cpus, &wish->cpus));
	mva_audit_add(agent->audit,
		&(struct mva_audit_entry){.wall_ns = agent->env.wall_ns(agent->env.ctx),
			.serial = wish->serial,
			.who = wish->who,
			.verb = "reapply",
			.arguments = text,
			.result = mvmp_status_name(err->status),
			.text = err->text});
}

static struct mva_wish *current(struct mva_agent *agent)
{
	const struct mva_reapply *r = &agent->reapply;

	for (unsigned i = 0; i < agent->wishes.count; i++) {
		struct mva_wish *wish = &agent->wishes.at[i];

		if (memcmp(wish->uuid, r->uuid, MVMP_ID_LEN) == 0 && wish->vcpu == r->vcpu &&
			wish->emulator == r->emulator)
			return wish;
	}
	return NULL;
}

static void reapplied(void *ctx, const struct mvmp_error *err, const struct mva_pin_result *result)
{
	struct mva_agent *agent = ctx;
	struct mva_wish *wish = current(agent);

	agent->reapply.under_way = false;
	mva_sampler_invalidate(&agent->sampler);
	if (wish)
		audit(agent, wish, err);
	if (agent->reapply.applying)
		return; /* a backend that answers at once: the loop below goes on */
	mva_reapply_next(agent);
	mva_agent_save(agent, agent->env.mono_ns(agent->env.ctx));
}

static void apply(struct mva_agent *agent, struct mva_wish *wish)
{
	struct mva_reapply *r = &agent->reapply;
	struct mva_pin pin = {.vcpu = wish->vcpu, .emulator = wish->emulator, .cpus = wish->cpus};

	memcpy(r->uuid, wish->uuid, MVMP_ID_LEN);
	r->vcpu = wish->vcpu;
	r->emulator = wish->emulator;
	r->under_way = true;
	wish->applied = true; /* tried once; drift shows the rest */
	mvmp_uuid_text(pin.domain, wish->uuid);
	agent->backend->ops->pin(agent->backend, &pin, reapplied, agent);
}

static struct mva_wish *next_wish(struct mva_agent *agent)
{
	for (unsigned i = 0; i < agent->wishes.count; i++) {
		struct mva_wish *wish = &agent->wishes.at[i];

		if (wish->present && !wish->applied)
			return wish;
	}
	return NULL;
}

void mva_reapply_next(struct mva_agent *agent)
{
	struct mva_reapply *r = &agent->reapply;

	while (r->wanted && !r->under_way) {
		struct mva_wish *wish = next_wish(agent);

		r->wanted = wish != NULL;
		r->applying = true;
		if (wish)
			apply(agent, wish);
		r->applying = false;
	}
}
