/* SPDX-License-Identifier: Apache-2.0 */

/* Linux has no CPU pools as Xen has. Pool 0, "host", is all online pCPUs; every cgroup v2 cpuset
 * partition (cpuset.cpus.partition "root" or "isolated") is a further pool, since the scheduler
 * balances it by itself (Documentation/admin-guide/cgroup-v2.rst). */

#include "guests.h"
#include "scan.h"
#include <stdio.h>

static bool is_partition(struct mva_linux *lx, int dir, const char *name)
{
	return mva_linux_read_once(lx, dir, "%s/cpuset.cpus.partition", name) > 0 &&
	       (!strcmp(lx->buf, "root") || !strcmp(lx->buf, "isolated"));
}

static struct mva_pool *find(struct mva_pools *pools, const char *name)
{
	for (unsigned i = 1; i < pools->count; i++) {
		if (!strcmp(pools->at[i].name, name))
			return &pools->at[i];
	}
	return NULL;
}

static void add_partition(struct mva_linux *lx, int dir, const char *name, void *ctx)
{
	struct mva_pools *pools = ctx;
	struct mva_pool *pool = &pools->at[pools->count], *known;
	struct mva_cpuset set = {0};

	if (pools->count == MVA_POOLS_MAX || strlen(name) >= sizeof(pool->name))
		return;
	if (!is_partition(lx, dir, name) ||
		mva_linux_read_once(lx, dir, "%s/cpuset.cpus.effective", name) <= 0 ||
		mva_cpuset_parse(&set, lx->buf, NULL))
		return;
	known = find(&lx->pools, name);
	*pool = known ? *known : (struct mva_pool){0};
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	pool->set = set;
	pools->count++;
}

void mva_pools_open(struct mva_linux *lx)
{
	lx->pools.dir = mva_linux_open(lx, NULL, MVA_SRC_SYS_DIR, "cgroup", 0);
	mva_pools_refresh(lx);
}

void mva_pools_refresh(struct mva_linux *lx)
{
	struct mva_pools found = {.dir = lx->pools.dir, .count = 1};

	found.at[0] = lx->pools.at[0];
	snprintf(found.at[0].name, sizeof(found.at[0].name), "host");
	found.at[0].set = (struct mva_cpuset){0};
	for (unsigned i = 0; i < lx->stat.cpus; i++)
		mva_cpuset_add(&found.at[0].set, lx->stat.cpu[i].cpu);
	if (found.dir >= 0)
		mva_linux_each(lx, found.dir, "", add_partition, &found);
	lx->pools = found;
}

static void measure(struct mva_linux *lx, struct mva_pool *pool, struct mvmp_record *r)
{
	uint64_t busy = 0, now = mva_linux_now(lx);
	unsigned cpus = 0;

	for (unsigned i = 0; i < lx->stat.cpus; i++) {
		const struct mva_cpu_times *cpu = &lx->stat.cpu[i];

		if (!mva_cpuset_has(&pool->set, cpu->cpu))
			continue;
		busy += cpu->user + cpu->system + cpu->irq;
		cpus++;
	}
	/* A figure over less than a few ticks says nothing: keep the last. */
	if (pool->at_ns && now - pool->at_ns >= 5 * (uint64_t)lx->tick_ns) {
		uint64_t part = busy > pool->busy_ns ? busy - pool->busy_ns : 0;

		pool->load_milli = part * 1000 / (now - pool->at_ns);
		pool->loaded = true;
	}
	if (!pool->at_ns || now - pool->at_ns >= 5 * (uint64_t)lx->tick_ns) {
		pool->busy_ns = busy;
		pool->at_ns = now;
	}
	mvmp_set(r, MVMP_L_CPUS, cpus);
	mvmp_set(r, MVMP_L_BUSY, busy);
	if (pool->loaded)
		mvmp_set(r, MVMP_L_LOAD, pool->load_milli);
}

void mva_pools_sample(struct mva_linux *lx, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < lx->pools.count; i++) {
		struct mva_pool *pool = &lx->pools.at[i];
		struct mvmp_record *r = mvmp_sample_add(out, MVMP_POOL);
		char cpus[MVMP_TEXT_LEN];

		if (!r)
			return;
		r->key.index = i;
		measure(lx, pool, r);
		mvmp_set(r, MVMP_L_DOMAINS, mva_guests_in(lx, &pool->set));
		mvmp_set_text(r, MVMP_LT_NAME, pool->name);
		mvmp_set_text(r, MVMP_LT_CPUS, mva_cpuset_text(cpus, sizeof(cpus), &pool->set));
		mvmp_set_text(r, MVMP_LT_SCHEDULER, i ? "linux cpuset partition" : "linux");
	}
}

void mva_pools_close(struct mva_linux *lx)
{
	mva_linux_close(&lx->pools.dir);
}
