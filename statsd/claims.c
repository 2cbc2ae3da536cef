/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Domain UUIDs are claims of nodes, not facts: two nodes may report the same one (a copied
 * definition, a migration under way, a lie). Both are kept, under their nodes; the conflict is
 * named at both.
 */

static const uint64_t forget_ns = 3600 * MVMP_NS_PER_S;
static struct mvs_node gone; /* stands for nodes that were removed */

static uint32_t slot_of(const struct mvs_core *core, const uint8_t *domain)
{
	uint64_t h;

	memcpy(&h, domain, sizeof h);
	h ^= (uint64_t)domain[8] << 56 ^ (uint64_t)domain[15] << 17 ^ (uint64_t)domain[14] << 5;
	h *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32) & (core->claim_slots - 1);
}

static struct mvs_claim *find_slot(struct mvs_core *core, const uint8_t *domain)
{
	uint32_t at = slot_of(core, domain);

	while (core->claim[at].node && memcmp(core->claim[at].domain, domain, MVMP_ID_LEN))
		at = (at + 1) & (core->claim_slots - 1);
	return &core->claim[at];
}

static bool is_alive(const struct mvs_claim *claim, uint64_t now)
{
	return claim->node && now - claim->seen_ns < forget_ns;
}

/* Rebuilds the table when it is half full, without claims that nobody repeated. */
static bool make_room(struct mvs_core *core, uint64_t now)
{
	struct mvs_claim *old = core->claim;
	uint32_t slots = core->claim_slots, alive = 0, wanted = 256;

	if (core->claims < slots / 2)
		return true;
	for (uint32_t i = 0; i < slots; i++)
		alive += is_alive(&old[i], now);
	while (wanted < 4 * alive)
		wanted *= 2;
	core->claim = calloc(wanted, sizeof *core->claim);
	if (!core->claim) {
		core->claim = old;
		return core->claims + 1 < slots;
	}
	core->claim_slots = wanted;
	core->claims = alive;
	for (uint32_t i = 0; i < slots; i++) {
		if (is_alive(&old[i], now))
			*find_slot(core, old[i].domain) = old[i];
	}
	free(old);
	return true;
}

static const char *domain_name(const struct mvmp_record *record, char uuid[static 37])
{
	return record->text[MVMP_DT_NAME][0] ? record->text[MVMP_DT_NAME]
					     : mvmp_uuid_text(uuid, record->key.domain);
}

static void name_conflict(struct mvs_node *node, const struct mvs_node *other,
	const struct mvmp_record *record, uint64_t now)
{
	char clean[MVMP_TEXT_LEN], uuid[37];

	mvs_clean_text(clean, sizeof clean, domain_name(record, uuid));
	snprintf(node->conflict, sizeof node->conflict, "domain %.50s is claimed by %.50s too",
		clean, mvs_node_label(other));
	node->conflict_ns = now + 3 * node->interval_ms * MVMP_NS_PER_MS;
}

static void claim_domain(struct mvs_node *node, const struct mvmp_record *record, uint64_t now)
{
	struct mvs_core *core = node->core;
	struct mvs_claim *claim;

	if (!make_room(core, now))
		return;
	claim = find_slot(core, record->key.domain);
	if (!claim->node)
		core->claims++;
	if (claim->node && claim->node != node && claim->node != &gone &&
		now - claim->seen_ns < 2 * claim->node->interval_ms * MVMP_NS_PER_MS) {
		name_conflict(node, claim->node, record, now);
		name_conflict(claim->node, node, record, now);
	}
	memcpy(claim->domain, record->key.domain, MVMP_ID_LEN);
	claim->node = node;
	claim->seen_ns = now;
}

void mvs_claims_update(struct mvs_node *node, uint64_t now)
{
	const struct mvs_snapshot *latest = node->live.now;

	for (uint32_t i = 0; i < latest->fresh[MVMP_DOMAIN]; i++)
		claim_domain(node, &latest->sample.kind[MVMP_DOMAIN].at[i], now);
}

void mvs_claims_forget(struct mvs_node *node)
{
	struct mvs_core *core = node->core;

	for (uint32_t i = 0; i < core->claim_slots; i++) {
		if (core->claim[i].node == node)
			core->claim[i].node = &gone;
	}
}
