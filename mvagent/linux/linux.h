/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_H
#define MVA_LINUX_H

/* What the files of the linux backend share. */

#include "collectors.h"

enum { MVA_CAPABILITIES_MAX = 48 };

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

#endif
