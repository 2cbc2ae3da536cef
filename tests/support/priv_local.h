/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PRIV_LOCAL_H
#define TEST_PRIV_LOCAL_H

/*
 * The helper's operations in the caller's own process: opens sources below a root, queues tasks
 * and runs them when told to, so that a test decides when answers come, or that they do not.
 */

#include "../../mvagent/privops.h"
#include <stdbool.h>

enum { PRIV_LOCAL_TASKS = 64 };

/* Runs a task in place of mva_linux_task_run(). */
typedef int priv_local_run(void *ctx, enum mva_task task, const void *request, size_t len,
	uint8_t *answer, size_t size, struct mvmp_error *err);

struct priv_local_task {
	uint64_t id;
	enum mva_task task;
	uint8_t request[MVA_TASK_REQUEST_MAX];
	size_t len;
	mva_task_done *done;
	void *ctx;
};

struct priv_local {
	struct mva_privops base;
	const char *root;
	priv_local_run *run; /* NULL: mva_linux_task_run() */
	void *run_ctx;
	uint64_t last_id;
	unsigned opened, started; /* calls so far */
	unsigned tasks;
	struct priv_local_task task[PRIV_LOCAL_TASKS];
};

void priv_local_init(struct priv_local *priv, const char *root);
/* Runs and answers all that is queued; returns how many. */
unsigned priv_local_step(struct priv_local *priv);
/* Answers all that is queued by this error, as when a worker was killed. */
unsigned priv_local_fail(struct priv_local *priv, enum mvmp_status status, const char *text);

#endif
