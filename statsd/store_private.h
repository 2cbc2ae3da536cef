/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_STORE_PRIVATE_H
#define MVS_STORE_PRIVATE_H

/* The store's insides, shared by store.c (the loop's half), writer.c and index.c. */

#include "resample.h"
#include "rrdfile.h"
#include "store.h"
#include <pthread.h>
#include <sys/queue.h>

struct mvs_writer;

/* One row in the queue; followed by `values` uint64_t. */
struct mvs_row {
	struct mvs_file *file;
	uint64_t time_ms, life, present;
	uint32_t values, bytes, era;
};

enum mvs_file_state { MVS_FILE_CLOSED, MVS_FILE_OPEN };
enum mvs_file_list { MVS_LIST_NONE, MVS_LIST_DUE, MVS_LIST_RETRY };

struct mvs_file {
	/* constant */
	struct mvs_dir *dir;
	enum mvmp_entity kind;
	struct mvmp_key key;
	struct mvs_file *hash_next, *next;
	/* the loop's */
	uint64_t put_ms;  /* of the newest row put */
	uint32_t put_era; /* that it belongs to */
	/* under the store's lock */
	char name[MVMP_TEXT_LEN];
	bool simulated;
	uint64_t life, since_ms; /* writer writes, index reads */
	/* the writer's */
	enum mvs_file_state state;
	enum mvs_file_list list;
	bool counted;	      /* in the counters */
	_Atomic bool expired; /* removed; until its next row it is as if it had never been */
	uint64_t taken_ns;    /* when a row came last; 0: never in this run */
	uint32_t era;	      /* of the newest row taken */
	struct mvs_resampler resampler;
	uint64_t due_ns;
	uint64_t *pending; /* rows: second, present, values; then the resampler's values */
	unsigned rows;
	TAILQ_ENTRY(mvs_file) link;
};
TAILQ_HEAD(mvs_file_queue, mvs_file);

struct mvs_dir {
	struct mvs_store *store;
	char name[MVMP_NAME_MAX + 1];
	struct mvs_dir *next;
	struct mvs_file *first, *last;
	/* under the store's lock */
	uint32_t files;
	bool dirty;   /* the index must be written */
	bool on_disk; /* the directory is there */
};

struct mvs_flush {
	struct mvs_file *file[MVS_FLUSH_FILES_MAX];
	unsigned files;
	void (*done)(void *ctx);
	void *ctx;
	STAILQ_ENTRY(mvs_flush) link;
};
STAILQ_HEAD(mvs_flush_queue, mvs_flush);

/* Two of these take turns: the loop fills one while the writer empties the other. */
struct mvs_batch {
	uint8_t *bytes;
	size_t used;
	uint32_t rows;
};

struct mvs_store {
	struct mvs_store_config config;
	char *directory;
	int lock_fd;
	struct mvs_schema schema[MVMP_ENTITY_COUNT];
	/* the loop's */
	struct mvs_dir *dirs;
	struct mvs_file **hash;
	uint32_t hash_size, era;
	/* shared */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	uint32_t files;	     /* known and not expired */
	uint64_t clock_ms;   /* store time when the owner told it last; 0: never */
	struct mvs_batch in; /* being filled */
	struct mvs_flush_queue asked, done;
	struct mvs_store_counters counters;
	int event_fd;
	/* the writer's */
	struct mvs_batch out;
	pthread_t thread;
	struct mvs_writer *writer;
};

/* writer.c */
int mvs_writer_start(struct mvs_store *store, struct mvmp_error *err);
void mvs_writer_stop(struct mvs_store *store);
void mvs_writer_run(struct mvs_store *store, uint64_t now_ns);

/* index.c: text of what lies in a node's directory, for people and for the next start. */
int mvs_index_load(struct mvs_store *store, const char *node);
int mvs_index_save(struct mvs_dir *dir, struct mvmp_error *err);

#endif
