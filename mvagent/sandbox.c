/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"
#include "seccomp.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <mvmp/landlock.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int mva_user_find(struct mva_user *user, const char *name, struct mvmp_error *err)
{
	const struct passwd *entry = getpwnam(name ? name : "_mvmp");

	*user = (struct mva_user){.change = geteuid() == 0};
	if (!entry && !name) {
		entry = getpwnam("nobody");
		user->shared = true;
	}
	if (!entry)
		return mvmp_fail(
			err, MVMP_NOT_FOUND, "no user is called %s", name ? name : "nobody");
	snprintf(user->name, sizeof user->name, "%s", entry->pw_name);
	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	if (!user->uid)
		user->change = false;
	return 0;
}

static int fail(struct mvmp_error *err, const char *what)
{
	return mvmp_fail(err, MVMP_PERMISSION, "cannot %s: %s", what, strerror(errno));
}

static int enter_root(int root, struct mvmp_error *err)
{
	if (root < 0 || geteuid() != 0)
		return 0;
	return fchdir(root) || chroot(".") ? fail(err, "enter the empty root directory") : 0;
}

static int become(const struct mva_user *user, struct mvmp_error *err)
{
	if (!user->change)
		return 0;
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
		setresuid(user->uid, user->uid, user->uid))
		return fail(err, "become the unprivileged user");
	if (setuid(0) == 0)
		return mvmp_fail(err, MVMP_PERMISSION, "root could be regained");
	return 0;
}

static int drop_capabilities(struct mvmp_error *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};

	return syscall(SYS_capset, &head, none) ? fail(err, "drop capabilities") : 0;
}

static int drop_rights(const struct mva_user *user, int root, struct mvmp_error *err)
{
	const struct rlimit none = {0, 0};
	int rc = enter_root(root, err);

	if (!rc)
		rc = become(user, err);
	if (!rc && user->change)
		rc = drop_capabilities(err);
	if (rc)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
		setrlimit(RLIMIT_CORE, &none))
		return fail(err, "give up dumps and new privileges");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL)) /* changing the user has cleared an earlier one */
		return fail(err, "follow the helper");
	return 0;
}

int mva_sandbox_enter(
	const struct mva_user *user, const struct mva_fence *fence, struct mvmp_error *err)
{
	int rules = mvmp_landlock_prepare(fence->state, fence->tree, err), rc;

	if (rules < -1)
		return rules;
	rc = drop_rights(user, fence->root, err);
	if (!rc && rules >= 0)
		rc = mvmp_landlock_enter(rules, err);
	else if (rules >= 0)
		close(rules);
	if (!rc)
		rc = mva_seccomp_install(err);
	return rc ? rc : rules < 0;
}
