/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mvmp/bytes.h>
#include <mvmp/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A question is its number (u32), a part (u32) and its bytes; an answer the same number, so that
 * one which comes too late is nobody else's, a status (u32) and a sentence. */
enum { FIRST = 3 /* descriptor after stderr */ };
enum { QUESTION_MAX = 8 + MVMP_CLUSTER_MAX, PATIENCE_S = 1 };

struct mvs_keeper {
	int socket;
	pid_t pid;
	uint32_t asked; /* number of the last question */
};

/* ---- the process ---- */

static void answer(int socket, uint32_t number, const struct mvmp_error *err)
{
	uint8_t bytes[8 + sizeof err->text];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);

	mvmp_put_u32(&w, number);
	mvmp_put_u32(&w, err->status);
	mvmp_put_bytes(&w, err->text, strlen(err->text));
	send(socket, bytes, w.used, MSG_NOSIGNAL);
}

static void keep(const char *identity, int socket, const uint8_t *question, size_t len)
{
	struct mvmp_reader r = mvmp_reader(question, len);
	struct mvmp_error err = {.status = MVMP_OK};
	uint32_t number = mvmp_get_u32(&r), part = mvmp_get_u32(&r);

	if (r.bad || part < MVMP_PART_STATE || part > MVMP_PART_FORMER)
		mvmp_fail(&err, MVMP_INVALID, "malformed question to the keeper");
	else
		mvmp_identity_keep(
			identity, (enum mvmp_part)part, r.at, r.left, (uint64_t)time(NULL), &err);
	answer(socket, number, &err);
}

/* Keeps `socket` alone, as descriptor 3: 0 to 2 lead nowhere, so that no file gets their numbers.
 */
static int keep_descriptors(int socket)
{
	int none = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < FIRST; fd++) {
		if (none < 0 || dup2(none, fd) < 0)
			return -1;
	}
	if (socket != FIRST && dup2(socket, FIRST) < 0)
		return -1;
	return (int)syscall(SYS_close_range, FIRST + 1, ~0u, 0);
}

/* What an identity's files need that may belong to somebody else, of what there is. */
static int keep_capabilities(void)
{
	const uint32_t needed = 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_CHOWN;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].permitted &= needed;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){0};
	return (int)syscall(SYS_capset, &head, data);
}

/* Nothing below any other directory. A kernel without Landlock goes without. */
static int fence(const char *identity)
{
	int directory = open(identity, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rules = mvmp_landlock_prepare(directory, NULL, NULL);

	if (directory >= 0)
		close(directory);
	return rules < -1 || (rules >= 0 && mvmp_landlock_enter(rules, NULL)) ? -1 : 0;
}

/* Whoever misled it could do nothing but write the identity. */
static int harden(const char *identity, int socket)
{
	static const struct rlimit none;
	uint8_t hash[MVMP_HASH_LEN];

	mvmp_crypto_openssl.hash(hash, "", 0, NULL, 0); /* reads its settings while it can */
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       setrlimit(RLIMIT_CORE, &none) || keep_descriptors(socket) ||
			       fence(identity) || keep_capabilities()
		       ? -1
		       : 0;
}

__attribute__((noreturn)) static void serve(const char *identity, int socket)
{
	static uint8_t question[QUESTION_MAX];
	ssize_t len;

	prctl(PR_SET_NAME, "mvstatsd-keeper");
	if (harden(identity, socket))
		_exit(1);
	socket = FIRST;
	while ((len = recv(socket, question, sizeof question, 0)) > 0 || errno == EINTR) {
		if (len > 0)
			keep(identity, socket, question, (size_t)len);
		mvmp_wipe(question, sizeof question);
		errno = 0;
	}
	_exit(0);
}

/* ---- the program's side ---- */

int mvs_keeper_start(const char *identity, struct mvs_keeper **ret, struct mvmp_error *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct mvs_keeper *keeper = calloc(1, sizeof *keeper);
	int pair[2];

	if (!keeper || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		free(keeper);
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot start the keeper of the identity: %s",
			strerror(errno));
	}
	keeper->pid = fork();
	if (!keeper->pid) {
		close(pair[0]);
		serve(identity, pair[1]);
	}
	close(pair[1]);
	keeper->socket = pair[0];
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (keeper->pid < 0) {
		mvs_keeper_stop(keeper);
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot start the keeper of the identity: %s",
			strerror(errno));
	}
	*ret = keeper;
	return 0;
}

void mvs_keeper_stop(struct mvs_keeper *keeper)
{
	if (!keeper)
		return;
	close(keeper->socket);
	if (keeper->pid > 0)
		waitpid(keeper->pid, NULL, 0);
	free(keeper);
}

static int receive(struct mvs_keeper *keeper, struct mvmp_error *err)
{
	uint8_t bytes[8 + sizeof err->text];
	struct mvmp_reader r;
	uint32_t number, status;

	do {
		ssize_t len;

		do
			len = recv(keeper->socket, bytes, sizeof bytes, 0);
		while (len < 0 && errno == EINTR);
		r = mvmp_reader(bytes, len > 0 ? (size_t)len : 0);
		number = mvmp_get_u32(&r);
		status = mvmp_get_u32(&r);
	} while (!r.bad && number != keeper->asked);
	if (r.bad)
		return mvmp_fail(err, MVMP_IO, "the keeper of the identity does not answer");
	if (status)
		return mvmp_fail(err, status, "%.*s", (int)r.left, (const char *)r.at);
	return 0;
}

int mvs_keeper_keep(struct mvs_keeper *keeper, enum mvmp_part part, const uint8_t *bytes,
	size_t len, struct mvmp_error *err)
{
	static uint8_t question[QUESTION_MAX];
	struct mvmp_writer w = mvmp_writer(question, sizeof question);
	ssize_t sent;

	mvmp_put_u32(&w, ++keeper->asked);
	mvmp_put_u32(&w, part);
	if (len)
		mvmp_put_bytes(&w, bytes, len);
	if (w.bad)
		return mvmp_fail(err, MVMP_TOO_LARGE, "%zu bytes are too many to keep", len);
	sent = send(keeper->socket, question, w.used, MSG_NOSIGNAL);
	mvmp_wipe(question, sizeof question);
	if (sent < 0)
		return mvmp_fail(
			err, MVMP_IO, "the keeper of the identity is gone: %s", strerror(errno));
	return receive(keeper, err);
}
