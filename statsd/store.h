/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_STORE_H
#define MVS_STORE_H

/*
 * History on disk: one RRD file an entity. The loop hands rows over and never waits: a bounded
 * queue takes them to the writer, a thread that opens, creates and updates files, several rows
 * of a file at a time. What is in neither file nor rrdcached when the program dies is at most
 * `flush_s` seconds of samples; nodes' rings give most of that back (docs/storage.md).
 *
 * All functions are for the loop's thread.
 */

#include "paths.h"
#include "schema.h"

struct mvs_store;
struct mvs_dir;	 /* of one node */
struct mvs_file; /* of one entity; lives as long as the store */

struct mvs_store_config {
	const char *directory; /* must exist and be writable */
	const struct mvs_profile *profile;
	uint32_t step_s;
	uint32_t interval_ms; /* expected of samples, for the heartbeat */
	uint32_t flush_s;     /* how long rows may wait for more of their file */
	uint32_t files_max;
	uint32_t node_files_max; /* of one node; 0: files_max */
	uint32_t expire_days;	 /* files without a row for so long are removed; 0: never */
	size_t queue_bytes;
	const char *rrdcached; /* socket path, or NULL: librrd directly */
	bool threaded;	       /* false: the owner calls mvs_store_run() */
	/* One line for the program's log; called from the writer. May be NULL. */
	void (*log)(void *ctx, const char *text);
	void *ctx;
};

/* Reads the index files of what was stored before. MVMP_NOT_FOUND, MVMP_PERMISSION,
 * MVMP_INVALID (not a directory), MVMP_CONFLICT (another program holds it), MVMP_IO (an index
 * cannot be read), MVMP_NO_MEMORY. */
int mvs_store_open(
	const struct mvs_store_config *config, struct mvs_store **ret, struct mvmp_error *err);

/* Writes everything that waits, then frees. */
void mvs_store_close(struct mvs_store *store);

/* The directory of a node by its certificate's name; NULL when the name is no safe path part,
 * or without memory. */
struct mvs_dir *mvs_store_dir(struct mvs_store *store, const char *node, bool create);

/* NULL when absent and not `create`, at files_max or the node's share, or without memory. */
struct mvs_file *mvs_store_file(
	struct mvs_dir *dir, enum mvmp_entity kind, const struct mvmp_key *key, bool create);

/* What people call the entity; kept in the index. Empty names change nothing. */
void mvs_store_describe(struct mvs_file *file, const char *name, bool simulated);

/* Files of a node one after another; NULL starts and ends. */
struct mvs_file *mvs_store_next(struct mvs_dir *dir, struct mvs_file *after);
struct mvs_dir *mvs_store_next_dir(struct mvs_store *store, struct mvs_dir *after);

/* Seconds since 1970 of the newest row of the node's own file on disk; 0: none. Reads a file:
 * for the start, not for every sample. */
uint64_t mvs_dir_last_s(struct mvs_dir *dir);

const char *mvs_dir_name(const struct mvs_dir *dir);
enum mvmp_entity mvs_file_kind(const struct mvs_file *file);
const struct mvmp_key *mvs_file_key(const struct mvs_file *file);
const char *mvs_file_name(const struct mvs_file *file);
bool mvs_file_simulated(const struct mvs_file *file);

/* Absolute path of the file. Returns `to`, which holds MVS_PATH_MAX (rrdfile.h) bytes. */
char *mvs_file_path(char *to, size_t size, const struct mvs_file *file);

/*
 * Hands over one record measured at `time_ms` (since 1970). `life` names the life the counters
 * belong to: when it differs from the last row's, the file gets a gap instead of a rate across.
 * Files get a row a second at most, on whole seconds (resample.h). What is not newer than the
 * file's newest row is left out and counted. False when the queue is full (counted as lost).
 */
bool mvs_store_put(struct mvs_store *store, struct mvs_file *file, uint64_t time_ms, uint64_t life,
	const struct mvmp_record *record);

/* What store time is now, and how often it began anew behind a step back (timeline.h). A file that
 * knows times later than this by more than MVS_AHEAD_MAX_S, or in a new era at all, is moved to
 * FILE.ahead-N, named in the log, and begun anew. To be called before the first row. */
void mvs_store_clock(struct mvs_store *store, uint64_t now_ms, uint32_t era);

/* Wakes the writer after a batch of rows. */
void mvs_store_commit(struct mvs_store *store);

enum { MVS_FLUSH_FILES_MAX = 64 };

/* Brings rows of these files that were put before to disk, then calls `done` from
 * mvs_store_reap(). At most MVS_FLUSH_FILES_MAX files. */
int mvs_store_flush(struct mvs_store *store, struct mvs_file *const *file, unsigned files,
	void (*done)(void *ctx), void *ctx);

/* Becomes readable when mvs_store_reap() has something to do. */
int mvs_store_descriptor(const struct mvs_store *store);
void mvs_store_reap(struct mvs_store *store);

/* Does the writer's work due at `now_ns` (monotonic); for stores without a thread. */
void mvs_store_run(struct mvs_store *store, uint64_t now_ns);

struct mvs_store_counters {
	uint64_t files, bytes; /* open or created by this program */
	uint64_t updates;      /* rows that reached files or rrdcached */
	uint64_t late;	       /* rows left out: not newer than the newest */
	uint64_t gaps;	       /* written between two lives */
	uint64_t damaged;      /* files moved aside */
	uint64_t failures;     /* calls that failed */
	uint64_t lost;	       /* rows given up */
	uint32_t queue;	       /* rows waiting */
	uint64_t expired;      /* files removed: nothing came for expire_days */
	uint64_t aside;	       /* files moved aside for times that are not yet */
	char degraded[128];    /* "" when well */
};
void mvs_store_counters(struct mvs_store *store, struct mvs_store_counters *to);
const struct mvs_store_config *mvs_store_config(const struct mvs_store *store);

#endif
