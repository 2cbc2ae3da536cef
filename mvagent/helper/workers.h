/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_WORKERS_H
#define MVA_WORKERS_H

/*
 * Tasks that can hang, each run by a worker process that is killed when its deadline passes.
 * Workers live on between tasks (with their libvirt connection) and are replaced when killed.
 * At most one task of a domain is under way; a few workers are kept free of statistics, so that
 * hung guests never keep a command waiting.
 */

#include "wire.h"
#include <stdbool.h>
#include <sys/poll.h>

enum {
	MVA_WORKERS_MAX = 6,
	MVA_WORKERS_STATS = 4,	    /* at most so many on BLOCK and BALLOON */
	MVA_WORKERS_DYING_MAX = 18, /* killed ones included: those the kernel holds may pile up */
	MVA_TASKS_MAX = 128,	    /* waiting or under way */
	MVA_TASK_DEADLINE_MAX_MS = 60000,
	MVA_WORKER_WAIT_MS = 100,   /* so long a question waits for a busy worker before the next
				       one is started: each costs two megabytes and more */
	MVA_WORKER_IDLE_MS = 15000, /* then it is sent away */
};

struct mva_workers;

/* Runs a task in a worker process; as mva_linux_task_run(). */
typedef int mva_task_run(enum mva_task task, const void *request, size_t len, uint8_t *answer,
	size_t size, struct mvmp_error *err);

struct mva_workers_env {
	void *ctx;
	/* In the new process: becomes a worker on this socket (mva_worker_main(), mostly in a
	 * program of its own). Does not return. */
	void (*become)(void *ctx, int socket);
	/* NULL, or why no worker can be started: tasks are then refused by it. May be NULL. */
	const char *(*missing)(void *ctx);
	/* A task ended; `fd` (or -1) is a memory file with its answer, closed afterwards. */
	void (*done)(void *ctx, uint64_t id, const struct mvmp_error *err, const uint8_t *bytes,
		size_t len, int fd);
};

struct mva_workers *mva_workers_new(const struct mva_workers_env *env);
/* Kills them all, waits for none. */
void mva_workers_free(struct mva_workers *workers);

/* Queues a task; what cannot be queued is answered through `done` at once. */
void mva_workers_start(struct mva_workers *workers, uint64_t id, enum mva_task task,
	const uint8_t *request, size_t len, unsigned deadline_ms, uint64_t now);
void mva_workers_cancel(struct mva_workers *workers, uint64_t id);
/* All tasks: the one who asked is gone. */
void mva_workers_forget(struct mva_workers *workers);

/* Descriptors to wait on; at most MVA_WORKERS_MAX. */
unsigned mva_workers_poll(const struct mva_workers *workers, struct pollfd *fds);
/* Looks at what poll() found, deadlines included; also to be called after SIGCHLD. Never
 * waits for a process. */
void mva_workers_advance(struct mva_workers *workers, uint64_t now);
/* ns; UINT64_MAX: none. */
uint64_t mva_workers_deadline(const struct mva_workers *workers, uint64_t now);

/* The whole life of a worker process on its socket; does not return. */
void mva_worker_main(int socket, mva_task_run *run) __attribute__((noreturn));

#endif
