/* SPDX-License-Identifier: Apache-2.0 */

/* Unix links, and the sockets between the agent's two processes. */

#include "../unit/cmocka_all.h"
#include "../unit/crypto/folder.h"
#include <errno.h>
#include <fault_run.h>
#include <helper/client.h>
#include <mvmp/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct folder folder;
static char path[128];
static struct mvmp_link *listener, *link_made;
static struct mvmp_error error;
static int rc;
static unsigned heard;

/* ---- Unix links ---- */

static void make_folder(int with)
{
	folder_make(&folder);
	snprintf(path, sizeof path, "%s/agent.sock", folder.path);
	listener = link_made = NULL;
	error.text[0] = '\0';
	if (with)
		assert_int_equal(mvmp_unix_listen(path, &listener, &error), 0);
}

static void remove_folder(void)
{
	mvmp_link_close(link_made);
	mvmp_link_close(listener);
	folder_remove(&folder);
}

static void run_listen(void)
{
	rc = mvmp_unix_listen(path, &listener, &error);
}

static void run_connect(void)
{
	rc = mvmp_unix_connect(folder.path, &link_made, &error);
}

static void hear(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	heard++;
}

/* A frame to all goes from one to the other. */
static void passes(void)
{
	uint8_t room[MVMP_LINK_HEADROOM + 64] = {0};

	heard = 0;
	mvmp_link_send(link_made, mvmp_group, MVMP_CONTROL, room + MVMP_LINK_HEADROOM, 64);
	for (unsigned i = 0; i < 10 && !heard; i++) {
		usleep(1000);
		mvmp_link_receive(listener, 10, hear, NULL);
	}
	assert_int_equal(heard, 1);
}

static void is_told(enum fault_was was, const struct mvmp_link *made)
{
	if (!rc)
		return;
	assert_int_not_equal(was, FAULT_NONE);
	assert_int_equal(-rc, error.status);
	assert_true(error.text[0]);
	assert_null(made);
}

static void check_listen(enum fault_was was)
{
	is_told(was, listener);
	if (rc)
		run_listen();
	assert_int_equal(rc, 0);
	assert_int_equal(mvmp_unix_connect(folder.path, &link_made, &error), 0);
	passes();
}

static void check_connect(enum fault_was was)
{
	is_told(was, link_made);
	if (rc)
		run_connect();
	assert_int_equal(rc, 0);
	passes();
}

/* ---- the agent's side of its helper ---- */

static struct mva_helper_client *client;
static int questions[2], tasks[2];
static unsigned done;
static size_t done_len;
static enum mvmp_status done_status;

static void make_sockets(int with)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, questions), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, tasks), 0);
	client = with ? mva_helper_client_new(questions[1], tasks[1]) : NULL;
	done = 0;
}

static void remove_sockets(void)
{
	mva_helper_client_free(client);
	close(questions[0]);
	close(tasks[0]);
}

static void run_client(void)
{
	client = mva_helper_client_new(questions[1], tasks[1]);
}

static void check_client(enum fault_was was)
{
	assert_int_equal(client == NULL, was != FAULT_NONE);
	if (!client)
		run_client();
	assert_non_null(client);
}

static void take_done(void *ctx, const struct mvmp_error *err, const uint8_t *answer, size_t len)
{
	done++;
	done_status = err->status;
	done_len = len;
	if (err->status)
		assert_true(err->text[0]);
}

static uint64_t start_task(void)
{
	struct mva_privops *priv = mva_helper_privops(client);

	return priv->ops->start(priv, MVA_TASK_PIN, "pin", 3, 1000, take_done, NULL);
}

/* The helper's answer, in a memory file. */
static void answer_task(void)
{
	uint8_t bytes[4096];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
	struct mvmp_error none = {.status = MVMP_OK};
	int fd, file = memfd_create("answer", MFD_CLOEXEC);
	struct mvmp_reader r;
	ssize_t got = mva_wire_receive(tasks[0], bytes, sizeof bytes, &fd);
	uint64_t id;

	assert_true(got > 0);
	r = mvmp_reader(bytes, (size_t)got);
	mvmp_get_u32(&r);
	id = mvmp_get_u64(&r);
	assert_int_equal(ftruncate(file, 20000), 0);
	mvmp_put_u32(&w, MVA_WIRE_DONE);
	mvmp_put_u64(&w, id);
	mva_wire_put_error(&w, &none);
	mvmp_put_u32(&w, 20000);
	assert_int_equal(mva_wire_send(tasks[0], bytes, w.used, file), 0);
	close(file);
}

static uint64_t started;

static void run_start(void)
{
	started = start_task();
}

/* Either it is started, or it ends at once with a reason, or its start says that it is not. */
static void check_start(enum fault_was was)
{
	assert_true(was || (started && !done));
	if (done)
		assert_int_not_equal(done_status, MVMP_OK);
	assert_true(done <= 1);
	if (!started || done)
		assert_true(start_task() != 0);
	done = 0;
	answer_task();
	assert_int_equal(mva_helper_client_receive(client), 0);
	assert_int_equal(done, 1);
	assert_int_equal(done_status, MVMP_OK);
}

static void make_answered(int with)
{
	make_sockets(1);
	assert_true(start_task() != 0);
	answer_task();
}

static void run_receive(void)
{
	rc = mva_helper_client_receive(client);
}

static void check_receive(enum fault_was was)
{
	assert_int_equal(rc, 0);
	assert_int_equal(done, 1);
	assert_int_equal(done_status, was ? MVMP_NO_MEMORY : MVMP_OK);
	assert_int_equal(done_len, was ? 0 : 20000);
	done = 0;
	assert_true(start_task() != 0);
	answer_task();
	assert_int_equal(mva_helper_client_receive(client), 0);
	assert_int_equal(done, 1);
	assert_int_equal(done_len, 20000);
}

static const struct fault_row rows[] = {
	{"Unix link that listens", FAULT_MEMORY | FAULT_SOCKET, make_folder, run_listen,
		check_listen, remove_folder, 0},
	{"Unix link that connects", FAULT_MEMORY | FAULT_SOCKET | FAULT_READ, make_folder,
		run_connect, check_connect, remove_folder, 1},
	{"helper's client", FAULT_MEMORY, make_sockets, run_client, check_client, remove_sockets,
		0},
	{"task started", FAULT_SOCKET, make_sockets, run_start, check_start, remove_sockets, 1},
	{"task's long answer", FAULT_MEMORY | FAULT_READ, make_answered, run_receive, check_receive,
		remove_sockets, 0},
};

int main(int argc, char **argv)
{
	return fault_run("links", rows, sizeof rows / sizeof rows[0], argc, argv);
}
