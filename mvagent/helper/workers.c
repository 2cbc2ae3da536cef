/* SPDX-License-Identifier: Apache-2.0 */
#include "workers.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum task_state { TASK_FREE, TASK_WAITING, TASK_RUNNING };

struct task {
	enum task_state state;
	bool told; /* the asker has its answer, or wants none */
	uint64_t id, order, begun_ns, deadline_ns;
	enum mva_task task;
	uint8_t request[MVA_TASK_REQUEST_MAX];
	size_t len;
};

struct worker {
	pid_t pid; /* 0: none */
	int socket;
	struct task *task; /* NULL: idle */
	uint64_t idle_ns;
};

struct mva_workers {
	struct mva_workers_env env;
	uint64_t order;
	struct task task[MVA_TASKS_MAX];
	struct worker worker[MVA_WORKERS_MAX];
	pid_t dying[MVA_WORKERS_DYING_MAX]; /* killed, not yet reaped; 0: free */
};

struct mva_workers *mva_workers_new(const struct mva_workers_env *env)
{
	struct mva_workers *w = calloc(1, sizeof *w);

	if (w)
		w->env = *env;
	return w;
}

static bool is_stats(enum mva_task task)
{
	return task == MVA_TASK_BLOCK || task == MVA_TASK_BALLOON;
}

/* Requests about one domain begin with its UUID. */
static bool same_domain(const struct task *a, const struct task *b)
{
	return a->task != MVA_TASK_INVENTORY && b->task != MVA_TASK_INVENTORY &&
	       a->len >= MVMP_ID_LEN && b->len >= MVMP_ID_LEN &&
	       memcmp(a->request, b->request, MVMP_ID_LEN) == 0;
}

static void tell(struct mva_workers *w, struct task *task, const struct mvmp_error *err,
	const uint8_t *bytes, size_t len, int fd)
{
	if (!task->told)
		w->env.done(w->env.ctx, task->id, err, bytes, len, fd);
	task->told = true;
}

/* Never waits: who was killed while the kernel waits for a disk ends when the disk answers. */
static void reap(struct mva_workers *w)
{
	for (unsigned i = 0; i < MVA_WORKERS_DYING_MAX; i++) {
		if (w->dying[i] && waitpid(w->dying[i], NULL, WNOHANG) != 0)
			w->dying[i] = 0;
	}
}

static void end_worker(struct mva_workers *w, struct worker *worker)
{
	unsigned i = 0;

	kill(worker->pid, SIGKILL);
	close(worker->socket);
	while (i < MVA_WORKERS_DYING_MAX - 1 && w->dying[i])
		i++;
	w->dying[i] = worker->pid; /* there is room: may_start() */
	*worker = (struct worker){0};
	reap(w);
}

/* Each worker that runs has a place among the dying. */
static bool may_start(const struct mva_workers *w)
{
	unsigned places = 0;

	for (unsigned i = 0; i < MVA_WORKERS_DYING_MAX; i++)
		places += !w->dying[i];
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++)
		places -= w->worker[i].pid != 0;
	return places > 0;
}

void mva_workers_free(struct mva_workers *w)
{
	for (unsigned i = 0; w && i < MVA_WORKERS_MAX; i++) {
		if (w->worker[i].pid)
			end_worker(w, &w->worker[i]);
	}
	free(w);
}

/* The child's side: only its own socket stays. */
static void become_worker(struct mva_workers *w, int socket)
{
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		if (w->worker[i].pid)
			close(w->worker[i].socket);
	}
	w->env.become(w->env.ctx, socket);
	_exit(1);
}

static int start_worker(struct mva_workers *w, struct worker *worker)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int rc = -errno;

		close(pair[0]);
		close(pair[1]);
		return rc;
	}
	if (!pid) {
		close(pair[0]);
		become_worker(w, pair[1]);
	}
	close(pair[1]);
	*worker = (struct worker){.pid = pid, .socket = pair[0]};
	return 0;
}

/* When a task that no idle worker takes gets a new one: commands at once. */
static uint64_t patience_end(const struct task *task)
{
	bool question = task->task == MVA_TASK_INVENTORY || is_stats(task->task);

	return task->begun_ns + (question ? MVA_WORKER_WAIT_MS * MVMP_NS_PER_MS : 0);
}

/* An idle worker, or a new one; NULL when all are busy or none can be made, or not yet. */
static struct worker *free_worker(struct mva_workers *w, const struct task *task, uint64_t now)
{
	struct worker *none = NULL;
	unsigned workers = 0;

	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		struct worker *worker = &w->worker[i];

		if (worker->pid && !worker->task)
			return worker;
		workers += worker->pid != 0;
		if (!worker->pid && !none)
			none = worker;
	}
	if (workers && now < patience_end(task))
		return NULL;
	return none && may_start(w) && !start_worker(w, none) ? none : NULL;
}

static unsigned stats_running(const struct mva_workers *w)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++)
		count += w->worker[i].task && is_stats(w->worker[i].task->task);
	return count;
}

/* True when the task may not begin: its domain is busy, or statistics have their share. */
static bool held_back(const struct mva_workers *w, const struct task *task)
{
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		if (w->worker[i].task && same_domain(w->worker[i].task, task))
			return true;
	}
	return is_stats(task->task) && stats_running(w) >= MVA_WORKERS_STATS;
}

static struct task *next_task(struct mva_workers *w)
{
	struct task *next = NULL;

	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		struct task *task = &w->task[i];

		if (task->state != TASK_WAITING || held_back(w, task))
			continue;
		if (!next || is_stats(next->task) > is_stats(task->task) ||
			(is_stats(next->task) == is_stats(task->task) && task->order < next->order))
			next = task;
	}
	return next;
}

static int give(struct worker *worker, struct task *task)
{
	uint8_t message[MVA_TASK_REQUEST_MAX + 16];
	struct mvmp_writer w = mvmp_writer(message, sizeof message);

	mvmp_put_u32(&w, task->task);
	mvmp_put_bytes(&w, task->request, task->len);
	return mva_wire_send(worker->socket, message, w.used, -1);
}

static void dispatch(struct mva_workers *w, uint64_t now)
{
	struct task *task;

	while ((task = next_task(w))) {
		struct worker *worker = free_worker(w, task, now);

		if (!worker)
			return;
		if (give(worker, task)) {
			end_worker(w, worker);
			continue;
		}
		worker->task = task;
		task->state = TASK_RUNNING;
	}
}

static int refuse(
	struct mva_workers *w, struct task *task, enum mvmp_status status, const char *text)
{
	struct mvmp_error err;

	mvmp_fail(&err, status, "%s", text);
	tell(w, task, &err, NULL, 0, -1);
	return -1;
}

/* Statistics of a domain that is busy are not worth waiting for. */
static int admit(struct mva_workers *w, struct task *task)
{
	const char *missing = w->env.missing ? w->env.missing(w->env.ctx) : NULL;

	if (task->task >= MVA_TASK_COUNT)
		return refuse(w, task, MVMP_INVALID, "the helper knows no such task");
	if (missing)
		return refuse(w, task, MVMP_UNSUPPORTED, missing);
	for (unsigned i = 0; i < MVA_TASKS_MAX && is_stats(task->task); i++) {
		if (w->task[i].state != TASK_FREE && same_domain(&w->task[i], task))
			return refuse(w, task, MVMP_BUSY, "this domain is being asked already");
	}
	return 0;
}

void mva_workers_start(struct mva_workers *w, uint64_t id, enum mva_task task,
	const uint8_t *request, size_t len, unsigned deadline_ms, uint64_t now)
{
	unsigned ms =
		deadline_ms < MVA_TASK_DEADLINE_MAX_MS ? deadline_ms : MVA_TASK_DEADLINE_MAX_MS;
	struct task made = {.state = TASK_WAITING,
		.id = id,
		.order = ++w->order,
		.begun_ns = now,
		.deadline_ns = now + ms * MVMP_NS_PER_MS,
		.task = task,
		.len = len};
	unsigned i = 0;

	if (len > sizeof made.request) {
		refuse(w, &made, MVMP_TOO_LARGE, "the request of a task is too long");
		return;
	}
	if (len)
		memcpy(made.request, request, len);
	if (admit(w, &made))
		return;
	while (i < MVA_TASKS_MAX && w->task[i].state != TASK_FREE)
		i++;
	if (i == MVA_TASKS_MAX) {
		refuse(w, &made, MVMP_BUSY, "the helper has all the tasks it takes");
		return;
	}
	w->task[i] = made;
	dispatch(w, now);
}

/* A task nobody waits for is not begun; one under way runs on to its end or deadline. */
static void forget(struct task *task)
{
	task->told = true;
	if (task->state == TASK_WAITING)
		task->state = TASK_FREE;
}

void mva_workers_cancel(struct mva_workers *w, uint64_t id)
{
	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		if (w->task[i].state != TASK_FREE && w->task[i].id == id)
			forget(&w->task[i]);
	}
}

void mva_workers_forget(struct mva_workers *w)
{
	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		if (w->task[i].state != TASK_FREE)
			forget(&w->task[i]);
	}
}

unsigned mva_workers_poll(const struct mva_workers *w, struct pollfd *fds)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		if (w->worker[i].pid)
			fds[count++] = (struct pollfd){.fd = w->worker[i].socket, .events = POLLIN};
	}
	return count;
}

static void lost(struct mva_workers *w, struct worker *worker)
{
	struct task *task = worker->task;

	end_worker(w, worker);
	if (!task)
		return;
	refuse(w, task, MVMP_OUTCOME_UNKNOWN, "the worker that ran the task died");
	task->state = TASK_FREE;
}

/* Takes a worker's answer, if it has one. */
static void take_answer(struct mva_workers *w, struct worker *worker, uint64_t now)
{
	static uint8_t message[MVA_WIRE_INLINE_MAX + 1024];
	struct pollfd fd = {.fd = worker->socket, .events = POLLIN};
	struct task *task = worker->task;
	struct mvmp_error err;
	struct mvmp_reader r;
	uint32_t len;
	ssize_t got;
	int file;

	if (poll(&fd, 1, 0) <= 0)
		return;
	got = mva_wire_receive(worker->socket, message, sizeof message, &file);
	if (got <= 0 || !task) {
		lost(w, worker);
		return;
	}
	r = mvmp_reader(message, (size_t)got);
	mva_wire_get_error(&r, &err);
	len = mvmp_get_u32(&r);
	tell(w, task, &err, r.at, file >= 0 ? len : r.left, file);
	if (file >= 0)
		close(file);
	task->state = TASK_FREE;
	worker->task = NULL;
	worker->idle_ns = now;
}

static void expire(struct mva_workers *w, struct task *task)
{
	if (task->state == TASK_WAITING)
		refuse(w, task, MVMP_BUSY, "all workers were busy until the deadline");
	else
		refuse(w, task, MVMP_NO_ANSWER, "no answer within the deadline");
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		if (w->worker[i].task == task)
			end_worker(w, &w->worker[i]);
	}
	task->state = TASK_FREE;
}

void mva_workers_advance(struct mva_workers *w, uint64_t now)
{
	reap(w);
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		struct worker *worker = &w->worker[i];

		if (worker->pid)
			take_answer(w, worker, now);
		if (worker->pid && !worker->task &&
			now - worker->idle_ns > MVA_WORKER_IDLE_MS * MVMP_NS_PER_MS &&
			worker->idle_ns)
			end_worker(w, worker);
	}
	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		if (w->task[i].state != TASK_FREE && w->task[i].deadline_ns <= now)
			expire(w, &w->task[i]);
	}
	dispatch(w, now);
}

static bool may_grow(const struct mva_workers *w)
{
	for (unsigned i = 0; i < MVA_WORKERS_MAX; i++) {
		if (!w->worker[i].pid)
			return may_start(w);
	}
	return false;
}

uint64_t mva_workers_deadline(const struct mva_workers *w, uint64_t now)
{
	uint64_t at = UINT64_MAX;
	bool growing = may_grow(w);

	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		const struct task *task = &w->task[i];

		if (task->state == TASK_FREE)
			continue;
		if (task->deadline_ns < at)
			at = task->deadline_ns;
		if (growing && task->state == TASK_WAITING && patience_end(task) > now &&
			patience_end(task) < at)
			at = patience_end(task);
	}
	return at;
}
