/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_COLLECTORS_H
#define MVA_LINUX_COLLECTORS_H

/* The collectors of the host's figures, one file and one struct each: what they keep open
 * between samples, and what the backend calls. */

#include "../cpuset.h"

struct mva_linux;

enum {
	MVA_NUMA_MAX = 64,
	MVA_SENSORS_MAX = 128,
	MVA_EDAC_MAX = 32,
	MVA_RAPL_MAX = 16,
	MVA_POOLS_MAX = 16,
};

/* CPU times of one line of /proc/stat, ns. */
struct mva_cpu_times {
	unsigned cpu;
	uint64_t user, system, irq, idle, iowait, steal, guest;
};

struct mva_stat {
	int fd;
	struct mva_cpu_times all;
	struct mva_cpu_times *cpu; /* online pCPUs, ascending */
	unsigned cpus, capacity;
	uint64_t ctxt, intr, runnable;
	bool intr_known;
};

/* The rest of what one small file of /proc tells. */
struct mva_proc {
	int meminfo, loadavg, vmstat, uptime, schedstat, psi[3];
};

struct mva_cpufreq {
	int dir;
	int *fd; /* by position in stat.cpu; -1: no cpufreq */
	uint64_t *max_khz;
	unsigned *core, *package; /* topology, for sensors' labels */
	unsigned cpus;
	bool any;
};

struct mva_numa_node {
	unsigned number;
	int meminfo, numastat;
	unsigned cpus;
	struct mva_cpuset set;
	char list[MVMP_TEXT_LEN], distances[MVMP_TEXT_LEN];
};

struct mva_numa {
	int dir;
	unsigned nodes;
	struct mva_numa_node node[MVA_NUMA_MAX];
};

struct mva_sensor {
	int fd;
	int core, package; /* -1: not a core's */
	int64_t mc;
	bool known;
};

struct mva_sensors {
	unsigned count;
	bool cores;
	uint64_t read_ns;
	struct mva_sensor at[MVA_SENSORS_MAX];
};

struct mva_edac {
	unsigned controllers;
	int ce[MVA_EDAC_MAX], ue[MVA_EDAC_MAX];
};

struct mva_rapl_zone {
	int fd;
	uint64_t range_uj, last_uj, sum_uj;
};

struct mva_rapl {
	unsigned zones;
	uint64_t read_ns;
	struct mva_rapl_zone zone[MVA_RAPL_MAX];
};

struct mva_pool {
	char name[MVMP_TEXT_LEN];
	struct mva_cpuset set;
	uint64_t busy_ns, at_ns; /* of the last sample, for the load */
	uint64_t load_milli;
	bool loaded;
};

struct mva_pools {
	int dir;
	unsigned count;
	struct mva_pool at[MVA_POOLS_MAX];
};

/* Collectors: open once; sample into the node's, a pCPU's, ... records; close. */
int mva_stat_open(struct mva_linux *lx, struct mvmp_error *err);
int mva_stat_read(struct mva_linux *lx); /* true state of the pCPUs for all that follow */
void mva_stat_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_stat_pcpu(const struct mva_cpu_times *times, struct mvmp_record *pcpu);
void mva_stat_close(struct mva_linux *lx);

void mva_meminfo_open(struct mva_linux *lx);
void mva_meminfo_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_loadavg_open(struct mva_linux *lx);
void mva_loadavg_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_vmstat_open(struct mva_linux *lx);
void mva_vmstat_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_psi_open(struct mva_linux *lx);
void mva_psi_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_identity_open(struct mva_linux *lx);
void mva_identity_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_schedstat_open(struct mva_linux *lx);
void mva_schedstat_pcpus(struct mva_linux *lx, struct mvmp_records *pcpus);
void mva_proc_close(struct mva_linux *lx);

void mva_cpufreq_open(struct mva_linux *lx); /* again after the set of pCPUs changed */
void mva_cpufreq_sample(struct mva_linux *lx, struct mvmp_record *node, struct mvmp_records *pcpus);
void mva_cpufreq_close(struct mva_linux *lx);

void mva_numa_open(struct mva_linux *lx);
void mva_numa_refresh(struct mva_linux *lx);
bool mva_numa_sample(struct mva_linux *lx, struct mvmp_sample *out);
int mva_numa_of_cpu(const struct mva_linux *lx, unsigned cpu); /* -1: not told */
void mva_numa_close(struct mva_linux *lx);

void mva_sensors_open(struct mva_linux *lx);
void mva_sensors_sample(struct mva_linux *lx, struct mvmp_record *node, struct mvmp_records *pcpus);
void mva_sensors_close(struct mva_linux *lx);

void mva_edac_open(struct mva_linux *lx);
void mva_edac_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_edac_close(struct mva_linux *lx);

void mva_rapl_open(struct mva_linux *lx);
void mva_rapl_read(struct mva_linux *lx); /* often enough that no wrap is missed */
void mva_rapl_node(struct mva_linux *lx, struct mvmp_record *node);
void mva_rapl_close(struct mva_linux *lx);

void mva_pools_open(struct mva_linux *lx);
void mva_pools_refresh(struct mva_linux *lx);
void mva_pools_sample(struct mva_linux *lx, struct mvmp_sample *out);
void mva_pools_close(struct mva_linux *lx);

/* The formulas over what the record holds already (docs/counters.md, "Derived"). */
void mva_derive_node(struct mva_linux *lx, struct mvmp_record *node);

#endif
