/* SPDX-License-Identifier: Apache-2.0 */

/* The processes of an agent with a protocol process that only reports and waits. */

#include "../cmocka_all.h"
#include "helper/client.h"
#include "helper/helper.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 5 };

struct report {
	pid_t protocol, helper;
	int dumpable;
	rlim_t core;
	unsigned unsupported; /* tasks that were refused so */
};

static struct {
	pid_t supervisor;
	int report, log; /* read ends */
	int report_to;
	struct report told;
} agent;

static void done(void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	unsigned *unsupported = ctx;

	*unsupported += error->status == MVMP_UNSUPPORTED;
}

static unsigned ask_tasks(struct mva_helper_client *client)
{
	struct mva_privops *priv = mva_helper_privops(client);
	unsigned unsupported = 0;

	for (unsigned i = 0; i < TASKS; i++) {
		const uint8_t request[] = {1, 0};
		struct pollfd fd = {.fd = mva_helper_client_socket(client), .events = POLLIN};

		priv->ops->start(priv, MVA_TASK_INVENTORY, request, sizeof request, 2000, done,
			&unsupported);
		if (poll(&fd, 1, 3000) == 1)
			mva_helper_client_receive(client);
	}
	return unsupported;
}

static int protocol(const struct mva_options *options, int questions, int tasks, bool again)
{
	struct mva_helper_client *client = mva_helper_client_new(questions, tasks);
	struct report report = {.protocol = getpid(), .helper = getppid()};
	struct rlimit core;

	report.dumpable = prctl(PR_GET_DUMPABLE);
	getrlimit(RLIMIT_CORE, &core);
	report.core = core.rlim_max;
	mva_helper_ready(client);
	report.unsupported = ask_tasks(client);
	if (write(agent.report_to, &report, sizeof report) != sizeof report)
		return 1;
	for (;;)
		pause();
}

static int set_up(void **state)
{
	const struct mva_options options = {.backend = &mva_backend_linux,
		.libvirt = "",
		.root = "",
		.identity = "/nonexistent"};
	int report[2], log[2];

	if (pipe(report) || pipe(log))
		return -1;
	agent.report_to = report[1];
	agent.supervisor = fork();
	if (agent.supervisor == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(log[1], STDERR_FILENO);
		close(log[1]);
		_exit(mva_supervise(&options, protocol));
	}
	close(report[1]);
	close(log[1]);
	agent.report = report[0];
	agent.log = log[0];
	return read(agent.report, &agent.told, sizeof agent.told) == sizeof agent.told ? 0 : -1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The exit code of the supervisor, -1 when it has not ended in this time. */
static int end_within(int ms)
{
	const int64_t until = now_ms() + ms;
	int status;

	while (waitpid(agent.supervisor, &status, WNOHANG) == 0) {
		if (now_ms() > until)
			return -1;
		poll(NULL, 0, 10);
	}
	agent.supervisor = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int tear_down(void **state)
{
	if (agent.supervisor) {
		kill(agent.supervisor, SIGTERM);
		if (end_within(4000) < 0) {
			kill(agent.told.helper, SIGKILL);
			kill(agent.supervisor, SIGKILL);
			return -1;
		}
	}
	close(agent.report);
	close(agent.log);
	return 0;
}

/* No process can be dumped, from the first on: the helper reads the node's key too. */
static void nothing_can_be_dumped(void **state)
{
	assert_int_equal(agent.told.dumpable, 0);
	assert_int_equal(agent.told.core, 0);
}

/* A terminal that is closed (SIGHUP) ends none of the processes. */
static void hanging_up_ends_nobody(void **state)
{
	const pid_t all[] = {agent.supervisor, agent.told.helper, agent.told.protocol};
	struct pollfd another = {.fd = agent.report, .events = POLLIN};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		assert_int_equal(kill(all[i], SIGHUP), 0);
	assert_int_equal(poll(&another, 1, 700), 0); /* no successor reports, no pipe closes */
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		assert_int_equal(kill(all[i], 0), 0);
}

/* SIGTERM ends the agent in a few seconds even when its helper is stopped. */
static void a_stopped_helper_does_not_keep_it_from_ending(void **state)
{
	struct pollfd ended = {.fd = agent.report};

	assert_int_equal(kill(agent.told.helper, SIGSTOP), 0);
	assert_int_equal(kill(agent.supervisor, SIGTERM), 0);
	assert_int_equal(end_within(5000), 0);
	poll(&ended, 1, 2000); /* until the last who holds the pipe is gone */
	assert_true(ended.revents & POLLHUP);
}

/* Without its worker program the agent says so once and goes on; each task is told. */
static void a_missing_worker_is_said_once(void **state)
{
	char text[4096];
	ssize_t len;
	unsigned warnings = 0;

	assert_int_equal(agent.told.unsupported, TASKS);
	kill(agent.supervisor, SIGTERM);
	assert_int_equal(end_within(5000), 0);
	len = read(agent.log, text, sizeof text - 1);
	assert_true(len > 0);
	text[len] = '\0';
	for (const char *at = text; (at = strstr(at, "mvagent-worker")); at++)
		warnings++;
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(text, "warning: there is no program /nonexistent/mvagent-worker"));
}

int main(void)
{
#define SUPERVISOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SUPERVISOR_TEST(nothing_can_be_dumped),
		SUPERVISOR_TEST(hanging_up_ends_nobody),
		SUPERVISOR_TEST(a_stopped_helper_does_not_keep_it_from_ending),
		SUPERVISOR_TEST(a_missing_worker_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
