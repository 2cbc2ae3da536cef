/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <backend.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whatever listens where rrdcached should: updates, flushes and forgets come back with an outcome.
 * A thread plays it: says the whole input to whoever connects, and hangs up. */

static const uint8_t *said;
static size_t said_len;
static int listener = -1;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void remove_socket(void)
{
	unlink(address.sun_path);
}

static void *play(void *ctx)
{
	char sink[4096];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		if (said_len)
			(void)!send(fd, said, said_len, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		while (read(fd, sink, sizeof sink) > 0)
			;
		close(fd);
	}
}

static void start(void)
{
	pthread_t thread;

	snprintf(
		address.sun_path, sizeof address.sun_path, "/tmp/mvmp-fuzz-rrdcached-%d", getpid());
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
		listen(listener, 16) || pthread_create(&thread, NULL, play, NULL))
		abort();
	pthread_detach(thread);
	atexit(remove_socket);
}

static void check(int rc, const struct mvmp_error *err)
{
	if (rc)
		fuzz_holds(rc == -(int)err->status && err->text[0], "a failure has a sentence");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const rows[] = {"1700000000:1:2", "1700000010:1:3"};
	struct mvs_backend *backend;
	struct mvmp_error err = {0};

	if (listener < 0)
		start();
	said = bytes;
	said_len = len;
	backend = mvs_backend_cached(address.sun_path);
	if (!backend)
		abort();
	check(backend->ops->update(backend, "/store/n1/node.rrd", 2, rows, &err), &err);
	check(backend->ops->sync(backend, &err), &err);
	check(backend->ops->flush(backend, "/store/n1/node.rrd", &err), &err);
	backend->ops->forget(backend, "/store/n1/node.rrd");
	backend->ops->free(backend);
	return 0;
}
