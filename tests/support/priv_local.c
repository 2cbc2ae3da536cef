/* SPDX-License-Identifier: Apache-2.0 */
#include "priv_local.h"
#include "../../mvagent/linux/source.h"
#include "../../mvagent/linux/tasks.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct priv_local *local_of(struct mva_privops *priv)
{
	return (struct priv_local *)priv;
}

static int local_open(struct mva_privops *base, const struct mva_open *what, struct mvmp_error *err)
{
	struct priv_local *priv = local_of(base);

	priv->opened++;
	return mva_linux_source_open(what, priv->root, err);
}

static int local_read_pid_io(struct mva_privops *base, uint32_t pid, char *to, size_t size)
{
	return mva_linux_read_pid_io(pid, local_of(base)->root, to, size);
}

static uint64_t local_start(struct mva_privops *base, enum mva_task task, const void *request,
	size_t len, unsigned deadline_ms, mva_task_done *done, void *ctx)
{
	struct priv_local *priv = local_of(base);
	struct priv_local_task *to = &priv->task[priv->tasks];

	if (priv->tasks == PRIV_LOCAL_TASKS || len > sizeof(to->request) || !deadline_ms)
		return 0;
	*to = (struct priv_local_task){
		.id = ++priv->last_id, .task = task, .len = len, .done = done, .ctx = ctx};
	memcpy(to->request, request, len);
	priv->tasks++;
	priv->started++;
	return to->id;
}

static void forget(struct priv_local *priv, unsigned i)
{
	priv->tasks--;
	memmove(&priv->task[i], &priv->task[i + 1], (priv->tasks - i) * sizeof(priv->task[0]));
}

static void local_cancel(struct mva_privops *base, uint64_t id)
{
	struct priv_local *priv = local_of(base);

	for (unsigned i = 0; i < priv->tasks; i++) {
		if (priv->task[i].id == id) {
			forget(priv, i);
			return;
		}
	}
}

static const struct mva_privops_ops local_ops = {
	.open = local_open,
	.read_pid_io = local_read_pid_io,
	.start = local_start,
	.cancel = local_cancel,
};

void priv_local_init(struct priv_local *priv, const char *root)
{
	*priv = (struct priv_local){.base.ops = &local_ops, .root = root};
}

static void answer(struct priv_local *priv, const struct priv_local_task *task)
{
	uint8_t *bytes = malloc(MVA_TASK_ANSWER_MAX);
	struct mvmp_error err = {0};
	int len;

	if (!bytes)
		abort();
	len = priv->run ? priv->run(priv->run_ctx, task->task, task->request, task->len, bytes,
				  MVA_TASK_ANSWER_MAX, &err)
			: mva_linux_task_run(task->task, task->request, task->len, bytes,
				  MVA_TASK_ANSWER_MAX, &err);
	task->done(task->ctx, &err, bytes, len > 0 ? (size_t)len : 0);
	free(bytes);
}

unsigned priv_local_step(struct priv_local *priv)
{
	unsigned ran = 0;

	for (unsigned queued = priv->tasks; queued && priv->tasks; queued--, ran++) {
		struct priv_local_task task = priv->task[0];

		forget(priv, 0);
		answer(priv, &task);
	}
	return ran;
}

unsigned priv_local_fail(struct priv_local *priv, enum mvmp_status status, const char *text)
{
	unsigned ran = 0;

	for (unsigned queued = priv->tasks; queued && priv->tasks; queued--, ran++) {
		struct priv_local_task task = priv->task[0];
		struct mvmp_error err;

		forget(priv, 0);
		mvmp_fail(&err, status, "%s", text);
		task.done(task.ctx, &err, NULL, 0);
	}
	return ran;
}
