/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_PRIVOPS_H
#define MVA_PRIVOPS_H

/*
 * What the unprivileged process may have of the privileged helper: a closed table of small
 * operations on named things. The helper validates every argument itself and trusts nothing
 * that comes from the protocol process. Transport: a seqpacket socket pair; descriptors travel
 * as SCM_RIGHTS. In tests the same ops run in-process on a recorded /proc and /sys.
 *
 * Synchronous operations take microseconds (open and hand over); all that can hang (libvirt) is
 * asynchronous, runs in killable workers of the helper, and has a deadline.
 */

#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <stddef.h>
#include <stdint.h>

/* Sources the helper opens for reading. Each is one file or directory whose path the helper
 * makes from checked numbers; no path ever comes from outside. */
enum mva_source {
	MVA_SRC_PROC_FILE, /* /proc/<name>, name from a closed list: stat, meminfo, loadavg, ... */
	MVA_SRC_SYS_CPU_DIR,  /* /sys/devices/system/cpu (directory) */
	MVA_SRC_SYS_NODE_DIR, /* /sys/devices/system/node (directory) */
	MVA_SRC_SYS_DIR, /* a directory below /sys from a closed list: hwmon, powercap, edac, ... */
	MVA_SRC_PROC_PID_DIR,  /* /proc/<pid> of a QEMU process, checked to be one */
	MVA_SRC_KVM_DEBUG_DIR, /* /sys/kernel/debug/kvm */
	MVA_SRC_PERF_EVENT,    /* perf_event_open(type, config, cpu); pid -1 */
	MVA_SRC_RAPL_ENERGY,   /* energy_uj of a powercap package zone, readable by root only */
	MVA_SRC_COUNT
};

struct mva_open {
	enum mva_source source;
	char name[32];	 /* PROC_FILE, SYS_DIR */
	uint32_t number; /* pid; or cpu of PERF_EVENT; or zone of RAPL_ENERGY */
	uint32_t perf_type;
	uint64_t perf_config;
};

/* Asynchronous questions and commands. Requests and answers are the flat structs or byte
 * strings that the operation's header (linux/) documents. */
enum mva_task {
	MVA_TASK_INVENTORY, /* libvirt: all domains -> struct mva_inventory, serialised */
	MVA_TASK_BLOCK,	    /* libvirt: block statistics of one domain by UUID */
	MVA_TASK_BALLOON,   /* libvirt: balloon statistics of one domain by UUID */
	MVA_TASK_PIN,	    /* libvirt: pin vCPU or emulator, read back */
	MVA_TASK_READ_PIN,  /* libvirt: read a pinning */
	MVA_TASK_COUNT
};

enum { MVA_TASK_REQUEST_MAX = 1024, MVA_TASK_ANSWER_MAX = 512 * 1024 };

/* `error.status` MVMP_OK with the answer's bytes (borrowed), or why not: MVMP_NO_ANSWER after
 * the deadline (the worker was killed), MVMP_OUTCOME_UNKNOWN (the worker died), MVMP_BUSY (one
 * outstanding for this domain, or the global cap; nothing was begun), MVMP_UNSUPPORTED (no
 * libvirt here, or no worker program). */
typedef void mva_task_done(
	void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len);

struct mva_privops;

struct mva_privops_ops {
	/* An open descriptor (the caller closes it) or -errno; *err may be NULL. */
	int (*open)(struct mva_privops *priv, const struct mva_open *what, struct mvmp_error *err);
	/* Reads a file that checks its reader at read time (/proc/<pid>/io). Length or -errno. */
	int (*read_pid_io)(struct mva_privops *priv, uint32_t pid, char *to, size_t size);
	/* Starts a task; `done` is called exactly once, later (never from inside). Returns an id,
	 * or 0 when the request itself is unusable (`done` is not called). */
	uint64_t (*start)(struct mva_privops *priv, enum mva_task task, const void *request,
		size_t len, unsigned deadline_ms, mva_task_done *done, void *ctx);
	/* `done` of this task will not be called any more. */
	void (*cancel)(struct mva_privops *priv, uint64_t id);
};

struct mva_privops {
	const struct mva_privops_ops *ops;
};

#endif
