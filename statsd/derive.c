/* SPDX-License-Identifier: Apache-2.0 */
#include "derive.h"
#include <stdio.h>
#include <string.h>

/* What a node cannot tell counts as 0 where it is one part of a sum of times. */
#define CPU_BUSY   "a,b,+,e,UN,0,e,IF,+"
#define CPU_SHARES "cpu_user_ns", "cpu_system_ns", "cpu_idle_ns", "cpu_iowait_ns", "cpu_steal_ns"

const struct mvs_series mvs_derived[] = {
	{MVMP_NODE, "cpu", "CPU busy", "%", CPU_BUSY ",DUP,c,+,d,UN,0,d,IF,+,/,100,*", 5,
		{CPU_SHARES}},
	{MVMP_NODE, "iowait", "CPU waiting for disks", "%", "d," CPU_BUSY ",c,+,d,+,/,100,*", 5,
		{CPU_SHARES}},
	{MVMP_NODE, "steal", "CPU stolen", "%", "e," CPU_BUSY ",c,+,d,UN,0,d,IF,+,/,100,*", 5,
		{CPU_SHARES}},
	{MVMP_NODE, "mem", "memory used", "%", "1,b,a,/,-,100,*", 2,
		{"mem_total_bytes", "mem_available_bytes"}},
	{MVMP_NODE, "load", "load of 1 min", "", "a,1000,/", 1, {"load1_milli"}},
	{MVMP_NODE, "power", "power", "W", "a,1000000,/", 1, {"energy_uj"}},
	{MVMP_NODE, "temp", "temperature", "C", "a,1000,/", 1, {"temp_mc"}},
	{MVMP_PCPU, "cpu", "CPU busy", "%", "a,10000000,/", 1, {"busy_ns"}},
	{MVMP_PCPU, "wait", "tasks waiting", "%", "a,10000000,/", 1, {"wait_ns"}},
	{MVMP_NUMA, "mem", "memory used", "%", "1,b,a,/,-,100,*", 2,
		{"mem_total_bytes", "mem_free_bytes"}},
	{MVMP_POOL, "cpu", "CPU busy", "%", "a,10000000,/", 1, {"busy_ns"}},
	{MVMP_POOL, "load", "load", "", "a,1000,/", 1, {"load_milli"}},
	{MVMP_DOMAIN, "cpu", "CPU", "%", "a,10000000,/", 1, {"cpu_ns"}},
	{MVMP_DOMAIN, "wait", "vCPUs waiting", "%", "a,10000000,/", 1, {"wait_ns"}},
	{MVMP_DOMAIN, "mem", "memory", "B", "a", 1, {"mem_current_bytes"}},
	{MVMP_DOMAIN, "rss", "memory resident", "B", "a", 1, {"mem_rss_bytes"}},
	{MVMP_VCPU, "cpu", "CPU", "%", "a,10000000,/", 1, {"time_ns"}},
	{MVMP_VCPU, "wait", "waiting", "%", "a,10000000,/", 1, {"wait_ns"}},
	{MVMP_VIF, "rx", "received", "bit/s", "a,8,*", 1, {"rx_bytes"}},
	{MVMP_VIF, "tx", "sent", "bit/s", "a,8,*", 1, {"tx_bytes"}},
	{MVMP_VIF, "rx_pps", "packets received", "1/s", "a", 1, {"rx_packets"}},
	{MVMP_VIF, "tx_pps", "packets sent", "1/s", "a", 1, {"tx_packets"}},
	{MVMP_VIF, "drops", "packets dropped", "1/s", "a,b,+", 2, {"rx_drops", "tx_drops"}},
	{MVMP_VBD, "rd", "read", "B/s", "a", 1, {"rd_bytes"}},
	{MVMP_VBD, "wr", "written", "B/s", "a", 1, {"wr_bytes"}},
	{MVMP_VBD, "iops", "requests", "1/s", "a,b,+", 2, {"rd_reqs", "wr_reqs"}},
	{MVMP_VBD, "rd_latency", "time of a read", "ms", "b,0,GT,a,b,/,1000000,/,UNKN,IF", 2,
		{"rd_time_ns", "rd_reqs"}},
	{MVMP_VBD, "wr_latency", "time of a write", "ms", "b,0,GT,a,b,/,1000000,/,UNKN,IF", 2,
		{"wr_time_ns", "wr_reqs"}},
	{MVMP_NODE, NULL, NULL, NULL, NULL, 0, {NULL}},
};

static const char *unit_text(const struct mvmp_metric *metric)
{
	static const struct {
		const char *gauge, *counter;
	} text[] = {
		[MVMP_UNIT_COUNT] = {"", "1/s"},
		[MVMP_UNIT_BYTES] = {"B", "B/s"},
		[MVMP_UNIT_SECTORS] = {"sectors", "sectors/s"},
		[MVMP_UNIT_NS] = {"ns", "ns/s"},
		[MVMP_UNIT_KHZ] = {"kHz", "kHz/s"},
		[MVMP_UNIT_MILLI] = {"1/1000", "1/1000/s"},
		[MVMP_UNIT_PPM] = {"ppm", "ppm/s"},
		[MVMP_UNIT_MILLIDEG] = {"m\302\260C", "m\302\260C/s"},
		[MVMP_UNIT_UJ] = {"uJ", "uJ/s"},
		[MVMP_UNIT_UW] = {"uW", "uW/s"},
		[MVMP_UNIT_STATE] = {"state", "state/s"},
	};

	return metric->type == MVMP_COUNTER ? text[metric->unit].counter : text[metric->unit].gauge;
}

static void make_plain(struct mvs_series *to, enum mvmp_entity kind, int column)
{
	const struct mvmp_metric *metric = &mvmp_entities[kind].metric[column];

	*to = (struct mvs_series){.kind = kind,
		.name = metric->name,
		.title = metric->name,
		.unit = unit_text(metric),
		.rpn = "a",
		.sources = 1,
		.source = {metric->name}};
}

static int not_found(enum mvmp_entity kind, const char *name, struct mvmp_error *err)
{
	char known[160] = "";
	size_t used = 0;

	for (const struct mvs_series *s = mvs_derived; s->name; s++) {
		if (s->kind == kind && used < sizeof known)
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
				used ? ", " : "", s->name);
	}
	mvmp_fail(err, MVMP_NOT_FOUND, "a %s has no metric %.40s; there are %s",
		mvmp_entities[kind].name, name, known);
	return mvmp_hint(err, "and the %u raw ones of docs/storage.md, such as %s",
		mvmp_entities[kind].metrics, mvmp_entities[kind].metric[0].name);
}

int mvs_series_find(const struct mvs_series **ret, struct mvs_series *storage,
	enum mvmp_entity kind, const char *name, struct mvmp_error *err)
{
	int column;

	for (const struct mvs_series *s = mvs_derived; s->name; s++) {
		if (s->kind == kind && strcmp(s->name, name) == 0) {
			*ret = s;
			return 0;
		}
	}
	column = mvmp_metric_find(kind, name);
	if (column < 0)
		return not_found(kind, name, err);
	make_plain(storage, kind, column);
	*ret = storage;
	return 0;
}
