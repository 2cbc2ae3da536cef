/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_BACKEND_H
#define MVA_BACKEND_H

/*
 * A backend knows one kind of hypervisor. It runs in the agent's unprivileged process, reads
 * through descriptors that the helper opened (privops.h), and never blocks: what can hang is
 * asked of the helper and answered later. One folder each: linux/, sim/, null/.
 */

#include "privops.h"
#include <mvmp/sample.h>
#include <mvmp/status.h>

struct mva_backend;

/* The agent's services for a backend; outlive it. */
struct mva_backend_env {
	void *ctx;
	struct mva_privops *priv; /* NULL for backends that need none (sim, null) */
	uint64_t (*mono_ns)(void *ctx);
	uint64_t (*wall_ns)(void *ctx);
	const char *node; /* the member's name, for texts */
	const char
		*options; /* text after "linux:" / "sim:" on the command line, e.g. "domains=50" */
};

/* What the node cannot do or tell; `reason` names what was tried. */
struct mva_capability {
	const char *name; /* "pmu", "rapl", "edac", "libvirt", "vbd.outstanding", ... */
	bool supported;
	char reason[120];
};

/* A counter of a performance dump. Borrowed from the backend until the next call. */
struct mva_perf_counter {
	const char *name, *source;
	uint64_t total;
	const uint64_t *value; /* per CPU (or index); NULL: total only */
	unsigned values;
	const char *const *label; /* names of indexes; NULL: CPUs */
	bool level;
	uint64_t time_enabled_ns, time_running_ns;
	const char *unsupported; /* reason, or NULL */
};

struct mva_perf {
	uint64_t now_ns;     /* since the hypervisor started */
	const unsigned *cpu; /* numbers of the columns */
	unsigned cpus;
	const struct mva_perf_counter *counter;
	unsigned counters;
};

enum { MVA_CPUS_MAX = 1024 };

/* A set of pCPUs. */
struct mva_cpuset {
	uint64_t bits[MVA_CPUS_MAX / 64];
};

/* Pins one vCPU (or the emulator threads) of a domain; the set is absolute, never empty. */
struct mva_pin {
	char domain[MVMP_TEXT_LEN]; /* as the caller wrote it: UUID, name or domid */
	unsigned vcpu;
	bool emulator;
	bool any;     /* all pCPUs of the node */
	bool dry_run; /* validate and report `before` only */
	struct mva_cpuset cpus;
};

struct mva_pin_result {
	uint8_t uuid[MVMP_ID_LEN];
	char name[MVMP_TEXT_LEN];
	struct mva_cpuset before, after; /* read from the system, not remembered */
};

/* `error.status` MVMP_OK, MVMP_DRIFT (applied, read back differs), or why not. */
typedef void mva_pin_done(
	void *ctx, const struct mvmp_error *error, const struct mva_pin_result *result);

struct mva_backend_ops {
	const char *name;
	bool simulated;
	int (*open)(const struct mva_backend_env *env, struct mva_backend **ret,
		struct mvmp_error *err);
	void (*close)(struct mva_backend *backend);
	/* Fills `out` (empty) with the kinds asked for (bits), by what is known now: never waits.
	 * A kind that could not be sampled at all is left out of out->kinds. */
	int (*sample)(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out);
	/* What the backend cannot do, for `show` and answers; borrowed. */
	unsigned (*capabilities)(struct mva_backend *backend, const struct mva_capability **ret);
	/* All counters, or those of one domain (name, UUID, domid; NULL: the node). */
	int (*perf)(struct mva_backend *backend, const char *domain, bool arrays,
		struct mva_perf *ret, struct mvmp_error *err);
	/* pCPUs of the node, for validation and for printing "any". */
	void (*online)(struct mva_backend *backend, struct mva_cpuset *ret);
	/* Applies, reads back, calls `done` exactly once, now or later; after close() never. */
	void (*pin)(struct mva_backend *backend, const struct mva_pin *pin, mva_pin_done *done,
		void *ctx);
	/* Periodic work (inventory refresh); called about every `sample` and at least each second.
	 */
	void (*advance)(struct mva_backend *backend);
};

/* The base struct, embedded first. */
struct mva_backend {
	const struct mva_backend_ops *ops;
};

extern const struct mva_backend_ops mva_backend_linux;
extern const struct mva_backend_ops mva_backend_sim;
extern const struct mva_backend_ops mva_backend_null;

/* "0-3,8" of a set, "" for none, at most `size` bytes with the NUL. Returns `to`. */
char *mva_cpuset_text(char *to, size_t size, const struct mva_cpuset *set);
/* Reads such a list; MVMP_INVALID names the bad part. */
int mva_cpuset_parse(struct mva_cpuset *set, const char *text, struct mvmp_error *err);

#endif
