/* SPDX-License-Identifier: Apache-2.0 */
#include "backend.h"

static int direct_update(struct mvs_backend *backend, const char *path, unsigned rows,
	const char *const *row, struct mvmp_error *err)
{
	return mvs_rrd_update(path, rows, row, err);
}

static int direct_flush(struct mvs_backend *backend, const char *path, struct mvmp_error *err)
{
	return 0;
}

static int direct_sync(struct mvs_backend *backend, struct mvmp_error *err)
{
	return 0;
}

static void direct_forget(struct mvs_backend *backend, const char *path)
{
}

static void direct_free(struct mvs_backend *backend)
{
}

static const struct mvs_backend_ops direct_ops = {
	.flush = direct_flush,
	.update = direct_update,
	.sync = direct_sync,
	.forget = direct_forget,
	.free = direct_free,
};

struct mvs_backend *mvs_backend_direct(void)
{
	static struct mvs_backend direct = {&direct_ops};

	return &direct;
}
