/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_H
#define MVA_LINUX_H

/* What the files of the linux backend share. One struct per collector, owned by its file. */

#include "../cpuset.h"

enum {
	MVA_NUMA_MAX = 64,
	MVA_CAPABILITIES_MAX = 48,
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

struct mva_guests;
struct mva_counters;

struct mva_linux {
	struct mva_backend base;
	struct mva_backend_env env;
	char *buf; /* what was read last; grows to a bound, then stays */
	size_t buf_size;
	long tick_ns; /* of USER_HZ */

	char hostname[MVMP_TEXT_LEN], kernel[MVMP_TEXT_LEN], cpu_model[MVMP_TEXT_LEN];
	struct mva_stat stat;
	struct mva_proc proc;
	struct mva_cpufreq cpufreq;
	struct mva_numa numa;
	struct mva_sensors sensors;
	struct mva_edac edac;
	struct mva_rapl rapl;
	struct mva_pools pools;
	struct mva_guests *guests;
	struct mva_counters *counters;

	uint64_t max_util_ns, node_sampled_ns;
	uint64_t refreshed_ns;
	unsigned known_cpus; /* for which files are open */

	unsigned capabilities;
	struct mva_capability capability[MVA_CAPABILITIES_MAX];
};

/* backend.c: adds or replaces a capability; `reason` may be NULL when supported. The name must
 * be a literal. */
void mva_linux_can(struct mva_linux *lx, const char *name, bool supported, const char *reason);

/* file.c: sources of the helper. Each returns a descriptor or -errno; on failure the capability
 * `name` (NULL: none) says why. */
int mva_linux_open(struct mva_linux *lx, const char *capability, enum mva_source source,
	const char *name, uint32_t number);
/* A file below an open directory. Closed by the caller; -errno. */
int mva_linux_openat(int dir, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a file of one record into lx->buf, NUL-terminated. Length, or -errno. */
int mva_linux_read(struct mva_linux *lx, int fd);
/* The same for files of many records, which come in pieces. */
int mva_linux_read_all(struct mva_linux *lx, int fd);
/* Opens below `dir`, reads and closes: for what is read once. The final newline is cut. */
int mva_linux_read_once(struct mva_linux *lx, int dir, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One number of an open file; false when it cannot be read now. */
bool mva_linux_read_number(int fd, int64_t *ret);
/* Calls `each` for every entry whose name starts with `prefix`; the directory stays open. */
void mva_linux_each(struct mva_linux *lx, int dir, const char *prefix,
	void (*each)(struct mva_linux *lx, int dir, const char *name, void *ctx), void *ctx);
/* Closes *fd if open and sets it to -1. */
void mva_linux_close(int *fd);

uint64_t mva_linux_now(const struct mva_linux *lx);

static inline void mva_unsupported(struct mvmp_record *r, unsigned metric)
{
	r->unsupported |= 1ull << metric;
}

static inline void mva_set_or_unsupported(
	struct mvmp_record *r, unsigned metric, bool known, uint64_t value)
{
	if (known)
		mvmp_set(r, metric, value);
	else
		mva_unsupported(r, metric);
}

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
