/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_POOL_H
#define MVS_POOL_H

/*
 * Worker processes for drawing: the program itself, started again with --draw-worker and a
 * socket as descriptor 3. A job that takes longer than its deadline costs its worker's life and
 * nothing else.
 */

#include "workers.h"
#include <ev.h>

enum { MVS_WORKER_FD = 3, MVS_POOL_WORKERS = 2, MVS_POOL_QUEUE = 64, MVS_DRAW_LIMIT_S = 5 };

struct mvs_pool;

/* `program` is copied: the path of this program's file. */
int mvs_pool_new(
	struct ev_loop *loop, const char *program, struct mvs_pool **ret, struct mvmp_error *err);
void mvs_pool_free(struct mvs_pool *pool); /* jobs under way are dropped without a word */
struct mvs_workers *mvs_pool_workers(struct mvs_pool *pool);

/* The worker's main: takes jobs from descriptor 3 until it closes. Returns an exit code. */
int mvs_worker_main(void);

#endif
