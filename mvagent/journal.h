/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_JOURNAL_H
#define MVA_JOURNAL_H

/*
 * The journal of mutating operations: at most once, full stop. An operation's intent is on the
 * disk before it is applied, its result before it is answered. An operation is named by its id
 * and the serial of the certificate that asked. After a restart, intents without a result are
 * INTERRUPTED and never run again.
 *
 * The journal is a row of segment files "journal.00000001", ...; each begins with the floors of
 * what has been forgotten and then holds checksummed records. When a segment is full a new one
 * is begun; the oldest is forgotten when there are too many. The first six bytes of an operation
 * id are the caller's clock (ms since 1970, big-endian), so that ids older than what was
 * forgotten can be told and refused (EXPIRED).
 *
 * A tail that a power cut tore off is cut off. Any other damage is mended at mva_journal_open():
 * what can be read is kept, and ids that are not known and not younger than that moment count as
 * forgotten.
 *
 * No I/O of its own but at mva_journal_open() and mva_journal_result(): changes collect until
 * mva_journal_save() puts them into a batch, and mva_journal_saved() tells how that ended.
 */

#include "disk.h"
#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <stdbool.h>

struct mva_journal;

/* Bounds; zeros mean the defaults. */
struct mva_journal_limits {
	size_t segment_bytes; /* 1 MiB */
	unsigned segments;    /* 16 */
	unsigned operations;  /* 32000 */
};

enum mva_journal_state {
	MVA_JOURNAL_NEW, /* never heard of */
	MVA_JOURNAL_RUNNING,
	MVA_JOURNAL_DONE,
	MVA_JOURNAL_INTERRUPTED,
	MVA_JOURNAL_CONFLICT, /* known with other arguments */
	MVA_JOURNAL_EXPIRED,  /* older than what was forgotten */
};

struct mva_intent {
	uint64_t serial;
	uint8_t operation[MVMP_ID_LEN];
	uint8_t digest[MVMP_ID_LEN]; /* of verb and arguments */
	uint8_t verb;
	uint64_t wall_ns;
	char summary[128]; /* "pin web-07 vCPU 0 to 4" */
};

/* How an operation ended, as answered. Body and text of mva_journal_result() belong to the
 * journal until its next call. */
struct mva_result {
	enum mvmp_status status;
	const char *text, *hint;
	const uint8_t *body;
	size_t body_len;
};

int mva_journal_open(struct mva_disk *disk, const struct mva_journal_limits *limits,
	uint64_t wall_ns, struct mva_journal **ret, struct mvmp_error *err);
void mva_journal_close(struct mva_journal *journal);

/* One sentence about damage found at open, or NULL. */
const char *mva_journal_damage(const struct mva_journal *journal);

/* What is known of an operation; `digest` NULL: whatever its arguments. */
enum mva_journal_state mva_journal_find(const struct mva_journal *journal, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], const uint8_t *digest);

/* Adds an intent that find() called NEW. -ENOMEM. */
int mva_journal_begin(struct mva_journal *journal, const struct mva_intent *intent);
/* Adds the result of a RUNNING operation; find() says DONE from now on. -ENOMEM: the result is
 * lost, mva_journal_result() fails with -EAGAIN, and after a restart it is INTERRUPTED. */
int mva_journal_end(struct mva_journal *journal, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], const struct mva_result *result);
/* Forgets an intent that could not be saved: it was never applied. */
void mva_journal_abandon(
	struct mva_journal *journal, uint64_t serial, const uint8_t operation[static MVMP_ID_LEN]);

/* Reads back intent and (when DONE) result, by the file where saved. -ENOENT, -EIO. */
int mva_journal_result(struct mva_journal *journal, uint64_t serial,
	const uint8_t operation[static MVMP_ID_LEN], struct mva_intent *intent,
	struct mva_result *result);

bool mva_journal_dirty(const struct mva_journal *journal);
/* Puts what collected into the batch (nothing while one is under way). */
void mva_journal_save(struct mva_journal *journal, struct mva_batch *batch);
/* The batch ended. After a failure intents must be abandoned; results are saved again. */
void mva_journal_saved(struct mva_journal *journal, int rc);

#endif
