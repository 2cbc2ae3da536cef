/* SPDX-License-Identifier: Apache-2.0 */

/* cpufreq of each pCPU (kHz; Documentation/admin-guide/pm/cpufreq.rst), and the topology that
 * sensors' labels refer to. */

#include "linux.h"
#include "scan.h"
#include <errno.h>
#include <stdlib.h>

static unsigned read_id(struct mva_linux *lx, unsigned cpu, const char *file)
{
	const char *at = lx->buf;

	if (mva_linux_read_once(lx, lx->cpufreq.dir, "cpu%u/topology/%s", cpu, file) <= 0)
		return 0;
	at = lx->buf;
	return (unsigned)scan_u64(&at);
}

static uint64_t read_max(struct mva_linux *lx, unsigned cpu)
{
	const char *at;

	if (mva_linux_read_once(lx, lx->cpufreq.dir, "cpu%u/cpufreq/cpuinfo_max_freq", cpu) <= 0)
		return 0;
	at = lx->buf;
	return scan_u64(&at);
}

static int allocate(struct mva_cpufreq *freq, unsigned cpus)
{
	freq->fd = calloc(cpus, sizeof(*freq->fd));
	freq->max_khz = calloc(cpus, sizeof(*freq->max_khz));
	freq->core = calloc(cpus, sizeof(*freq->core));
	freq->package = calloc(cpus, sizeof(*freq->package));
	if (!freq->fd || !freq->max_khz || !freq->core || !freq->package)
		return -ENOMEM;
	freq->cpus = cpus;
	return 0;
}

void mva_cpufreq_open(struct mva_linux *lx)
{
	struct mva_cpufreq *freq = &lx->cpufreq;

	mva_cpufreq_close(lx);
	freq->dir = mva_linux_open(lx, "cpufreq", MVA_SRC_SYS_CPU_DIR, "", 0);
	if (freq->dir < 0 || allocate(freq, lx->stat.cpus))
		return;
	for (unsigned i = 0; i < freq->cpus; i++) {
		unsigned cpu = lx->stat.cpu[i].cpu;

		freq->fd[i] = mva_linux_openat(freq->dir, "cpu%u/cpufreq/scaling_cur_freq", cpu);
		freq->max_khz[i] = read_max(lx, cpu);
		freq->core[i] = read_id(lx, cpu, "core_id");
		freq->package[i] = read_id(lx, cpu, "physical_package_id");
		freq->any |= freq->fd[i] >= 0;
	}
	mva_linux_can(lx, "cpufreq", freq->any,
		"no /sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq");
}

/* Current frequency of the pCPU at position i; false when not told. */
static bool current(const struct mva_cpufreq *freq, unsigned i, uint64_t *khz)
{
	int64_t value;

	if (i >= freq->cpus || !mva_linux_read_number(freq->fd[i], &value) || value <= 0)
		return false;
	*khz = (uint64_t)value;
	return true;
}

void mva_cpufreq_sample(struct mva_linux *lx, struct mvmp_record *node, struct mvmp_records *pcpus)
{
	const struct mva_cpufreq *freq = &lx->cpufreq;
	uint64_t sum = 0, max = 0;
	unsigned known = 0;

	for (unsigned i = 0; i < lx->stat.cpus; i++) {
		uint64_t khz = 0;
		bool told = current(freq, i, &khz);
		uint64_t limit = i < freq->cpus ? freq->max_khz[i] : 0;

		known += told;
		sum += khz;
		max = limit > max ? limit : max;
		if (!pcpus)
			continue;
		mva_set_or_unsupported(&pcpus->at[i], MVMP_P_FREQ, told, khz);
		mva_set_or_unsupported(&pcpus->at[i], MVMP_P_FREQ_MAX, limit, limit);
	}
	if (!node)
		return;
	mva_set_or_unsupported(node, MVMP_N_FREQ, known, known ? sum / known : 0);
	mva_set_or_unsupported(node, MVMP_N_FREQ_MAX, max, max);
}

void mva_cpufreq_close(struct mva_linux *lx)
{
	struct mva_cpufreq *freq = &lx->cpufreq;

	for (unsigned i = 0; i < freq->cpus; i++)
		mva_linux_close(&freq->fd[i]);
	mva_linux_close(&freq->dir);
	free(freq->fd);
	free(freq->max_khz);
	free(freq->core);
	free(freq->package);
	*freq = (struct mva_cpufreq){.dir = -1};
}
