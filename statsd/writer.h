/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_WRITER_H
#define MVS_WRITER_H

/* The writer's half of the store: what is due when, and one row's way into its file. */

#include "backend.h"
#include "store_private.h"

enum { MVS_ROW_TEXT_MAX = 32 + MVMP_METRICS_MAX * 21 };

/* The search for files to remove, a few a round. */
struct mvs_sweep {
	uint64_t began_ns, next_ns; /* the writer's first round; when the next search begins */
	struct mvs_dir *dir;	    /* under way; NULL: none is */
	struct mvs_file *file;	    /* looked at last; NULL: none of the directory's */
	unsigned removed;
};

struct mvs_writer {
	struct mvs_backend *backend;
	struct mvs_file_queue due;   /* files with rows, longest waiting first */
	struct mvs_file_queue retry; /* files whose update failed */
	unsigned rows_max;	     /* of one file's buffer */
	uint32_t pending;	     /* rows in all buffers */
	uint64_t now;
	uint64_t index_ns;    /* when the indexes are looked at next */
	uint64_t disk_try_ns; /* while the disk fails: when to try again */
	uint64_t failed_ns;   /* when a call failed last */
	uint64_t aside_ns;    /* when a file was put aside last; with aside_said */
	bool disk_fails, aside_said;
	struct mvs_sweep sweep;
	char text[MVS_ROWS_MAX][MVS_ROW_TEXT_MAX];
};

/* "1700000000:12:U:5" of a row: second, present bits, values. */
void mvs_row_text(char to[static MVS_ROW_TEXT_MAX], enum mvmp_entity kind, const uint64_t *row);

/* filewriter.c */
void mvs_file_take(struct mvs_store *store, const struct mvs_row *row, const uint64_t *value);
int mvs_file_flush(struct mvs_store *store, struct mvs_file *file);

/* expire.c: removes a few of the files that nothing came for, once they are due. */
void mvs_expire(struct mvs_store *store);

/* outcome.c */
void mvs_note_failure(struct mvs_store *store, const struct mvmp_error *err);
void mvs_note_success(struct mvs_store *store, unsigned rows);
/* A step of the clock puts thousands of files aside: one line names the first. */
void mvs_note_aside(struct mvs_store *store, const char *path);
void mvs_note_line(struct mvs_store *store, const char *what, const char *path);
void mvs_count(struct mvs_store *store, uint64_t *counter, uint64_t n);

/* False for two seconds after the disk failed. */
bool mvs_may_try(const struct mvs_store *store);

#endif
