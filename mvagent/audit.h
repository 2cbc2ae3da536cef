/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_AUDIT_H
#define MVA_AUDIT_H

/*
 * The audit log: "audit.log", one JSON object a line, and "audit.log.1" before it. Who changed
 * what, with what result; and who was refused, at a bounded rate.
 */

#include "disk.h"
#include <mvmp/limits.h>
#include <stdbool.h>

struct mva_audit;

enum {
	MVA_AUDIT_BYTES = 1 << 20, /* of one file */
	MVA_AUDIT_READ_MAX = 1000,
	MVA_AUDIT_REFUSALS_PER_MINUTE = 20,
};

struct mva_audit_entry {
	uint64_t wall_ns, serial;
	const char *who, *verb, *arguments, *result, *text;
	const uint8_t *operation; /* MVMP_ID_LEN bytes, or NULL */
};

/* `bytes` bounds each of the two files; 0: MVA_AUDIT_BYTES. */
struct mva_audit *mva_audit_new(struct mva_disk *disk, size_t bytes);
void mva_audit_free(struct mva_audit *audit);

void mva_audit_add(struct mva_audit *audit, const struct mva_audit_entry *entry);
/* The same for what strangers to the role can cause: bounded; the next line that is written
 * says how many were left out. */
void mva_audit_refused(struct mva_audit *audit, const struct mva_audit_entry *entry);

bool mva_audit_dirty(const struct mva_audit *audit);
void mva_audit_save(struct mva_audit *audit, struct mva_batch *batch);
void mva_audit_saved(struct mva_audit *audit, int rc);

/* Calls `each` for the newest saved entries, oldest of them first. Count or -errno. */
int mva_audit_read(struct mva_audit *audit, unsigned newest,
	void (*each)(void *ctx, const struct mva_audit_entry *entry), void *ctx);

#endif
