/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <errno.h>
#include <mvmp/link.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char dir[40], path[80];
	struct mvmp_link *server, *client;
};

struct heard {
	unsigned count;
	uint8_t src[6];
	enum mvmp_channel channel;
	char text[64];
};

static void hear(void *ctx, const uint8_t src[static 6], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct heard *heard = ctx;

	heard->count++;
	memcpy(heard->src, src, 6);
	heard->channel = channel;
	snprintf(heard->text, sizeof heard->text, "%.*s", (int)len, (const char *)frame);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct mvmp_error err;

	strcpy(f->dir, "/tmp/mvmp-unix-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/agent-n1.sock", f->dir);
	assert_int_equal(mvmp_unix_listen(f->path, &f->server, &err), 0);
	assert_int_equal(mvmp_unix_connect(f->dir, &f->client, &err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mvmp_link_close(f->client);
	mvmp_link_close(f->server);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int say(
	struct mvmp_link *link, const uint8_t *dst, enum mvmp_channel channel, const char *text)
{
	uint8_t buf[MVMP_LINK_HEADROOM + 64];

	memcpy(buf + MVMP_LINK_HEADROOM, text, strlen(text));
	return mvmp_link_send(link, dst, channel, buf + MVMP_LINK_HEADROOM, strlen(text));
}

/* The accept and the first frame may need two calls; a second of patience bounds it. */
static void listen_for(struct mvmp_link *link, struct heard *heard, unsigned count)
{
	struct pollfd fd = {.events = POLLIN};
	int fds[4];

	assert_int_equal(link->ops->descriptors(link, fds), 1);
	fd.fd = fds[0];
	for (int i = 0; i < 100 && heard->count < count; i++) {
		poll(&fd, 1, 10);
		assert_true(mvmp_link_receive(link, 64, hear, heard) >= 0);
	}
}

/* A frame to the group reaches the listening program; its answer to the made-up address comes
 * back on the same connection. */
static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct heard at_server = {0}, at_client = {0};

	assert_int_equal(say(f->client, mvmp_group, MVMP_CONTROL, "who is there"), 0);
	listen_for(f->server, &at_server, 1);
	assert_string_equal(at_server.text, "who is there");
	assert_int_equal(at_server.channel, MVMP_CONTROL);
	assert_int_equal(say(f->server, at_server.src, MVMP_STATS, "n1"), 0);
	listen_for(f->client, &at_client, 1);
	assert_string_equal(at_client.text, "n1");
	assert_int_equal(at_client.channel, MVMP_STATS);
}

/* A second program cannot take a socket that is in use; after the first is gone it can, though
 * the file is still there. */
static void test_in_use(void **state)
{
	struct fixture *f = *state;
	struct mvmp_link *second = NULL;
	struct mvmp_error err;

	assert_int_equal(mvmp_unix_listen(f->path, &second, &err), -MVMP_CONFLICT);
	mvmp_link_close(f->server);
	assert_int_equal(access(f->path, F_OK), 0);
	assert_int_equal(mvmp_unix_listen(f->path, &f->server, &err), 0);
}

/* When the server went away its address is dead, and the next frame to the group finds the new
 * server. */
static void test_reconnect(void **state)
{
	struct fixture *f = *state;
	struct heard at_server = {0}, at_client = {0};
	struct mvmp_error err;

	say(f->client, mvmp_group, MVMP_CONTROL, "one");
	listen_for(f->server, &at_server, 1);
	mvmp_link_close(f->server);
	assert_int_equal(mvmp_unix_listen(f->path, &f->server, &err), 0);
	mvmp_link_receive(f->client, 64, hear, &at_client);
	at_server = (struct heard){0};
	say(f->client, mvmp_group, MVMP_CONTROL, "two");
	listen_for(f->server, &at_server, 1);
	assert_string_equal(at_server.text, "two");
}

/* Addresses nobody has, and paths longer than a socket address, are refused. */
static void test_bad_use(void **state)
{
	static const uint8_t nobody[6] = {0x02, 0x55, 0, 9, 0, 3};
	struct fixture *f = *state;
	struct mvmp_link *link = NULL;
	struct mvmp_error err;
	char path[200];

	assert_true(say(f->server, nobody, MVMP_CONTROL, "x") < 0);
	memset(path, 'a', sizeof path);
	path[sizeof path - 1] = '\0';
	assert_int_equal(mvmp_unix_listen(path, &link, &err), -MVMP_INVALID);
	assert_int_equal(mvmp_unix_connect(path, &link, &err), -MVMP_INVALID);
	assert_null(link);
}

/* An ordinary user holds at most 32 connections; the rest are closed at once. Root is free, so
 * the test becomes nobody for the connecting side. */
static void test_user_limit(void **state)
{
	struct fixture *f = *state;
	struct mvmp_link *links[40] = {0};
	struct heard heard = {0};
	struct mvmp_error err;

	if (getuid() == 0) {
		assert_int_equal(chown(f->dir, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(mvmp_unix_connect(f->dir, &links[i], &err), 0);
		say(links[i], mvmp_group, MVMP_CONTROL, "x");
		mvmp_link_receive(f->server, 64, hear, &heard);
	}
	listen_for(f->server, &heard, 33);
	assert_int_equal(heard.count, 32);
	for (unsigned i = 0; i < 40; i++)
		mvmp_link_close(links[i]);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

/* Many users together, or one who has many user ids to give away, take all places but root's. */
static void test_root_reserve(void **state)
{
	struct fixture *f = *state;
	struct mvmp_link *links[5][32] = {{0}};
	struct heard heard = {0};
	struct mvmp_error err;

	if (getuid())
		skip();
	assert_int_equal(chmod(f->dir, 0755), 0);
	for (unsigned user = 0; user < 5; user++) {
		assert_int_equal(seteuid(60000 + user), 0);
		for (unsigned i = 0; i < 32; i++) {
			assert_int_equal(mvmp_unix_connect(f->dir, &links[user][i], &err), 0);
			say(links[user][i], mvmp_group, MVMP_CONTROL, "x");
			mvmp_link_receive(f->server, 64, hear, &heard);
		}
		assert_int_equal(seteuid(0), 0);
	}
	listen_for(f->server, &heard, 113);
	assert_int_equal(heard.count, 112);
	heard.count = 0;
	say(f->client, mvmp_group, MVMP_CONTROL, "root");
	listen_for(f->server, &heard, 1);
	assert_string_equal(heard.text, "root");
	for (unsigned i = 0; i < 5 * 32; i++)
		mvmp_link_close(links[i / 32][i % 32]);
}

/* Keeps what was heard of the one that says "good". */
static void hear_good(void *ctx, const uint8_t src[static 6], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	if (len == 4 && !memcmp(frame, "good", 4))
		hear(ctx, src, channel, frame, len);
}

/* Who never reads makes sending fail for itself only; who sends garbage without end keeps nobody
 * else from being heard. */
static void test_bad_neighbours(void **state)
{
	struct fixture *f = *state;
	struct heard bad_heard = {0}, heard = {0};
	struct mvmp_link *bad;
	struct mvmp_error err;
	unsigned sent = 0;

	assert_int_equal(mvmp_unix_connect(f->dir, &bad, &err), 0);
	say(bad, mvmp_group, MVMP_CONTROL, "bad");
	listen_for(f->server, &bad_heard, 1);
	while (sent < 10000 && say(f->server, bad_heard.src, MVMP_CONTROL, "answer") == 0)
		sent++;
	assert_true(sent < 10000);
	assert_int_equal(say(f->server, bad_heard.src, MVMP_CONTROL, "answer"), -EAGAIN);
	say(f->client, mvmp_group, MVMP_CONTROL, "good");
	for (unsigned i = 0; i < 8 && !heard.count; i++) {
		for (unsigned n = 0; n < 100; n++)
			say(bad, mvmp_group, (enum mvmp_channel)(7 * (n % 2)), "garbage");
		mvmp_link_receive(f->server, 8, hear_good, &heard);
	}
	assert_string_equal(heard.text, "good");
	assert_int_equal(say(f->server, heard.src, MVMP_CONTROL, "answer"), 0);
	mvmp_link_close(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reconnect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_reserve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_neighbours, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
