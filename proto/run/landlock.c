/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <mvmp/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of versions 2, 3 and 5, which older headers do not have. */
enum { RIGHTS_1 = 0x1fff, REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15 };

enum {
	READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	KEEP = READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	       LANDLOCK_ACCESS_FS_MAKE_REG | TRUNCATE,
};

/* All that this kernel can forbid; 0: it has no Landlock, or it is switched off. */
static uint64_t known_rights(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return 0;
	return RIGHTS_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) |
	       (version >= 5 ? IOCTL_DEV : 0);
}

static int fail(struct mvmp_error *err, const char *what)
{
	return mvmp_fail(err, MVMP_PERMISSION, "cannot %s: %s", what, strerror(errno));
}

static int allow(int rules, int directory, uint64_t rights, struct mvmp_error *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = directory};

	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)
		       ? fail(err, "allow a directory to a process")
		       : 0;
}

/* What is not there needs no rule. */
static int allow_reading(int rules, const char *tree, const char *name, struct mvmp_error *err)
{
	char path[PATH_MAX];
	int fd, rc;

	snprintf(path, sizeof path, "%s%s", tree, name);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	rc = allow(rules, fd, READ, err);
	close(fd);
	return rc;
}

int mvmp_landlock_prepare(int state, const char *tree, struct mvmp_error *err)
{
	const struct landlock_ruleset_attr handled = {.handled_access_fs = known_rights()};
	int rules, rc = 0;

	if (!handled.handled_access_fs)
		return -1;
	rules = (int)syscall(
		SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
	if (rules < 0)
		return fail(err, "make rules for files");
	if (state >= 0)
		rc = allow(rules, state, KEEP & handled.handled_access_fs, err);
	if (!rc && tree)
		rc = allow_reading(rules, tree, "/proc", err);
	if (!rc && tree)
		rc = allow_reading(rules, tree, "/sys", err);
	if (rc)
		close(rules);
	return rc ? rc : rules;
}

int mvmp_landlock_enter(int rules, struct mvmp_error *err)
{
	long rc = syscall(SYS_landlock_restrict_self, rules, 0);

	if (rc)
		fail(err, "limit the files that can be opened");
	close(rules);
	return rc ? -MVMP_PERMISSION : 0;
}
