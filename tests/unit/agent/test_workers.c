/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "helper/workers.h"
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 64, LONG = 100000 };

static struct {
	unsigned done;
	struct mvmp_error err;
	size_t len;
	uint8_t first;
	pid_t pid; /* of the worker, as it told */
	bool file;
} ended[TASKS];

static struct mva_workers *workers;
static bool unkillable;	   /* killed workers do not end: the kernel waits for a disk */
static unsigned waits;	   /* calls of waitpid() that would have blocked */
static const char *reason; /* why no worker can be started */

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	waits += !(options & WNOHANG);
	return unkillable ? 0 : __real_waitpid(pid, status, options);
}

/* What the second byte of a request asks of the worker. */
enum { ECHO = 0, HANG = 'h', DIE = 'd', LARGE = 'l', REFUSE = 'r' };

static int run(enum mva_task task, const void *request, size_t len, uint8_t *answer, size_t size,
	struct mvmp_error *err)
{
	const uint8_t *bytes = request;
	pid_t self = getpid();

	switch (len > 16 ? bytes[16] : ECHO) {
	case HANG:
		for (;;)
			pause();
	case DIE:
		_exit(1);
	case LARGE:
		memset(answer, 'x', LONG);
		return LONG;
	case REFUSE:
		return mvmp_fail(err, MVMP_NOT_FOUND, "no such domain");
	}
	answer[0] = bytes[0];
	memcpy(answer + 1, &self, sizeof self);
	return 1 + (int)sizeof self;
}

static void done(void *ctx, uint64_t id, const struct mvmp_error *err, const uint8_t *bytes,
	size_t len, int fd)
{
	assert_true(id < TASKS);
	ended[id].done++;
	ended[id].err = *err;
	ended[id].len = len;
	ended[id].file = fd >= 0;
	ended[id].first = fd < 0 && len ? bytes[0] : 0;
	if (fd < 0 && len == 1 + sizeof(pid_t))
		memcpy(&ended[id].pid, bytes + 1, sizeof(pid_t));
	if (fd >= 0)
		assert_int_equal(pread(fd, &ended[id].first, 1, (off_t)len - 1), 1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * MVMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void become(void *ctx, int socket)
{
	mva_worker_main(socket, run);
}

static const char *missing(void *ctx)
{
	return reason;
}

static int set_up(void **state)
{
	const struct mva_workers_env env = {.become = become, .missing = missing, .done = done};

	unkillable = false;
	waits = 0;
	reason = NULL;

	memset(ended, 0, sizeof ended);
	workers = mva_workers_new(&env);
	return workers ? 0 : -1;
}

static int tear_down(void **state)
{
	mva_workers_free(workers);
	return 0;
}

static void start(
	uint64_t id, enum mva_task task, uint8_t domain, uint8_t what, unsigned deadline_ms)
{
	uint8_t request[17] = {domain};

	request[16] = what;
	mva_workers_start(workers, id, task, request, sizeof request, deadline_ms, now());
}

/* Runs until task `id` ended, at most five seconds. */
static void await(uint64_t id)
{
	uint64_t until = now() + 5 * MVMP_NS_PER_S;

	while (!ended[id].done && now() < until) {
		struct pollfd fds[MVA_WORKERS_MAX];

		poll(fds, mva_workers_poll(workers, fds), 20);
		mva_workers_advance(workers, now());
	}
	assert_int_equal(ended[id].done, 1);
}

static void tasks_run_in_another_process_that_stays(void **state)
{
	start(1, MVA_TASK_BLOCK, 7, ECHO, 5000);
	await(1);
	start(2, MVA_TASK_BLOCK, 8, ECHO, 5000);
	await(2);
	assert_int_equal(ended[1].err.status, MVMP_OK);
	assert_int_equal(ended[1].first, 7);
	assert_int_equal(ended[2].first, 8);
	assert_int_not_equal(ended[1].pid, getpid());
	assert_int_equal(ended[1].pid, ended[2].pid);
}

/* Workers are dear: questions that come together share one that is quick, a hung one is gone
 * around after a tenth of a second, and a command never waits for it. */
static void questions_share_a_quick_worker(void **state)
{
	uint64_t begun;

	for (uint8_t n = 1; n <= 8; n++)
		start(n, MVA_TASK_BLOCK, n, ECHO, 5000);
	await(8);
	for (uint8_t n = 2; n <= 8; n++) {
		await(n);
		assert_int_equal(ended[n].pid, ended[1].pid);
	}
	start(10, MVA_TASK_BLOCK, 1, HANG, 3000);
	start(11, MVA_TASK_PIN, 2, ECHO, 3000);
	await(11);
	assert_int_not_equal(ended[11].pid, ended[1].pid);
	start(12, MVA_TASK_BLOCK, 3, HANG, 3000); /* the second is busy, too */
	begun = now();
	assert_in_range(mva_workers_deadline(workers, begun), begun, begun + 3 * MVMP_NS_PER_S);
	start(13, MVA_TASK_BLOCK, 4, ECHO, 3000);
	assert_in_range(mva_workers_deadline(workers, now()), begun,
		begun + (MVA_WORKER_WAIT_MS + 10) * MVMP_NS_PER_MS);
	await(13);
	assert_in_range(now() - begun, MVA_WORKER_WAIT_MS * MVMP_NS_PER_MS, MVMP_NS_PER_S);
}

static void long_answers_come_in_a_memory_file(void **state)
{
	start(1, MVA_TASK_INVENTORY, 0, LARGE, 5000);
	await(1);
	assert_true(ended[1].file);
	assert_int_equal(ended[1].len, LONG);
	assert_int_equal(ended[1].first, 'x');
}

static void a_refusal_brings_its_sentence(void **state)
{
	start(1, MVA_TASK_PIN, 1, REFUSE, 5000);
	await(1);
	assert_int_equal(ended[1].err.status, MVMP_NOT_FOUND);
	assert_string_equal(ended[1].err.text, "no such domain");
}

static void a_hung_task_ends_at_its_deadline_and_costs_only_itself(void **state)
{
	uint64_t begun = now();

	start(1, MVA_TASK_BLOCK, 1, HANG, 300);
	for (uint8_t n = 2; n < 12; n++) {
		start(n, MVA_TASK_BLOCK, n, ECHO, 5000);
		await(n);
		assert_int_equal(ended[n].err.status, MVMP_OK);
	}
	assert_int_equal(ended[1].done, 0);
	await(1);
	assert_int_equal(ended[1].err.status, MVMP_NO_ANSWER);
	assert_true(now() - begun >= 300 * MVMP_NS_PER_MS);
	start(12, MVA_TASK_BLOCK, 1, ECHO, 5000); /* the domain may be asked again */
	await(12);
	assert_int_equal(ended[12].err.status, MVMP_OK);
}

static void a_domain_is_asked_one_thing_at_a_time(void **state)
{
	start(1, MVA_TASK_BLOCK, 1, HANG, 400);
	start(2, MVA_TASK_BALLOON, 1, ECHO, 5000);
	assert_int_equal(ended[2].err.status, MVMP_BUSY);
	start(3, MVA_TASK_PIN, 1, ECHO, 5000); /* a command waits for its turn */
	assert_int_equal(ended[3].done, 0);
	await(1);
	await(3);
	assert_int_equal(ended[3].err.status, MVMP_OK);
}

static void hung_statistics_leave_room_for_commands(void **state)
{
	for (uint8_t n = 1; n <= 10; n++)
		start(n, MVA_TASK_BLOCK, n, HANG, 2000);
	start(20, MVA_TASK_PIN, 20, ECHO, 5000);
	await(20);
	assert_int_equal(ended[20].err.status, MVMP_OK);
	for (uint8_t n = 1; n <= 10; n++)
		assert_int_equal(ended[n].done, 0);
}

static void a_worker_that_dies_is_replaced(void **state)
{
	start(1, MVA_TASK_BLOCK, 1, DIE, 5000);
	await(1);
	assert_int_equal(ended[1].err.status, MVMP_OUTCOME_UNKNOWN);
	start(2, MVA_TASK_BLOCK, 1, ECHO, 5000);
	await(2);
	assert_int_equal(ended[2].err.status, MVMP_OK);
}

/* Workers that the kernel does not let go are not waited for; there is a bound to them, beyond
 * which tasks are told so, until they end. */
static void workers_that_cannot_die_cost_no_time(void **state)
{
	unsigned replaced = 0;

	unkillable = true;
	for (uint8_t n = 1; n < 40; n++) {
		uint64_t begun = now();

		start(n, MVA_TASK_PIN, n, DIE, 60);
		await(n);
		assert_true(now() - begun < MVMP_NS_PER_S);
		replaced += ended[n].err.status == MVMP_OUTCOME_UNKNOWN;
		if (ended[n].err.status != MVMP_OUTCOME_UNKNOWN)
			assert_int_equal(ended[n].err.status, MVMP_BUSY);
	}
	assert_int_equal(replaced, MVA_WORKERS_DYING_MAX);
	assert_int_equal(waits, 0);
	unkillable = false;
	start(50, MVA_TASK_PIN, 1, ECHO, 5000);
	await(50);
	assert_int_equal(ended[50].err.status, MVMP_OK);
}

/* Without the worker's program a task is refused at once and by that sentence. */
static void a_missing_program_is_told(void **state)
{
	reason = "no mvagent-worker";
	start(1, MVA_TASK_PIN, 1, ECHO, 5000);
	assert_int_equal(ended[1].done, 1);
	assert_int_equal(ended[1].err.status, MVMP_UNSUPPORTED);
	assert_string_equal(ended[1].err.text, "no mvagent-worker");
}

static void a_cancelled_task_says_nothing(void **state)
{
	start(1, MVA_TASK_BLOCK, 1, HANG, 200);
	mva_workers_cancel(workers, 1);
	start(2, MVA_TASK_PIN, 1, ECHO, 5000);
	await(2);
	assert_int_equal(ended[1].done, 0);
}

static void unknown_and_oversized_tasks_are_refused(void **state)
{
	uint8_t request[MVA_TASK_REQUEST_MAX + 1] = {0};

	mva_workers_start(workers, 1, MVA_TASK_COUNT, request, 20, 1000, now());
	assert_int_equal(ended[1].err.status, MVMP_INVALID);
	mva_workers_start(workers, 2, MVA_TASK_PIN, request, sizeof request, 1000, now());
	assert_int_equal(ended[2].err.status, MVMP_TOO_LARGE);
}

int main(void)
{
#define WORKERS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WORKERS_TEST(tasks_run_in_another_process_that_stays),
		WORKERS_TEST(questions_share_a_quick_worker),
		WORKERS_TEST(long_answers_come_in_a_memory_file),
		WORKERS_TEST(a_refusal_brings_its_sentence),
		WORKERS_TEST(a_hung_task_ends_at_its_deadline_and_costs_only_itself),
		WORKERS_TEST(a_domain_is_asked_one_thing_at_a_time),
		WORKERS_TEST(hung_statistics_leave_room_for_commands),
		WORKERS_TEST(a_worker_that_dies_is_replaced),
		WORKERS_TEST(workers_that_cannot_die_cost_no_time),
		WORKERS_TEST(a_missing_program_is_told),
		WORKERS_TEST(a_cancelled_task_says_nothing),
		WORKERS_TEST(unknown_and_oversized_tasks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
