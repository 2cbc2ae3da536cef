/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_METRIC_H
#define MVMP_METRIC_H

/*
 * The table of everything that is measured: one row a metric, by entity kind. Wire columns,
 * RRD data sources, `show` views, JSON and exporters are all made from it. Rows are only ever
 * appended: a row's position is its column number on the wire.
 */

#include <mvmp/limits.h>
#include <stdint.h>

enum mvmp_entity {
	MVMP_NODE,
	MVMP_PCPU,
	MVMP_NUMA,
	MVMP_POOL,
	MVMP_DOMAIN,
	MVMP_VCPU,
	MVMP_VIF,
	MVMP_VBD,
	MVMP_ENTITY_COUNT
};

enum mvmp_metric_type {
	MVMP_GAUGE,
	MVMP_COUNTER, /* grows within one incarnation of its entity */
};

/* Raw units, as carried and as in JSON; the suffix of the metric's name says the same. */
enum mvmp_unit {
	MVMP_UNIT_COUNT, /* things, packets, requests, errors */
	MVMP_UNIT_BYTES,
	MVMP_UNIT_SECTORS, /* 512 bytes */
	MVMP_UNIT_NS,
	MVMP_UNIT_KHZ,
	MVMP_UNIT_MILLI,    /* thousandths of one (load averages) */
	MVMP_UNIT_PPM,	    /* parts per million of one */
	MVMP_UNIT_MILLIDEG, /* thousandths of a degree Celsius, signed */
	MVMP_UNIT_UJ,	    /* microjoules */
	MVMP_UNIT_UW,	    /* microwatts */
	MVMP_UNIT_STATE,    /* enum mvmp_domain_state */
};

enum mvmp_domain_state {
	MVMP_STATE_UNKNOWN = 0,
	MVMP_STATE_RUNNING = 1,
	MVMP_STATE_BLOCKED = 2,
	MVMP_STATE_PAUSED = 3,
	MVMP_STATE_SHUTDOWN = 4, /* on its way down */
	MVMP_STATE_OFF = 5,
	MVMP_STATE_CRASHED = 6,
	MVMP_STATE_SUSPENDED = 7,
};

enum { MVMP_METRICS_MAX = 48, MVMP_TEXTS_MAX = 4, MVMP_TEXT_LEN = 64 };

struct mvmp_metric {
	const char *name; /* 1 to 19 of a-z 0-9 _: an RRD data source name */
	enum mvmp_metric_type type;
	enum mvmp_unit unit;
	const char *help; /* what it means, in one line */
};

struct mvmp_entity_info {
	const char *name;   /* "node", "pcpu", "numa", "pool", "domain", "vcpu", "vif", "vbd" */
	const char *plural; /* "nodes", "cpus", "numa", "pools", "domains", ... as in `show` */
	unsigned metrics;
	const struct mvmp_metric *metric;
	unsigned texts; /* slow text properties */
	const char *text_name[MVMP_TEXTS_MAX];
};

extern const struct mvmp_entity_info mvmp_entities[MVMP_ENTITY_COUNT];

/* Column of a metric by name, or -1. */
int mvmp_metric_find(enum mvmp_entity kind, const char *name);

/* Kind by singular or plural name, or -1. */
int mvmp_entity_find(const char *name);

const char *mvmp_domain_state_name(enum mvmp_domain_state state);

/* Columns, by name, so that backends and views need no strings. X-macro lists keep table and
 * enums in step: X(column, "name", type, unit, help). Guest devices count as the guest sees
 * them (rx is what the guest received). */
#define MVMP_NODE_METRICS(X)                                                                       \
	X(N_PCPUS, "pcpus", GAUGE, COUNT, "online pCPUs")                                          \
	X(N_POOLS, "pools", GAUGE, COUNT, "CPU pools")                                             \
	X(N_NUMA_NODES, "numa_nodes", GAUGE, COUNT, "NUMA nodes with CPUs or memory")              \
	X(N_DOMAINS, "domains", GAUGE, COUNT, "domains that exist (running or paused)")            \
	X(N_DOMAINS_RUNNING, "domains_running", GAUGE, COUNT, "domains that run")                  \
	X(N_MEM_TOTAL, "mem_total_bytes", GAUGE, BYTES, "memory of the node")                      \
	X(N_MEM_FREE, "mem_free_bytes", GAUGE, BYTES, "memory unused (MemFree)")                   \
	X(N_MEM_AVAILABLE, "mem_available_bytes", GAUGE, BYTES,                                    \
		"memory to be had without swapping")                                               \
	X(N_MEM_CACHED, "mem_cached_bytes", GAUGE, BYTES, "page cache")                            \
	X(N_SWAP_TOTAL, "swap_total_bytes", GAUGE, BYTES, "swap space")                            \
	X(N_SWAP_FREE, "swap_free_bytes", GAUGE, BYTES, "swap space unused")                       \
	X(N_LOAD1, "load1_milli", GAUGE, MILLI, "load average of 1 min")                           \
	X(N_LOAD5, "load5_milli", GAUGE, MILLI, "load average of 5 min")                           \
	X(N_LOAD15, "load15_milli", GAUGE, MILLI, "load average of 15 min")                        \
	X(N_RUNNABLE, "runnable", GAUGE, COUNT, "runnable tasks at the sample")                    \
	X(N_USER, "cpu_user_ns", COUNTER, NS, "CPU time in user mode, guests included")            \
	X(N_SYSTEM, "cpu_system_ns", COUNTER, NS, "CPU time in the kernel, interrupts included")   \
	X(N_IDLE, "cpu_idle_ns", COUNTER, NS, "CPU time idle")                                     \
	X(N_IOWAIT, "cpu_iowait_ns", COUNTER, NS, "CPU time idle while a disk was awaited")        \
	X(N_STEAL, "cpu_steal_ns", COUNTER, NS, "CPU time taken by a hypervisor below")            \
	X(N_GUEST, "cpu_guest_ns", COUNTER, NS, "CPU time that guests ran (part of user)")         \
	X(N_SWITCHES, "ctx_switches", COUNTER, COUNT, "context switches")                          \
	X(N_INTERRUPTS, "interrupts", COUNTER, COUNT, "interrupts serviced")                       \
	X(N_FREQ, "freq_khz", GAUGE, KHZ, "mean frequency of the online pCPUs")                    \
	X(N_FREQ_MAX, "freq_max_khz", GAUGE, KHZ, "highest frequency a pCPU may reach")            \
	X(N_THROTTLE, "throttle_ppm", GAUGE, PPM, "capacity reserved: 1 - freq / freq_max")        \
	X(N_MEM_CONTENTION, "mem_contention_ppm", GAUGE, PPM,                                      \
		"1 - (free - (swap total - swap free)) / total; above 1: contention")              \
	X(N_CPU_CONTENTION, "cpu_contention_ppm", GAUGE, PPM,                                      \
		"runnable tasks / pCPUs; above 1: contention")                                     \
	X(N_MAX_UTIL, "max_util_ns", COUNTER, NS, "time with load of at least one per pCPU")       \
	X(N_TEMP, "temp_mc", GAUGE, MILLIDEG, "hottest sensor of the node")                        \
	X(N_UPTIME, "uptime_ns", GAUGE, NS, "time since boot")                                     \
	X(N_MEM_ERR_CE, "mem_err_ce", COUNTER, COUNT, "memory errors corrected (EDAC)")            \
	X(N_MEM_ERR_UE, "mem_err_ue", COUNTER, COUNT, "memory errors not corrected (EDAC)")        \
	X(N_ENERGY, "energy_uj", COUNTER, UJ, "energy of all packages (RAPL)")                     \
	X(N_PSI_CPU, "psi_cpu_ns", COUNTER, NS, "time some task waited for a CPU (PSI)")           \
	X(N_PSI_MEM, "psi_mem_ns", COUNTER, NS, "time some task waited for memory (PSI)")          \
	X(N_PSI_IO, "psi_io_ns", COUNTER, NS, "time some task waited for I/O (PSI)")               \
	X(N_SWAP_IN, "swap_in_pages", COUNTER, COUNT, "pages swapped in")                          \
	X(N_SWAP_OUT, "swap_out_pages", COUNTER, COUNT, "pages swapped out")

#define MVMP_PCPU_METRICS(X)                                                                       \
	X(P_BUSY, "busy_ns", COUNTER, NS, "CPU time not idle")                                     \
	X(P_USER, "user_ns", COUNTER, NS, "in user mode, guests included")                         \
	X(P_SYSTEM, "system_ns", COUNTER, NS, "in the kernel")                                     \
	X(P_IRQ, "irq_ns", COUNTER, NS, "in interrupts and softirqs")                              \
	X(P_IDLE, "idle_ns", COUNTER, NS, "idle")                                                  \
	X(P_IOWAIT, "iowait_ns", COUNTER, NS, "idle while a disk was awaited")                     \
	X(P_STEAL, "steal_ns", COUNTER, NS, "taken by a hypervisor below")                         \
	X(P_GUEST, "guest_ns", COUNTER, NS, "guests ran (part of user)")                           \
	X(P_WAIT, "wait_ns", COUNTER, NS, "runnable tasks waited for this pCPU (schedstat)")       \
	X(P_FREQ, "freq_khz", GAUGE, KHZ, "current frequency")                                     \
	X(P_FREQ_MAX, "freq_max_khz", GAUGE, KHZ, "highest frequency")                             \
	X(P_TEMP, "temp_mc", GAUGE, MILLIDEG, "core temperature")                                  \
	X(P_NUMA, "numa", GAUGE, COUNT, "its NUMA node")

#define MVMP_NUMA_METRICS(X)                                                                       \
	X(U_TOTAL, "mem_total_bytes", GAUGE, BYTES, "memory of the NUMA node")                     \
	X(U_FREE, "mem_free_bytes", GAUGE, BYTES, "unused")                                        \
	X(U_CPUS, "cpus", GAUGE, COUNT, "its online pCPUs")                                        \
	X(U_HIT, "numa_hit", COUNTER, COUNT, "pages got here as intended")                         \
	X(U_MISS, "numa_miss", COUNTER, COUNT, "pages got here, intended elsewhere")               \
	X(U_FOREIGN, "numa_foreign", COUNTER, COUNT, "pages intended here, got elsewhere")         \
	X(U_LOCAL, "local_node", COUNTER, COUNT, "pages got here by a task running here")          \
	X(U_OTHER, "other_node", COUNTER, COUNT, "pages got here by a task running elsewhere")

#define MVMP_POOL_METRICS(X)                                                                       \
	X(L_CPUS, "cpus", GAUGE, COUNT, "pCPUs of the pool")                                       \
	X(L_DOMAINS, "domains", GAUGE, COUNT, "domains that may run in it")                        \
	X(L_LOAD, "load_milli", GAUGE, MILLI, "mean number of busy pCPUs since the last sample")   \
	X(L_BUSY, "busy_ns", COUNTER, NS, "CPU time not idle of its pCPUs")

#define MVMP_DOMAIN_METRICS(X)                                                                     \
	X(D_ID, "domid", GAUGE, COUNT, "number on this node (libvirt id)")                         \
	X(D_STATE, "state", GAUGE, STATE, "running, paused, ...")                                  \
	X(D_VCPUS, "vcpus", GAUGE, COUNT, "vCPUs online")                                          \
	X(D_CPU, "cpu_ns", COUNTER, NS, "CPU time of the whole domain, emulation included")        \
	X(D_GUEST, "guest_ns", COUNTER, NS, "CPU time inside the guest")                           \
	X(D_WAIT, "wait_ns", COUNTER, NS, "its vCPUs were runnable but did not run")               \
	X(D_INTERRUPTION, "interruption_ns", COUNTER, NS, "execution time minus guest time")       \
	X(D_MEM_CURRENT, "mem_current_bytes", GAUGE, BYTES, "memory the guest has now (balloon)")  \
	X(D_MEM_MAX, "mem_max_bytes", GAUGE, BYTES, "memory the guest may have")                   \
	X(D_MEM_RSS, "mem_rss_bytes", GAUGE, BYTES, "host memory resident for it")                 \
	X(D_MEM_UNUSED, "mem_unused_bytes", GAUGE, BYTES, "the guest's own free memory")           \
	X(D_MEM_AGE, "mem_stat_age_ns", GAUGE, NS, "age of what the balloon driver told")          \
	X(D_MAJFLT, "major_faults", COUNTER, COUNT, "page faults that needed the disk")            \
	X(D_VIFS, "vifs", GAUGE, COUNT, "its VIFs")                                                \
	X(D_VBDS, "vbds", GAUGE, COUNT, "its VBDs")

#define MVMP_VCPU_METRICS(X)                                                                       \
	X(V_TIME, "time_ns", COUNTER, NS, "time it ran")                                           \
	X(V_WAIT, "wait_ns", COUNTER, NS, "runnable but not running (steal as the guest sees it)") \
	X(V_PCPU, "pcpu", GAUGE, COUNT, "pCPU it ran on last")                                     \
	X(V_SWITCHES, "ctx_switches", COUNTER, COUNT, "times it was switched out")

#define MVMP_VIF_METRICS(X)                                                                        \
	X(I_RX_BYTES, "rx_bytes", COUNTER, BYTES, "received by the guest")                         \
	X(I_RX_PACKETS, "rx_packets", COUNTER, COUNT, "received by the guest")                     \
	X(I_RX_ERRORS, "rx_errors", COUNTER, COUNT, "receive errors")                              \
	X(I_RX_DROPS, "rx_drops", COUNTER, COUNT, "dropped on the way to the guest")               \
	X(I_TX_BYTES, "tx_bytes", COUNTER, BYTES, "sent by the guest")                             \
	X(I_TX_PACKETS, "tx_packets", COUNTER, COUNT, "sent by the guest")                         \
	X(I_TX_ERRORS, "tx_errors", COUNTER, COUNT, "transmit errors")                             \
	X(I_TX_DROPS, "tx_drops", COUNTER, COUNT, "dropped on the way from the guest")

#define MVMP_VBD_METRICS(X)                                                                        \
	X(B_RD_REQS, "rd_reqs", COUNTER, COUNT, "read requests done")                              \
	X(B_WR_REQS, "wr_reqs", COUNTER, COUNT, "write requests done")                             \
	X(B_RD_SECTORS, "rd_sectors", COUNTER, SECTORS, "sectors read")                            \
	X(B_WR_SECTORS, "wr_sectors", COUNTER, SECTORS, "sectors written")                         \
	X(B_RD_BYTES, "rd_bytes", COUNTER, BYTES, "bytes read")                                    \
	X(B_WR_BYTES, "wr_bytes", COUNTER, BYTES, "bytes written")                                 \
	X(B_RD_TIME, "rd_time_ns", COUNTER, NS, "time reads took, summed")                         \
	X(B_WR_TIME, "wr_time_ns", COUNTER, NS, "time writes took, summed")                        \
	X(B_FLUSHES, "flush_reqs", COUNTER, COUNT, "flush requests done")                          \
	X(B_FLUSH_TIME, "flush_time_ns", COUNTER, NS, "time flushes took, summed")                 \
	X(B_OUTSTANDING, "outstanding", GAUGE, COUNT, "requests in flight")                        \
	X(B_ERRORS, "errors", COUNTER, COUNT, "requests that failed")                              \
	X(B_CAPACITY, "capacity_bytes", GAUGE, BYTES, "size the guest sees")                       \
	X(B_ALLOCATION, "allocation_bytes", GAUGE, BYTES, "bytes in use on the host")              \
	X(B_PHYSICAL, "physical_bytes", GAUGE, BYTES, "size of the container on the host")

#define MVMP_COLUMN(column, name, type, unit, help) MVMP_##column,
enum mvmp_node_metric { MVMP_NODE_METRICS(MVMP_COLUMN) MVMP_NODE_METRIC_COUNT };
enum mvmp_pcpu_metric { MVMP_PCPU_METRICS(MVMP_COLUMN) MVMP_PCPU_METRIC_COUNT };
enum mvmp_numa_metric { MVMP_NUMA_METRICS(MVMP_COLUMN) MVMP_NUMA_METRIC_COUNT };
enum mvmp_pool_metric { MVMP_POOL_METRICS(MVMP_COLUMN) MVMP_POOL_METRIC_COUNT };
enum mvmp_domain_metric { MVMP_DOMAIN_METRICS(MVMP_COLUMN) MVMP_DOMAIN_METRIC_COUNT };
enum mvmp_vcpu_metric { MVMP_VCPU_METRICS(MVMP_COLUMN) MVMP_VCPU_METRIC_COUNT };
enum mvmp_vif_metric { MVMP_VIF_METRICS(MVMP_COLUMN) MVMP_VIF_METRIC_COUNT };
enum mvmp_vbd_metric { MVMP_VBD_METRICS(MVMP_COLUMN) MVMP_VBD_METRIC_COUNT };
#undef MVMP_COLUMN

/* Text properties, by kind. */
enum mvmp_node_text { MVMP_NT_NAME, MVMP_NT_BACKEND, MVMP_NT_KERNEL, MVMP_NT_CPU_MODEL };
enum mvmp_numa_text { MVMP_UT_CPUS, MVMP_UT_DISTANCES }; /* "0-3", "10,21" */
enum mvmp_pool_text { MVMP_LT_NAME, MVMP_LT_CPUS, MVMP_LT_SCHEDULER };
enum mvmp_domain_text {
	MVMP_DT_NAME,
	MVMP_DT_TYPE,
	MVMP_DT_PIN
};					  /* "web-07", "kvm"|"qemu", "any" */
enum mvmp_vcpu_text { MVMP_VT_AFFINITY }; /* "0-3"; "any" when all online */
enum mvmp_vif_text {
	MVMP_IT_NAME,
	MVMP_IT_DEVICE,
	MVMP_IT_MAC,
	MVMP_IT_BRIDGE
}; /* "vif0","vnet3" */
enum mvmp_vbd_text {
	MVMP_BT_NAME,
	MVMP_BT_BACKING,
	MVMP_BT_SOURCE,
	MVMP_BT_FORMAT
}; /* "vda","file" */

#endif
