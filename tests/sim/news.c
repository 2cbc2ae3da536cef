/* SPDX-License-Identifier: Apache-2.0 */
#include "news.h"
#include "memory.h"
#include "stage.h"
#include <stdlib.h>
#include <string.h>

/* As in proto/run/news.c. */
enum { RECHECK_S = 60, INQUIRE_S = 1, INQUIRE_MOST = 100, SHARE_MS = 20, SHARE_MOST = 32 };

enum {
	KEY_OF = 3,    /* one state in so many comes with another cluster key */
	GRACE_S = 600, /* for which the former one is accepted */
};

static uint64_t after(const struct sim_member *m, uint64_t ns)
{
	return m->node->world->now + ns;
}

static void put_in_force(struct sim_member *m, bool state, bool key)
{
	uint64_t now = m->node->world->now;

	if (key)
		mvmp_endpoint_take_keys(m->node->ep, now);
	if (state)
		mvmp_endpoint_recheck(m->node->ep, now);
	m->share_at = after(m, SHARE_MS * MVMP_NS_PER_MS);
}

/* What is held stays when the program ends: it is on the member's disk. */
void sim_news_take(void *ctx, const struct mvmp_cluster_news *news)
{
	struct sim_member *m = ctx;
	unsigned was = sim_memory_enter(0);
	bool state = false, key = false;
	struct mvmp_error err;
	int rc = 0;

	if (news->document)
		rc = mvmp_identity_update_cluster(
			&m->identity, news->document, news->len, &state, &err);
	if (!rc && news->key)
		rc = mvmp_identity_take_key(
			&m->identity, news->key, sim_member_wall_s(m), &key, &err);
	if (rc)
		sim_note(m->stage, "%s refuses news: %s", m->name, err.text);
	sim_memory_enter(was);
	if (state || key)
		put_in_force(m, state, key);
}

void sim_news_start(struct sim_member *m)
{
	m->recheck_at = after(m, RECHECK_S * MVMP_NS_PER_S);
	m->inquire_at = after(m, INQUIRE_S * MVMP_NS_PER_S);
	m->share_at = UINT64_MAX;
}

uint64_t sim_news_deadline(const struct sim_member *m)
{
	uint64_t at = m->recheck_at;

	if (m->client && m->inquire_at < at)
		at = m->inquire_at;
	if (m->client && m->share_at < at)
		at = m->share_at;
	return at;
}

void sim_news_advance(struct sim_member *m)
{
	uint64_t now = m->node->world->now;

	if (now >= m->recheck_at) {
		if (mvmp_identity_expire_key(&m->identity, sim_member_wall_s(m)))
			mvmp_endpoint_take_keys(m->node->ep, now);
		m->identity.former.over = false;
		mvmp_endpoint_recheck(m->node->ep, now);
		m->recheck_at = after(m, RECHECK_S * MVMP_NS_PER_S);
	}
	if (m->client && now >= m->inquire_at) {
		mvmp_client_inquire(m->client, INQUIRE_MOST, now);
		m->inquire_at = after(m, INQUIRE_S * MVMP_NS_PER_S);
	}
	if (m->client && now >= m->share_at)
		m->share_at = mvmp_client_share(m->client, SHARE_MOST, now)
				      ? after(m, SHARE_MS * MVMP_NS_PER_MS)
				      : UINT64_MAX;
}

/* ---- the CA ---- */

static void renew_key(struct sim_stage *stage, struct mvmp_cluster *cluster)
{
	test_random_bytes(&stage->random, stage->authority.cluster_key, MVMP_KEY_LEN);
	cluster->key_generation++;
	mvmp_cluster_key_id(&mvmp_crypto_openssl, cluster->key_id, stage->authority.cluster_key);
}

/* Everybody holds the newest cluster key; who missed two changes would have to be enrolled anew. */
static bool is_everywhere(const struct sim_stage *stage)
{
	for (unsigned i = 0; i < stage->members; i++) {
		if (memcmp(stage->member[i]->identity.cluster_key, stage->authority.cluster_key,
			    MVMP_KEY_LEN) != 0)
			return false;
	}
	return true;
}

/* Members hold one former key: another one is only made when the last is everywhere. */
void sim_news_make(struct sim_stage *stage)
{
	struct sim_member *m = sim_stage_pick(stage, SIM_AGGREGATOR);
	bool key = sim_draw(stage, KEY_OF) == 0 && is_everywhere(stage);
	uint64_t revoked = 100000 + stage->cluster_number;
	struct mvmp_cluster cluster = m->identity.cluster;
	struct mvmp_cluster_news news = {.from = &m->identity.cert};
	struct mvmp_error err;
	uint8_t *document;
	int len;

	/* The CA knows its last state; so must who is given the next one. */
	if (!sim_is_up(m) || cluster.number != stage->cluster_number)
		return;
	cluster.number = ++stage->cluster_number;
	cluster.revoked = 1;
	cluster.revoked_serial = &revoked;
	cluster.grace_s = GRACE_S;
	if (key)
		renew_key(stage, &cluster);
	len = mvmp_cluster_sign(
		&mvmp_crypto_openssl, &cluster, stage->authority.ca_seed, &document, &err);
	if (len < 0)
		abort();
	sim_note(stage, "%s is given cluster state %llu%s", m->name,
		(unsigned long long)stage->cluster_number, key ? " and another key" : "");
	news.document = document;
	news.len = (size_t)len;
	news.key = key ? stage->authority.cluster_key : NULL;
	sim_news_take(m, &news);
	test_node_touch(m->node);
	free(document);
}
