/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *ctx)
{
	return ctx;
}

/* Each returns 0 when the sandbox does as it should. */
static int no_new_programs(void)
{
	char *const argv[] = {(char *)"false", NULL};

	execv("/bin/false", argv); /* ends with 1 where it runs */
	return errno == EPERM ? 0 : 1;
}

static int no_new_processes(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 && errno == EPERM ? 0 : 1;
}

static int no_network_sockets(void)
{
	static const int bad[] = {AF_UNIX, AF_INET, AF_INET6, AF_PACKET, 40 /* AF_VSOCK */};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (socket(bad[i], SOCK_DGRAM, 0) >= 0 || errno != EPERM)
			return 1;
	}
	return 0;
}

static int no_tracing_no_signals(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != -1 || errno != EPERM)
		return 1;
	return kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 1;
}

static int no_way_back(void)
{
	if (getuid() == 0 || setuid(0) == 0 || prctl(PR_GET_DUMPABLE) != 0)
		return 1;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static int no_core_files(void)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_CORE, &limit) && limit.rlim_max == 0 ? 0 : 1;
}

static int no_files_but_open_ones(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT ? 0 : 1;
}

/* Held from before: directories outside the root, and a local socket. */
static int held_proc, held_etc, held_state, held_socket;

static bool opens(int directory, const char *path, int flags)
{
	int fd = openat(directory, path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int no_way_out_by_held_directories(void)
{
	static const char *const bad[] = {"../etc/passwd", "../../../etc/passwd", "../root", "..",
		"../tmp", "self/root/etc/passwd", "1/root"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (opens(held_proc, bad[i], O_RDONLY) || opens(held_state, bad[i], O_RDONLY))
			return 2 + (int)i;
	}
	return opens(held_etc, "passwd", O_RDONLY) || opens(held_proc, "self/comm", O_WRONLY) ? 1
											      : 0;
}

static int no_other_directory_no_connection(void)
{
	static const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/socket"};

	if (fchdir(held_proc) != -1 || errno != EPERM)
		return 1;
	return connect(held_socket, (const struct sockaddr *)&to, sizeof to) == -1 && errno == EPERM
		       ? 0
		       : 2;
}

static int figures_are_read_and_state_is_kept(void)
{
	if (!opens(held_proc, "stat", O_RDONLY) || !opens(held_proc, "self/stat", O_RDONLY))
		return 1;
	if (!opens(held_state, "wishes.new", O_RDWR | O_CREAT | O_TRUNC) ||
		renameat(held_state, "wishes.new", held_state, "wishes.json") ||
		!opens(held_state, "wishes.json", O_RDONLY | O_TRUNC) ||
		!opens(held_state, ".", O_RDONLY | O_DIRECTORY))
		return 2;
	return unlinkat(held_state, "wishes.json", 0) ? 3 : 0;
}

static int threads_and_netlink_work(void)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, NULL) || pthread_join(id, NULL))
		return 1;
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 0 : 1;
}

enum { NO_FENCE = 77 };

static bool needs_fence(int (*check)(void))
{
	return check == no_way_out_by_held_directories;
}

static int hold(void **state)
{
	char path[] = "/tmp/mvmp-sandbox-XXXXXX";

	held_proc = open("/proc", O_RDONLY | O_DIRECTORY);
	held_etc = open("/etc", O_RDONLY | O_DIRECTORY);
	held_socket = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!mkdtemp(path))
		return -1;
	held_state = open(path, O_RDONLY | O_DIRECTORY);
	if (geteuid() == 0 && fchown(held_state, 65534, 65534))
		return -1;
	*state = strdup(path);
	return 0;
}

static int let_go(void **state)
{
	int rc = rmdir(*state);

	free(*state);
	return rc;
}

/* Runs a check in a child that entered the sandbox; its exit code. */
static int inside(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct mva_user user;
		struct mva_fence fence = {.state = held_state, .tree = ""};
		int rc;

		fence.root = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY);
		if (mva_user_find(&user, "nobody", NULL) ||
			(rc = mva_sandbox_enter(&user, &fence, NULL)) < 0)
			_exit(100);
		_exit(rc && needs_fence(check) ? NO_FENCE : check());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static void what_a_protocol_never_needs_is_gone(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(inside(no_new_programs), 0);
	assert_int_equal(inside(no_new_processes), 0);
	assert_int_equal(inside(no_network_sockets), 0);
	assert_int_equal(inside(no_tracing_no_signals), 0);
	assert_int_equal(inside(no_way_back), 0);
	assert_int_equal(inside(no_core_files), 0);
	assert_int_equal(inside(no_files_but_open_ones), 0);
	assert_int_equal(inside(no_other_directory_no_connection), 0);
}

/* ".." leads out of a directory that was opened outside the empty root; Landlock forbids it. */
static void held_directories_lead_nowhere(void **state)
{
	int rc;

	if (geteuid() != 0)
		skip();
	rc = inside(no_way_out_by_held_directories);
	if (rc == NO_FENCE)
		skip();
	assert_int_equal(rc, 0);
}

static void what_it_needs_still_works(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(inside(threads_and_netlink_work), 0);
	assert_int_equal(inside(figures_are_read_and_state_is_kept), 0);
}

static void an_unknown_user_is_named(void **state)
{
	struct mvmp_error err;
	struct mva_user user;

	assert_int_equal(mva_user_find(&user, "no-such-user", &err), -MVMP_NOT_FOUND);
	assert_non_null(strstr(err.text, "no-such-user"));
}

/* Without a user of the agent's own it is nobody, and known to be shared with others. */
static void nobody_is_told_apart(void **state)
{
	bool own = getpwnam("_mvmp");
	struct mva_user user;

	assert_int_equal(mva_user_find(&user, NULL, NULL), 0);
	assert_string_equal(user.name, own ? "_mvmp" : "nobody");
	assert_int_equal(user.shared, !own);
	assert_int_equal(mva_user_find(&user, "nobody", NULL), 0);
	assert_false(user.shared); /* asked for */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_protocol_never_needs_is_gone),
		cmocka_unit_test(held_directories_lead_nowhere),
		cmocka_unit_test(what_it_needs_still_works),
		cmocka_unit_test(an_unknown_user_is_named),
		cmocka_unit_test(nobody_is_told_apart),
	};

	return cmocka_run_group_tests(tests, hold, let_go);
}
