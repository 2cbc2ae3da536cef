/* SPDX-License-Identifier: Apache-2.0 */
#include "workers.h"

static int inline_submit(
	struct mvs_workers *workers, const struct mvs_draw_job *job, mvs_draw_done *done, void *ctx)
{
	struct mvs_draw_output output;

	mvs_draw(job, &output);
	done(ctx, &output);
	mvs_draw_free(&output);
	return 0;
}

static const struct mvs_workers_ops inline_ops = {.submit = inline_submit};

struct mvs_workers *mvs_workers_inline(void)
{
	static struct mvs_workers workers = {&inline_ops};

	return &workers;
}
