/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { JOBS_MAX = 500 }; /* librrd and pango keep a little memory of every picture */

struct job {
	struct mvs_draw_job job;
	mvs_draw_done *done;
	void *ctx;
	STAILQ_ENTRY(job) link;
};
STAILQ_HEAD(jobs, job);

struct worker {
	struct mvs_pool *pool;
	pid_t pid;
	int fd; /* -1: not running */
	struct ev_io io;
	struct ev_timer limit;
	struct job *job; /* under way */
	struct mvs_draw_output output;
	size_t got;    /* bytes of the answer so far */
	unsigned jobs; /* done by this process */
};

struct mvs_pool {
	struct mvs_workers base;
	struct ev_loop *loop;
	char *program;
	struct worker worker[MVS_POOL_WORKERS];
	struct jobs waiting;
	unsigned count;
};

/* ---- a worker's life ------------------------------------------------------------------------ */

static void stop_worker(struct worker *worker)
{
	if (worker->fd < 0)
		return;
	ev_io_stop(worker->pool->loop, &worker->io);
	ev_timer_stop(worker->pool->loop, &worker->limit);
	close(worker->fd);
	worker->fd = -1;
	kill(worker->pid, SIGKILL); /* libev's child watcher reaps it */
}

/* Ends the job under way with what `output` holds; the worker is free for another. */
static void end_job(struct worker *worker)
{
	struct job *job = worker->job;

	ev_timer_stop(worker->pool->loop, &worker->limit);
	worker->job = NULL;
	job->done(job->ctx, &worker->output);
	mvs_draw_free(&worker->output);
	free(job);
}

static void fail_job(struct worker *worker, enum mvmp_status status, const char *text)
{
	stop_worker(worker);
	mvs_draw_free(&worker->output);
	memset(&worker->output, 0, sizeof worker->output);
	worker->output.result.status = status;
	snprintf(worker->output.result.text, sizeof worker->output.result.text, "%s", text);
	end_job(worker);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Where the next bytes of the answer go: the result, then values, then the image. Returns how
 * many are wanted there, 0 when the answer is whole, or -1. */
static ssize_t next_part(struct worker *worker, uint8_t **to)
{
	struct mvs_draw_output *o = &worker->output;
	size_t values = (size_t)o->result.points * worker->job->job.items * sizeof(double);
	size_t got = worker->got;

	if (got < sizeof o->result) {
		*to = (uint8_t *)&o->result + got;
		return (ssize_t)(sizeof o->result - got);
	}
	got -= sizeof o->result;
	if (o->result.status != MVMP_OK)
		return 0;
	if (o->result.points > 2 * MVS_DRAW_POINTS_MAX || o->result.image_len > MVS_IMAGE_MAX)
		return -1;
	if (!o->value)
		o->value = malloc(values + 1);
	if (!o->image)
		o->image = malloc(o->result.image_len + 1);
	if (!o->value || !o->image)
		return -1;
	*to = got < values ? (uint8_t *)o->value + got : o->image + (got - values);
	return (ssize_t)(got < values ? values - got : values + o->result.image_len - got);
}

static void read_answer(struct worker *worker)
{
	uint8_t *to = NULL;
	ssize_t wanted, n;

	wanted = next_part(worker, &to);
	n = wanted > 0 ? read(worker->fd, to, (size_t)wanted) : -1;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fail_job(worker, MVMP_FAILED, "the drawing process ended");
		return;
	}
	worker->got += (size_t)n;
	if (next_part(worker, &to) != 0)
		return;
	worker->output.result.text[sizeof worker->output.result.text - 1] = '\0';
	if (++worker->jobs >= JOBS_MAX)
		stop_worker(worker);
	end_job(worker);
}

static void start_waiting(struct mvs_pool *pool);

static void on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct worker *worker = io->data;

	if (worker->job)
		read_answer(worker);
	else
		stop_worker(worker);
	start_waiting(worker->pool);
}

static void on_limit(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct worker *worker = timer->data;

	fail_job(worker, MVMP_NO_ANSWER, "drawing took longer than 5 s and was given up");
	start_waiting(worker->pool);
}

/* ---- starting ------------------------------------------------------------------------------- */

static int spawn(const char *program, int socket, pid_t *pid)
{
	char *argv[] = {(char *)"mvstatsd", (char *)"--draw-worker", NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, socket, MVS_WORKER_FD);
	rc = posix_spawn(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int start_worker(struct worker *worker)
{
	int pair[2], rc, theirs;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	/* dup2 onto itself would leave close-on-exec set. */
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, MVS_WORKER_FD + 1);
	close(pair[1]);
	rc = theirs < 0 ? -errno : spawn(worker->pool->program, theirs, &worker->pid);
	if (theirs >= 0)
		close(theirs);
	if (rc) {
		close(pair[0]);
		return rc;
	}
	worker->jobs = 0;
	worker->fd = pair[0];
	fcntl(worker->fd, F_SETFL, O_NONBLOCK);
	ev_io_init(&worker->io, on_readable, worker->fd, EV_READ);
	worker->io.data = worker;
	ev_io_start(worker->pool->loop, &worker->io);
	return 0;
}

/* An idle worker's socket buffer is empty: a job of a few kB fits whole. */
static void give_job(struct worker *worker, struct job *job)
{
	worker->job = job;
	worker->got = 0;
	memset(&worker->output, 0, sizeof worker->output);
	if ((worker->fd < 0 && start_worker(worker)) ||
		send(worker->fd, &job->job, sizeof job->job, MSG_NOSIGNAL) !=
			(ssize_t)sizeof job->job) {
		fail_job(worker, MVMP_FAILED, "cannot start a drawing process");
		return;
	}
	ev_timer_init(&worker->limit, on_limit, MVS_DRAW_LIMIT_S, 0.);
	worker->limit.data = worker;
	ev_timer_start(worker->pool->loop, &worker->limit);
}

/* Gives idle workers what waits; one whose job failed at once is idle again. */
static void start_waiting(struct mvs_pool *pool)
{
	for (unsigned i = 0; i < MVS_POOL_WORKERS;) {
		struct job *job = STAILQ_FIRST(&pool->waiting);

		if (!job)
			return;
		if (pool->worker[i].job) {
			i++;
			continue;
		}
		STAILQ_REMOVE_HEAD(&pool->waiting, link);
		pool->count--;
		give_job(&pool->worker[i], job);
	}
}

static int pool_submit(struct mvs_workers *workers, const struct mvs_draw_job *wanted,
	mvs_draw_done *done, void *ctx)
{
	struct mvs_pool *pool = (struct mvs_pool *)workers; /* base is the first member */
	struct job *job;

	if (pool->count >= MVS_POOL_QUEUE)
		return -MVMP_BUSY;
	job = malloc(sizeof *job);
	if (!job)
		return -MVMP_NO_MEMORY;
	job->job = *wanted;
	job->done = done;
	job->ctx = ctx;
	STAILQ_INSERT_TAIL(&pool->waiting, job, link);
	pool->count++;
	start_waiting(pool);
	return 0;
}

static const struct mvs_workers_ops pool_ops = {.submit = pool_submit};

int mvs_pool_new(
	struct ev_loop *loop, const char *program, struct mvs_pool **ret, struct mvmp_error *err)
{
	struct mvs_pool *pool = calloc(1, sizeof *pool);

	if (pool)
		pool->program = strdup(program);
	if (!pool || !pool->program) {
		free(pool);
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for drawing processes");
	}
	pool->base.ops = &pool_ops;
	pool->loop = loop;
	STAILQ_INIT(&pool->waiting);
	for (unsigned i = 0; i < MVS_POOL_WORKERS; i++)
		pool->worker[i] = (struct worker){.pool = pool, .fd = -1};
	*ret = pool;
	return 0;
}

void mvs_pool_free(struct mvs_pool *pool)
{
	struct job *job;

	if (!pool)
		return;
	for (unsigned i = 0; i < MVS_POOL_WORKERS; i++) {
		stop_worker(&pool->worker[i]);
		mvs_draw_free(&pool->worker[i].output);
		free(pool->worker[i].job);
	}
	while ((job = STAILQ_FIRST(&pool->waiting))) {
		STAILQ_REMOVE_HEAD(&pool->waiting, link);
		free(job);
	}
	free(pool->program);
	free(pool);
}

struct mvs_workers *mvs_pool_workers(struct mvs_pool *pool)
{
	return &pool->base;
}
