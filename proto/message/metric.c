/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/metric.h>
#include <string.h>

#define ROW(column, name, type, unit, help) {name, MVMP_##type, MVMP_UNIT_##unit, help},
static const struct mvmp_metric node_metrics[] = {MVMP_NODE_METRICS(ROW)};
static const struct mvmp_metric pcpu_metrics[] = {MVMP_PCPU_METRICS(ROW)};
static const struct mvmp_metric numa_metrics[] = {MVMP_NUMA_METRICS(ROW)};
static const struct mvmp_metric pool_metrics[] = {MVMP_POOL_METRICS(ROW)};
static const struct mvmp_metric domain_metrics[] = {MVMP_DOMAIN_METRICS(ROW)};
static const struct mvmp_metric vcpu_metrics[] = {MVMP_VCPU_METRICS(ROW)};
static const struct mvmp_metric vif_metrics[] = {MVMP_VIF_METRICS(ROW)};
static const struct mvmp_metric vbd_metrics[] = {MVMP_VBD_METRICS(ROW)};
#undef ROW

_Static_assert(MVMP_NODE_METRIC_COUNT <= (int)MVMP_METRICS_MAX, "node metrics outgrow a record");
_Static_assert(MVMP_DOMAIN_METRIC_COUNT <= (int)MVMP_METRICS_MAX, "domain metrics too");
_Static_assert(MVMP_VBD_METRIC_COUNT <= (int)MVMP_METRICS_MAX, "and those of VBDs");

#define ENTITY(kind, singular, several, text_count)                                                \
	.name = (singular), .plural = (several), .metric = kind##_metrics,                         \
	.metrics = sizeof kind##_metrics / sizeof *kind##_metrics, .texts = text_count

const struct mvmp_entity_info mvmp_entities[MVMP_ENTITY_COUNT] = {
	[MVMP_NODE] = {ENTITY(node, "node", "nodes", 4),
		.text_name = {"name", "backend", "kernel", "cpu_model"}},
	[MVMP_PCPU] = {ENTITY(pcpu, "pcpu", "cpus", 0)},
	[MVMP_NUMA] = {ENTITY(numa, "numa", "numa", 2), .text_name = {"cpus", "distances"}},
	[MVMP_POOL] = {ENTITY(pool, "pool", "pools", 3),
		.text_name = {"name", "cpus", "scheduler"}},
	[MVMP_DOMAIN] = {ENTITY(domain, "domain", "domains", 3),
		.text_name = {"name", "type", "pin"}},
	[MVMP_VCPU] = {ENTITY(vcpu, "vcpu", "vcpus", 1), .text_name = {"affinity"}},
	[MVMP_VIF] = {ENTITY(vif, "vif", "vifs", 4),
		.text_name = {"name", "device", "mac", "bridge"}},
	[MVMP_VBD] = {ENTITY(vbd, "vbd", "vbds", 4),
		.text_name = {"name", "backing", "source", "format"}},
};

int mvmp_metric_find(enum mvmp_entity kind, const char *name)
{
	if ((unsigned)kind >= MVMP_ENTITY_COUNT)
		return -1;
	for (unsigned i = 0; i < mvmp_entities[kind].metrics; i++) {
		if (!strcmp(mvmp_entities[kind].metric[i].name, name))
			return (int)i;
	}
	return -1;
}

int mvmp_entity_find(const char *name)
{
	for (int kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		if (!strcmp(mvmp_entities[kind].name, name) ||
			!strcmp(mvmp_entities[kind].plural, name))
			return kind;
	}
	return -1;
}

const char *mvmp_domain_state_name(enum mvmp_domain_state state)
{
	static const char *const names[] = {
		[MVMP_STATE_UNKNOWN] = "unknown",
		[MVMP_STATE_RUNNING] = "running",
		[MVMP_STATE_BLOCKED] = "blocked",
		[MVMP_STATE_PAUSED] = "paused",
		[MVMP_STATE_SHUTDOWN] = "shutdown",
		[MVMP_STATE_OFF] = "off",
		[MVMP_STATE_CRASHED] = "crashed",
		[MVMP_STATE_SUSPENDED] = "suspended",
	};

	return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}
