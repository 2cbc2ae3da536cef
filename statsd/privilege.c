/* SPDX-License-Identifier: Apache-2.0 */
#include "privilege.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int become(const char *user, struct mvmp_error *err)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry)
		return mvmp_fail(err, MVMP_NOT_FOUND, "there is no user %s", user);
	if (geteuid() == entry->pw_uid)
		return 0;
	if (initgroups(user, entry->pw_gid) || setgid(entry->pw_gid) || setuid(entry->pw_uid))
		return mvmp_fail(
			err, MVMP_PERMISSION, "cannot become user %s: %s", user, strerror(errno));
	if (setuid(0) == 0)
		return mvmp_fail(err, MVMP_PERMISSION, "user %s could become root again", user);
	return 0;
}

int mvs_privileges_drop(const char *user, struct mvmp_error *err)
{
	static const struct rlimit none;
	int rc = user ? become(user, err) : 0;

	if (rc)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
		setrlimit(RLIMIT_CORE, &none))
		return mvmp_fail(
			err, MVMP_PERMISSION, "cannot give up privileges: %s", strerror(errno));
	return 0;
}
