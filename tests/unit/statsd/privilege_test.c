/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <privilege.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A store as root left it: a file deep in v1, and one beside it that is none of ours. */
struct bed {
	char store[64], inside[128], beside[96];
};

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static int setup(void **state)
{
	static struct bed bed;
	char path[96];

	strcpy(bed.store, "/tmp/mvs-user-XXXXXX");
	assert_non_null(mkdtemp(bed.store));
	assert_int_equal(chmod(bed.store, 0755), 0);
	snprintf(path, sizeof path, "%s/v1", bed.store);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/v1/r1-n01", bed.store);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(bed.inside, sizeof bed.inside, "%s/node.rrd", path);
	snprintf(bed.beside, sizeof bed.beside, "%s/beside", bed.store);
	touch(bed.inside);
	touch(bed.beside);
	*state = &bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	char command[96];

	snprintf(command, sizeof command, "rm -r %s", bed->store);
	return system(command);
}

/* What the process still has; 0 when it is as it should be, else the number of the complaint. */
static int look_around(const struct bed *bed, uid_t uid)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (getuid() != uid || geteuid() != uid || getgroups(0, NULL) != 0)
		return 1;
	if (syscall(SYS_capget, &head, data) || data[0].permitted != 1u << CAP_NET_RAW ||
		data[1].permitted || data[0].inheritable)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0)
		return 4;
	if (open(bed->inside, O_RDWR) < 0)
		return 5;
	if (open(bed->beside, O_RDWR) >= 0)
		return 6;
	return 0;
}

/* Started by root without --user it becomes _mvmp or nobody, keeps raw sockets and nothing else,
 * and owns STORE/v1 with all in it, and nothing beside it. */
static void root_is_given_up(void **state)
{
	struct bed *bed = *state;
	struct mvs_user user;
	struct mvmp_error err;
	pid_t child;
	int status;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mvs_user_find(&user, NULL, &err), 0);
	assert_true(user.change);
	assert_int_not_equal(user.uid, 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (mvs_user_own_store(&user, bed->store, &err) || mvs_privileges_drop(&user, &err))
			_exit(9);
		_exit(look_around(bed, user.uid));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --user root stays root; a user that is not there is named. */
static void users_are_found(void **state)
{
	struct mvs_user user;
	struct mvmp_error err;

	assert_int_equal(mvs_user_find(&user, "root", &err), 0);
	assert_false(user.change);
	assert_int_equal(mvs_user_find(&user, "nobodyy", &err), -MVMP_NOT_FOUND);
	assert_string_equal(err.text, "there is no user nobodyy");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		CASE(root_is_given_up),
		CASE(users_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
