/* SPDX-License-Identifier: Apache-2.0 */

/* /proc/stat: times of all and of each pCPU in USER_HZ ticks (proc(5)), switches, interrupts. */

#include "linux.h"
#include "scan.h"
#include <errno.h>
#include <stdlib.h>

int mva_stat_open(struct mva_linux *lx, struct mvmp_error *err)
{
	struct mva_open what = {.source = MVA_SRC_PROC_FILE, .name = "stat"};

	lx->stat.fd = lx->env.priv->ops->open(lx->env.priv, &what, err);
	if (lx->stat.fd < 0)
		return lx->stat.fd;
	if (mva_stat_read(lx) < 0 || !lx->stat.cpus)
		return mvmp_fail(err, MVMP_FAILED, "/proc/stat names no pCPU");
	return 0;
}

/* user nice system idle iowait irq softirq steal guest guest_nice; the guests' time is also in
 * user and nice. */
static void parse_times(struct mva_cpu_times *to, const char *at, uint64_t tick)
{
	uint64_t value[10];

	for (unsigned i = 0; i < 10; i++)
		value[i] = scan_u64(&at) * tick;
	to->user = value[0] + value[1];
	to->system = value[2];
	to->idle = value[3];
	to->iowait = value[4];
	to->irq = value[5] + value[6];
	to->steal = value[7];
	to->guest = value[8] + value[9];
}

static struct mva_cpu_times *next_cpu(struct mva_stat *stat)
{
	if (stat->cpus == stat->capacity) {
		unsigned capacity = stat->capacity ? 2 * stat->capacity : 16;
		void *cpu = capacity > MVA_CPUS_MAX
				    ? NULL
				    : realloc(stat->cpu, capacity * sizeof(*stat->cpu));

		if (!cpu)
			return NULL;
		stat->cpu = cpu;
		stat->capacity = capacity;
	}
	return &stat->cpu[stat->cpus++];
}

static void parse_cpu_line(struct mva_linux *lx, const char *at)
{
	uint64_t tick = (uint64_t)lx->tick_ns;
	struct mva_cpu_times *to;
	unsigned cpu;

	if (*at == ' ') {
		parse_times(&lx->stat.all, at, tick);
		return;
	}
	if (*at < '0' || *at > '9')
		return;
	cpu = (unsigned)scan_u64(&at);
	to = cpu < MVA_CPUS_MAX ? next_cpu(&lx->stat) : NULL;
	if (!to)
		return;
	to->cpu = cpu;
	parse_times(to, at, tick);
}

int mva_stat_read(struct mva_linux *lx)
{
	struct mva_stat *stat = &lx->stat;
	int len = mva_linux_read(lx, stat->fd);

	if (len < 0)
		return len;
	stat->cpus = 0;
	for (const char *line = lx->buf; line; line = scan_next_line(line)) {
		const char *at = line;

		if (scan_is(&at, "cpu"))
			parse_cpu_line(lx, at);
		else if (scan_is(&at, "intr "))
			stat->intr = scan_u64(&at);
		else if (scan_is(&at, "ctxt "))
			stat->ctxt = scan_u64(&at);
		else if (scan_is(&at, "procs_running "))
			stat->runnable = scan_u64(&at);
	}
	return 0;
}

void mva_stat_node(struct mva_linux *lx, struct mvmp_record *node)
{
	const struct mva_stat *stat = &lx->stat;

	mvmp_set(node, MVMP_N_PCPUS, stat->cpus);
	mvmp_set(node, MVMP_N_USER, stat->all.user);
	mvmp_set(node, MVMP_N_SYSTEM, stat->all.system + stat->all.irq);
	mvmp_set(node, MVMP_N_IDLE, stat->all.idle);
	mvmp_set(node, MVMP_N_IOWAIT, stat->all.iowait);
	mvmp_set(node, MVMP_N_STEAL, stat->all.steal);
	mvmp_set(node, MVMP_N_GUEST, stat->all.guest);
	mvmp_set(node, MVMP_N_SWITCHES, stat->ctxt);
	mvmp_set(node, MVMP_N_INTERRUPTS, stat->intr);
	mvmp_set(node, MVMP_N_RUNNABLE, stat->runnable);
}

void mva_stat_pcpu(const struct mva_cpu_times *times, struct mvmp_record *pcpu)
{
	mvmp_set(pcpu, MVMP_P_BUSY, times->user + times->system + times->irq);
	mvmp_set(pcpu, MVMP_P_USER, times->user);
	mvmp_set(pcpu, MVMP_P_SYSTEM, times->system);
	mvmp_set(pcpu, MVMP_P_IRQ, times->irq);
	mvmp_set(pcpu, MVMP_P_IDLE, times->idle);
	mvmp_set(pcpu, MVMP_P_IOWAIT, times->iowait);
	mvmp_set(pcpu, MVMP_P_STEAL, times->steal);
	mvmp_set(pcpu, MVMP_P_GUEST, times->guest);
}

void mva_stat_close(struct mva_linux *lx)
{
	mva_linux_close(&lx->stat.fd);
	free(lx->stat.cpu);
	lx->stat.cpu = NULL;
}
