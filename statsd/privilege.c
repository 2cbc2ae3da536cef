/* SPDX-License-Identifier: Apache-2.0 */
#include "privilege.h"
#include "rrdfile.h"
#include "schema.h"
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int mvs_user_find(struct mvs_user *user, const char *name, struct mvmp_error *err)
{
	const struct passwd *entry = getpwnam(name ? name : "_mvmp");

	*user = (struct mvs_user){.change = false};
	if (!entry && !name)
		entry = getpwnam("nobody");
	if (!entry)
		return mvmp_fail(
			err, MVMP_NOT_FOUND, "there is no user %s", name ? name : "nobody");
	snprintf(user->name, sizeof user->name, "%s", entry->pw_name);
	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	user->change = user->uid != 0 && (geteuid() == 0 || name) && geteuid() != user->uid;
	return 0;
}

/* ---- the store --------------------------------------------------------------------------- */

static const struct mvs_user *heir; /* nftw() passes nothing on; one walk at the start */

static int give(const char *path, const struct stat *st, int type, struct FTW *where)
{
	return lchown(path, heir->uid, heir->gid) ? -1 : 0;
}

int mvs_user_own_store(const struct mvs_user *user, const char *store, struct mvmp_error *err)
{
	char path[MVS_PATH_MAX];
	struct stat st;

	if (!user->change || geteuid() != 0 || stat(store, &st) || !S_ISDIR(st.st_mode))
		return 0;
	snprintf(path, sizeof path, "%.400s/v%d", store, MVS_SCHEMA_VERSION);
	if ((mkdir(path, 0755) && errno != EEXIST) || lstat(path, &st))
		return mvmp_fail(err, MVMP_PERMISSION, "cannot make %s: %s", path, strerror(errno));
	if (st.st_uid == user->uid)
		return 0;
	heir = user;
	if (nftw(path, give, 16, FTW_PHYS | FTW_DEPTH))
		return mvmp_fail(err, MVMP_PERMISSION, "cannot give %s to user %s: %s", path,
			user->name, strerror(errno));
	return 0;
}

/* ---- the process --------------------------------------------------------------------------- */

static int set_capabilities(uint32_t bits)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{bits, bits, 0}, {0, 0, 0}};

	return (int)syscall(SYS_capset, &head, data);
}

static int become(const struct mvs_user *user, struct mvmp_error *err)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
		setresgid(user->gid, user->gid, user->gid) ||
		setresuid(user->uid, user->uid, user->uid) || set_capabilities(1u << CAP_NET_RAW))
		return mvmp_fail(err, MVMP_PERMISSION, "cannot become user %s: %s", user->name,
			strerror(errno));
	if (setuid(0) == 0)
		return mvmp_fail(
			err, MVMP_PERMISSION, "user %s could become root again", user->name);
	return 0;
}

int mvs_privileges_drop(const struct mvs_user *user, struct mvmp_error *err)
{
	static const struct rlimit none;
	int rc = user->change ? become(user, err) : 0;

	if (rc)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
		setrlimit(RLIMIT_CORE, &none))
		return mvmp_fail(
			err, MVMP_PERMISSION, "cannot give up privileges: %s", strerror(errno));
	return 0;
}
