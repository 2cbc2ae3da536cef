/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that perf_event_open(2) counts on each pCPU: the kernel's own and the PMU's. The
 * kernel's are opened with the backend, the PMU's when first asked for, since they take its few
 * registers from others. From then on they count; time_running below time_enabled says that
 * the PMU was shared, and by how much a reader must scale.
 */

#include "counters.h"
#include "source.h"
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CACHE(cache, result)                                                                       \
	(PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_READ << 8 |                          \
		PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const struct event {
	const char *name, *also; /* `also`: Xen's name for it */
	uint32_t type;
	uint64_t config;
	const char *source;
	const char *never; /* why it cannot be counted at all */
} events[MVA_EVENTS] = {
	{"context-switches", "sched: context switches", PERF_TYPE_SOFTWARE,
		PERF_COUNT_SW_CONTEXT_SWITCHES, "perf software event, since the agent's start",
		NULL},
	{"cpu-migrations", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS,
		"perf software event, since the agent's start", NULL},
	{"page-faults", "page faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS,
		"perf software event, since the agent's start", NULL},
	{"branches", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "PMU", NULL},
	{"branch-misses", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, "PMU", NULL},
	{"cycles", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "PMU", NULL},
	{"instructions", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, "PMU", NULL},
	{"LLC-loads", NULL, PERF_TYPE_HW_CACHE, CACHE(LL, ACCESS), "PMU", NULL},
	{"LLC-load-misses", NULL, PERF_TYPE_HW_CACHE, CACHE(LL, MISS), "PMU", NULL},
	{"dTLB-loads", NULL, PERF_TYPE_HW_CACHE, CACHE(DTLB, ACCESS), "PMU", NULL},
	{"dTLB-load-misses", NULL, PERF_TYPE_HW_CACHE, CACHE(DTLB, MISS), "PMU", NULL},
	{"mem-loads", NULL, 0, 0, "PMU",
		"counts only while sampling (needs a load latency threshold)"},
	{"mem-stores", NULL, 0, 0, "PMU", "counts only while sampling"},
};

static void close_event(struct mva_event *event)
{
	for (unsigned i = 0; i < event->cpus; i++)
		mva_linux_close(&event->fd[i]);
	free(event->fd);
	*event = (struct mva_event){0};
}

static int open_on_cpu(
	struct mva_linux *lx, const struct event *what, unsigned cpu, struct mva_event *event)
{
	struct mva_open open = {.source = MVA_SRC_PERF_EVENT,
		.number = cpu,
		.perf_type = what->type,
		.perf_config = what->config};
	struct mvmp_error err = {0};
	int fd = lx->env.priv->ops->open(lx->env.priv, &open, &err);

	if (fd < 0)
		snprintf(event->reason, sizeof(event->reason), "%.80s%s", err.text,
			what->type == PERF_TYPE_SOFTWARE ? ""
							 : " (no PMU, or one without this event)");
	return fd;
}

static void open_event(struct mva_linux *lx, const struct event *what, struct mva_event *event)
{
	close_event(event);
	event->tried = true;
	event->error = 1;
	if (what->never) {
		snprintf(event->reason, sizeof(event->reason), "%s", what->never);
		return;
	}
	event->fd = calloc(lx->stat.cpus, sizeof(*event->fd));
	if (!event->fd)
		return;
	for (; event->cpus < lx->stat.cpus; event->cpus++) {
		int fd = open_on_cpu(lx, what, lx->stat.cpu[event->cpus].cpu, event);

		if (fd < 0)
			return;
		event->fd[event->cpus] = fd;
	}
	event->error = 0;
}

static void read_event(struct mva_counters *counters, const struct mva_event *event,
	struct mva_perf_counter *counter)
{
	uint64_t *value = mva_counter_values(counters, counter);

	for (unsigned i = 0; i < event->cpus && i < counters->cpus; i++) {
		struct mva_perf_read got;

		/* Not pread: these files have no positions. */
		if (read(event->fd[i], &got, sizeof(got)) != (ssize_t)sizeof(got)) {
			counter->unsupported = "the event's descriptor cannot be read";
			counter->value = NULL;
			return;
		}
		value[i] = got.value;
		counter->time_enabled_ns += got.time_enabled_ns;
		counter->time_running_ns += got.time_running_ns;
	}
	mva_counter_sum(counter);
	/* A PMU that answers but never ran (seen in guests) has told nothing. */
	if (counter->time_enabled_ns && !counter->time_running_ns) {
		counter->unsupported = "the PMU was never free for this event (time_running 0)";
		counter->value = NULL;
	}
}

static void add_event(struct mva_linux *lx, unsigned i, const char *name)
{
	struct mva_event *event = &lx->counters->event[i];
	struct mva_perf_counter *counter = mva_counter_add(lx->counters, name, events[i].source);

	if (!counter)
		return;
	if (event->error)
		counter->unsupported = event->reason;
	else
		read_event(lx->counters, event, counter);
}

void mva_events_open(struct mva_linux *lx)
{
	for (unsigned i = 0; i < MVA_EVENTS; i++) {
		if (events[i].type == PERF_TYPE_SOFTWARE)
			open_event(lx, &events[i], &lx->counters->event[i]);
	}
}

void mva_events_add(struct mva_linux *lx)
{
	bool pmu = false;

	for (unsigned i = 0; i < MVA_EVENTS; i++) {
		struct mva_event *event = &lx->counters->event[i];

		if (!event->tried || (!event->error && event->cpus != lx->stat.cpus))
			open_event(lx, &events[i], event);
		if (events[i].also && !event->error)
			add_event(lx, i, events[i].also);
		add_event(lx, i, events[i].name);
		pmu |= events[i].type == PERF_TYPE_HARDWARE && !event->error;
	}
	mva_linux_can(lx, "pmu", pmu, lx->counters->event[5].reason);
}

void mva_events_close(struct mva_linux *lx)
{
	for (unsigned i = 0; i < MVA_EVENTS; i++)
		close_event(&lx->counters->event[i]);
}
