/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_WORKERS_H
#define MVS_WORKERS_H

/* Who does drawing jobs: processes in the daemon, the caller itself in tests. */

#include "draw.h"

struct mvs_workers;

/* `output` is borrowed for the call. Status MVMP_NO_ANSWER: the job took too long and its worker
 * was killed. */
typedef void mvs_draw_done(void *ctx, const struct mvs_draw_output *output);

struct mvs_workers_ops {
	/* Takes a copy of the job. -MVMP_BUSY when too many wait. `done` is called once, perhaps
	 * before this returns. */
	int (*submit)(struct mvs_workers *workers, const struct mvs_draw_job *job,
		mvs_draw_done *done, void *ctx);
};

struct mvs_workers {
	const struct mvs_workers_ops *ops;
};

/* Draws at once, in the caller's process. */
struct mvs_workers *mvs_workers_inline(void);

#endif
