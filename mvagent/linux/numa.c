/* SPDX-License-Identifier: Apache-2.0 */

/* NUMA nodes: /sys/devices/system/node/node<N>/{meminfo,numastat,cpulist,distance}. */

#include "linux.h"
#include "scan.h"
#include <stdio.h>

static void replace_blanks(char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			*text = ',';
	}
}

/* CPUs and distances change with hotplug only. */
static void read_slow(struct mva_linux *lx, struct mva_numa_node *node)
{
	int dir = lx->numa.dir;

	node->set = (struct mva_cpuset){0};
	if (mva_linux_read_once(lx, dir, "node%u/cpulist", node->number) > 0)
		mva_cpuset_parse(&node->set, lx->buf, NULL);
	mva_cpuset_text(node->list, sizeof(node->list), &node->set);
	node->cpus = 0;
	for (unsigned word = 0; word < MVA_CPUS_MAX / 64; word++)
		node->cpus += (unsigned)__builtin_popcountll(node->set.bits[word]);
	if (mva_linux_read_once(lx, dir, "node%u/distance", node->number) > 0) {
		snprintf(node->distances, sizeof(node->distances), "%.63s", lx->buf);
		replace_blanks(node->distances);
	}
}

static void add_node(struct mva_linux *lx, unsigned number)
{
	struct mva_numa *numa = &lx->numa;
	struct mva_numa_node *node = &numa->node[numa->nodes++];

	*node = (struct mva_numa_node){.number = number};
	node->meminfo = mva_linux_openat(numa->dir, "node%u/meminfo", number);
	node->numastat = mva_linux_openat(numa->dir, "node%u/numastat", number);
	read_slow(lx, node);
}

void mva_numa_open(struct mva_linux *lx)
{
	struct mva_numa *numa = &lx->numa;
	struct mva_cpuset online = {0};

	numa->dir = mva_linux_open(lx, "numa", MVA_SRC_SYS_NODE_DIR, "", 0);
	if (numa->dir < 0 || mva_linux_read_once(lx, numa->dir, "online") <= 0 ||
		mva_cpuset_parse(&online, lx->buf, NULL)) {
		if (numa->dir >= 0)
			mva_linux_can(
				lx, "numa", false, "/sys/devices/system/node/online names no node");
		return;
	}
	for (unsigned n = 0; n < MVA_CPUS_MAX && numa->nodes < MVA_NUMA_MAX; n++) {
		if (mva_cpuset_has(&online, n))
			add_node(lx, n);
	}
	mva_linux_can(lx, "numa", true, NULL);
}

void mva_numa_refresh(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->numa.nodes; i++)
		read_slow(lx, &lx->numa.node[i]);
}

int mva_numa_of_cpu(const struct mva_linux *lx, unsigned cpu)
{
	for (unsigned i = 0; i < lx->numa.nodes; i++) {
		if (mva_cpuset_has(&lx->numa.node[i].set, cpu))
			return (int)lx->numa.node[i].number;
	}
	return -1;
}

/* "Node 0 MemTotal:         985224 kB" */
static void read_meminfo(
	struct mva_linux *lx, const struct mva_numa_node *node, struct mvmp_record *r)
{
	const char *line = mva_linux_read(lx, node->meminfo) > 0 ? lx->buf : NULL;

	for (; line; line = scan_next_line(line)) {
		const char *at = line;

		scan_word(&at);
		scan_word(&at);
		scan_blanks(&at);
		if (scan_is(&at, "MemTotal:"))
			mvmp_set(r, MVMP_U_TOTAL, scan_u64(&at) * 1024);
		else if (scan_is(&at, "MemFree:"))
			mvmp_set(r, MVMP_U_FREE, scan_u64(&at) * 1024);
	}
}

static const struct {
	const char *key;
	unsigned metric;
} stats[] = {
	{"numa_hit ", MVMP_U_HIT},
	{"numa_miss ", MVMP_U_MISS},
	{"numa_foreign ", MVMP_U_FOREIGN},
	{"local_node ", MVMP_U_LOCAL},
	{"other_node ", MVMP_U_OTHER},
};

static void read_numastat(
	struct mva_linux *lx, const struct mva_numa_node *node, struct mvmp_record *r)
{
	const size_t count = sizeof(stats) / sizeof(stats[0]);
	const char *line = mva_linux_read(lx, node->numastat) > 0 ? lx->buf : NULL;

	for (; line; line = scan_next_line(line)) {
		for (size_t i = 0; i < count; i++) {
			const char *at = line;

			if (scan_is(&at, stats[i].key))
				mvmp_set(r, stats[i].metric, scan_u64(&at));
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (!mvmp_has(r, stats[i].metric))
			mva_unsupported(r, stats[i].metric);
	}
}

bool mva_numa_sample(struct mva_linux *lx, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < lx->numa.nodes; i++) {
		const struct mva_numa_node *node = &lx->numa.node[i];
		struct mvmp_record *r = mvmp_sample_add(out, MVMP_NUMA);

		if (!r)
			return false;
		r->key.index = node->number;
		read_meminfo(lx, node, r);
		read_numastat(lx, node, r);
		mvmp_set(r, MVMP_U_CPUS, node->cpus);
		mvmp_set_text(r, MVMP_UT_CPUS, node->list);
		mvmp_set_text(r, MVMP_UT_DISTANCES, node->distances);
	}
	return lx->numa.nodes > 0;
}

void mva_numa_close(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->numa.nodes; i++) {
		mva_linux_close(&lx->numa.node[i].meminfo);
		mva_linux_close(&lx->numa.node[i].numastat);
	}
	lx->numa.nodes = 0;
	mva_linux_close(&lx->numa.dir);
}
