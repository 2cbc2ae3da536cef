/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_BACKEND_H
#define MVS_BACKEND_H

/* Where the writer's updates go: librrd directly, or rrdcached's socket. Calls may block. */

#include "rrdfile.h"

struct mvs_backend;

struct mvs_backend_ops {
	/* Makes sure that the file on disk holds everything given before. */
	int (*flush)(struct mvs_backend *backend, const char *path, struct mvmp_error *err);
	/* Takes rows of one file, oldest first. May keep them until sync. */
	int (*update)(struct mvs_backend *backend, const char *path, unsigned rows,
		const char *const *row, struct mvmp_error *err);
	/* Ends a round of updates: what was kept is handed on. */
	int (*sync)(struct mvs_backend *backend, struct mvmp_error *err);
	/* The file was replaced: what is known of it is void. */
	void (*forget)(struct mvs_backend *backend, const char *path);
	void (*free)(struct mvs_backend *backend);
};

struct mvs_backend {
	const struct mvs_backend_ops *ops;
};

/* librrd in this process. */
struct mvs_backend *mvs_backend_direct(void);

/* rrdcached on a Unix socket; connects at first use and again when it was away. */
struct mvs_backend *mvs_backend_cached(const char *socket);

#endif
