/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "helper/client.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STALL_MS = 700 };

/* A helper that opens what it is asked for, but sleeps before one of the answers. */
static struct {
	int socket, asked;
	int slow; /* number of the question that is answered late */
} helper;

static void answer(uint32_t kind, uint32_t number, const char *name)
{
	uint8_t bytes[512];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
	struct mvmp_error none = {.status = MVMP_OK};
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%s", name);
	fd = kind == MVA_WIRE_OPEN ? open(path, O_RDONLY) : -1;
	mvmp_put_u32(&w, MVA_WIRE_ANSWER);
	mvmp_put_u32(&w, number);
	mvmp_put_u32(&w, 0);
	mva_wire_put_error(&w, &none);
	mva_wire_send(helper.socket, bytes, w.used, fd);
	if (fd >= 0)
		close(fd);
}

static void *help(void *ctx)
{
	uint8_t bytes[4096];
	ssize_t got;
	int fd;

	while ((got = mva_wire_receive(helper.socket, bytes, sizeof bytes, &fd)) > 0) {
		struct mvmp_reader r = mvmp_reader(bytes, (size_t)got);
		uint32_t kind = mvmp_get_u32(&r), number = mvmp_get_u32(&r);
		char name[MVA_NAME_LEN + 1] = "";

		mvmp_get_u32(&r);
		mvmp_get_bytes(&r, name, MVA_NAME_LEN);
		if (++helper.asked == helper.slow)
			poll(NULL, 0, STALL_MS);
		answer(kind, number, name);
	}
	return NULL;
}

static struct mva_helper_client *client;
static pthread_t thread;
static int other_tasks;

static int set_up(void **state)
{
	int questions[2], tasks[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, questions) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, tasks))
		return -1;
	helper.socket = questions[0];
	helper.asked = helper.slow = 0;
	other_tasks = tasks[0];
	client = mva_helper_client_new(questions[1], tasks[1]);
	return !client || pthread_create(&thread, NULL, help, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
	mva_helper_client_free(client);
	pthread_join(thread, NULL);
	close(helper.socket);
	close(other_tasks);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The path that was handed over for this name; "" when none was. */
static const char *open_named(const char *name)
{
	static char target[64];
	struct mva_privops *priv = mva_helper_privops(client);
	struct mva_open what = {.source = MVA_SRC_PROC_FILE};
	struct mvmp_error err;
	char link[64];
	int fd;
	ssize_t len;

	snprintf(what.name, sizeof what.name, "%s", name);
	fd = priv->ops->open(priv, &what, &err);
	if (fd < 0)
		return "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof target - 1);
	target[len > 0 ? len : 0] = '\0';
	close(fd);
	return target;
}

/* An answer that comes too late is thrown away: the next question gets its own file. */
static void a_late_answer_is_nobody_elses(void **state)
{
	assert_int_equal(mva_helper_ready(client), 0);
	helper.slow = 2;
	assert_string_equal(open_named("stat"), "");
	poll(NULL, 0, STALL_MS);
	assert_string_equal(open_named("meminfo"), "/proc/meminfo");
	assert_string_equal(open_named("loadavg"), "/proc/loadavg");
	assert_string_equal(open_named("uptime"), "/proc/uptime");
}

/* A helper that is stopped costs one short wait, not one for each question. */
static void a_helper_that_stands_still_does_not_stop_us(void **state)
{
	int64_t begun;

	assert_int_equal(mva_helper_ready(client), 0);
	helper.slow = 2;
	begun = now_ms();
	for (unsigned i = 0; i < 10; i++)
		assert_string_equal(open_named("stat"), "");
	assert_in_range(now_ms() - begun, 200, 600);
}

/* Before the agent serves, a helper that is slow to start is waited for. */
static void a_slow_start_is_waited_for(void **state)
{
	helper.slow = 1;
	assert_string_equal(open_named("stat"), "/proc/stat");
}

static void ignore(void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
}

/* Tasks that nobody takes are refused when there is no more room, not waited for. */
static void tasks_nobody_takes_do_not_stop_us(void **state)
{
	static const uint8_t request[MVA_TASK_REQUEST_MAX];
	struct mva_privops *priv = mva_helper_privops(client);
	unsigned started = 0;
	int64_t begun = now_ms();

	for (unsigned i = 0; i < 300; i++)
		started += priv->ops->start(priv, MVA_TASK_PIN, request, sizeof request, 1000,
				   ignore, NULL) != 0;
	assert_in_range(started, 16, 128);
	assert_in_range(now_ms() - begun, 0, 500);
}

int main(void)
{
#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CLIENT_TEST(a_late_answer_is_nobody_elses),
		CLIENT_TEST(a_helper_that_stands_still_does_not_stop_us),
		CLIENT_TEST(a_slow_start_is_waited_for),
		CLIENT_TEST(tasks_nobody_takes_do_not_stop_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
