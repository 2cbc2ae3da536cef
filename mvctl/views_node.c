/* SPDX-License-Identifier: Apache-2.0 */
#include "view_columns.h"

/* Views of the node itself, its pCPUs, NUMA nodes and pools. CPU% is of one pCPU: 400 is four
 * busy pCPUs. */

static void put_memory_used(
	const struct mvctl_pair *pair, struct mvctl_cell *cell, unsigned total, unsigned free)
{
	const struct mvmp_record *r = pair->now;

	if (mvmp_has(r, total) && mvmp_has(r, free) && r->value[total] >= r->value[free] &&
		r->value[total])
		mvctl_put_real(cell, 100.0 * (double)(r->value[total] - r->value[free]) /
					     (double)r->value[total]);
}

static void node_memory_used(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	put_memory_used(pair, cell, MVMP_N_MEM_TOTAL, MVMP_N_MEM_AVAILABLE);
}

static void numa_memory_used(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	put_memory_used(pair, cell, MVMP_U_TOTAL, MVMP_U_FREE);
}

/* Share of all pCPUs that was busy. */
static void node_busy(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	static const unsigned busy[] = {MVMP_N_USER, MVMP_N_SYSTEM, MVMP_N_STEAL};
	static const unsigned idle[] = {MVMP_N_IDLE, MVMP_N_IOWAIT};
	double sum_busy = 0, sum = 0, rate;

	for (unsigned i = 0; i < 3; i++) {
		if (mvctl_pair_rate(&rate, pair, busy[i]))
			sum_busy += rate;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (mvctl_pair_rate(&rate, pair, idle[i]))
			sum += rate;
	}
	sum += sum_busy;
	if (sum > 0)
		mvctl_put_real(cell, 100 * sum_busy / sum);
}

static const struct mvctl_view_column node_columns[] = {
	NODE_NAME,
	METRIC("pcpus", "PCPUS", MVCTL_FIXED, NULL, MVMP_N_PCPUS),
	CALL("cpu_busy_percent", "CPU%", 0, mvctl_human_1, node_busy),
	METRIC("load1_milli", "LOAD1", 0, mvctl_human_milli, MVMP_N_LOAD1),
	METRIC("mem_total_bytes", "MEM_GiB", 0, mvctl_human_bytes_gib, MVMP_N_MEM_TOTAL),
	CALL("mem_used_percent", "MEM%", 0, mvctl_human_1, node_memory_used),
	METRIC("domains", "DOMS", 0, NULL, MVMP_N_DOMAINS),
	RATE("ctx_switches_per_s", "SWITCH/s", 0, mvctl_human_integer, MVMP_N_SWITCHES, 1),
	RATE("interrupts_per_s", "INTR/s", 0, mvctl_human_integer, MVMP_N_INTERRUPTS, 1),
	METRIC("freq_khz", "GHz", MVCTL_WIDE, mvctl_human_khz_ghz, MVMP_N_FREQ),
	METRIC("temp_mc", "TEMP_C", MVCTL_WIDE, mvctl_human_millideg, MVMP_N_TEMP),
	AGE(0),
};

const struct mvctl_view mvctl_view_nodes = {
	.kind = MVMP_NODE,
	.noun = "node",
	.kinds = 1u << MVMP_NODE,
	.column = node_columns,
	.columns = sizeof node_columns / sizeof node_columns[0],
	.summary = "the node: identity, CPU, memory, domains, link, what it cannot tell",
};

static const struct mvctl_view_column cpu_columns[] = {
	NODE_NAME,
	INDEX("cpu", "CPU"),
	METRIC("numa", "NUMA", MVCTL_FIXED, NULL, MVMP_P_NUMA),
	RATE("busy_percent", "BUSY%", 0, mvctl_human_1, MVMP_P_BUSY, NS_TO_PERCENT),
	RATE("user_percent", "USER%", 0, mvctl_human_1, MVMP_P_USER, NS_TO_PERCENT),
	RATE("system_percent", "SYS%", 0, mvctl_human_1, MVMP_P_SYSTEM, NS_TO_PERCENT),
	RATE("irq_percent", "IRQ%", 0, mvctl_human_1, MVMP_P_IRQ, NS_TO_PERCENT),
	RATE("iowait_percent", "IOWAIT%", 0, mvctl_human_1, MVMP_P_IOWAIT, NS_TO_PERCENT),
	RATE("steal_percent", "STEAL%", 0, mvctl_human_1, MVMP_P_STEAL, NS_TO_PERCENT),
	RATE("guest_percent", "GUEST%", 0, mvctl_human_1, MVMP_P_GUEST, NS_TO_PERCENT),
	RATE("wait_percent", "WAIT%", 0, mvctl_human_1, MVMP_P_WAIT, NS_TO_PERCENT),
	METRIC("freq_khz", "GHz", 0, mvctl_human_khz_ghz, MVMP_P_FREQ),
	METRIC("freq_max_khz", "MAX_GHz", MVCTL_WIDE, mvctl_human_khz_ghz, MVMP_P_FREQ_MAX),
	METRIC("temp_mc", "TEMP_C", MVCTL_WIDE, mvctl_human_millideg, MVMP_P_TEMP),
	AGE(MVCTL_WIDE),
};

const struct mvctl_view mvctl_view_cpus = {
	.kind = MVMP_PCPU,
	.noun = "cpus",
	.kinds = 1u << MVMP_PCPU,
	.column = cpu_columns,
	.columns = sizeof cpu_columns / sizeof cpu_columns[0],
	.summary = "its pCPUs: where their time goes, frequency, temperature",
};

static const struct mvctl_view_column numa_columns[] = {
	NODE_NAME,
	INDEX("numa", "NUMA"),
	TEXT("cpu_list", "PCPUS", 0, MVMP_UT_CPUS),
	METRIC("mem_total_bytes", "MEM_GiB", 0, mvctl_human_bytes_gib, MVMP_U_TOTAL),
	METRIC("mem_free_bytes", "FREE_GiB", 0, mvctl_human_bytes_gib, MVMP_U_FREE),
	CALL("mem_used_percent", "MEM%", 0, mvctl_human_1, numa_memory_used),
	RATE("numa_hit_per_s", "HIT/s", 0, mvctl_human_integer, MVMP_U_HIT, 1),
	RATE("numa_miss_per_s", "MISS/s", 0, mvctl_human_integer, MVMP_U_MISS, 1),
	RATE("local_node_per_s", "LOCAL/s", 0, mvctl_human_integer, MVMP_U_LOCAL, 1),
	RATE("other_node_per_s", "OTHER/s", 0, mvctl_human_integer, MVMP_U_OTHER, 1),
	TEXT("distances", "DISTANCES", 0, MVMP_UT_DISTANCES),
};

const struct mvctl_view mvctl_view_numa = {
	.kind = MVMP_NUMA,
	.noun = "numa",
	.kinds = 1u << MVMP_NUMA,
	.column = numa_columns,
	.columns = sizeof numa_columns / sizeof numa_columns[0],
	.summary = "its NUMA nodes: pCPUs, memory, hits and misses, distances",
};

static const struct mvctl_view_column pool_columns[] = {
	NODE_NAME,
	INDEX("pool", "POOL"),
	TEXT("name", "NAME", 0, MVMP_LT_NAME),
	TEXT("cpu_list", "PCPUS", 0, MVMP_LT_CPUS),
	METRIC("load_milli", "LOAD", 0, mvctl_human_milli, MVMP_L_LOAD),
	RATE("busy_percent", "CPU%", 0, mvctl_human_1, MVMP_L_BUSY, NS_TO_PERCENT),
	METRIC("domains", "DOMS", 0, NULL, MVMP_L_DOMAINS),
	TEXT("scheduler", "SCHEDULER", 0, MVMP_LT_SCHEDULER),
};

const struct mvctl_view mvctl_view_pools = {
	.kind = MVMP_POOL,
	.noun = "pools",
	.kinds = 1u << MVMP_POOL,
	.column = pool_columns,
	.columns = sizeof pool_columns / sizeof pool_columns[0],
	.summary = "its CPU pools: pCPUs, load, domains",
};
