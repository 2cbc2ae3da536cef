/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include "times.h"
#include <errno.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* `ca rotate` and `ca new-cluster-key`: the two keys of a cluster take turns. */

enum { HANGING_NAMED = 8 };

bool mvctl_ca_hangs(const struct mvctl_ca *ca, const struct mvmp_cert *cert, uint64_t now)
{
	if (!ca->rotating || mvctl_ca_signer(&ca->cluster, cert) != 0 ||
		strcmp(mvctl_ca_state(&ca->cluster, cert, now), "valid") != 0)
		return false;
	for (unsigned i = 0; i < ca->count; i++) {
		const struct mvmp_cert *other = &ca->issued[i];

		if (mvctl_ca_signer(&ca->cluster, other) == 1 &&
			!memcmp(other->key, cert->key, MVMP_KEY_LEN) &&
			!strcmp(other->name, cert->name) &&
			!mvmp_cluster_revokes(&ca->cluster, other->serial))
			return false;
	}
	return true;
}

unsigned mvctl_ca_hanging(const struct mvctl_ca *ca, uint64_t now, char *names, size_t size)
{
	unsigned count = 0;
	size_t used = 0;

	names[0] = '\0';
	for (unsigned i = 0; i < ca->count; i++) {
		if (!mvctl_ca_hangs(ca, &ca->issued[i], now))
			continue;
		if (count++ < HANGING_NAMED && used < size)
			used += (size_t)snprintf(names + used, size - used, "%s%s",
				used ? ", " : "", ca->issued[i].name);
	}
	if (count > HANGING_NAMED && used < size)
		snprintf(names + used, size - used, " and %u more", count - HANGING_NAMED);
	return count;
}

/* Who has no new certificate when the old key goes is refused by everybody. */
static int check_hanging(const struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err)
{
	char names[(MVMP_NAME_MAX + 2) * HANGING_NAMED + 24];
	unsigned count = mvctl_ca_hanging(ca, now, names, sizeof names);

	if (!count)
		return 0;
	mvmp_fail(err, MVMP_CONFLICT,
		"%u valid certificate%s hang%s on the CA key that would go: %.200s; nothing was "
		"changed",
		count, count == 1 ? "" : "s", count == 1 ? "s" : "", names);
	return mvmp_hint(err, "sign them anew: mvctl ca renew %.80s; or leave them behind: --force",
		ca->directory);
}

static void print_number(
	struct mvctl *ctl, const struct mvctl_ca *ca, uint64_t before, const char *what)
{
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:s, s:I, s:i, s:I}", "directory", ca->directory,
					    "state_number", (json_int_t)ca->cluster.number,
					    "ca_keys", (int)ca->cluster.cas, "key_generation",
					    (json_int_t)ca->cluster.key_generation));
		return;
	}
	fprintf(ctl->out, "%s: %s, cluster state %llu -> %llu\n", ca->directory, what,
		(unsigned long long)before, (unsigned long long)ca->cluster.number);
}

static int rotate(
	struct mvctl *ctl, struct mvctl_ca *ca, bool finish, bool force, struct mvmp_error *err)
{
	uint64_t now = (uint64_t)time(NULL), before = ca->cluster.number;
	int ret = finish && !force && ca->rotating ? check_hanging(ca, now, err) : 0;

	if (!ret)
		ret = finish ? mvctl_ca_finish_rotation(ca, now, err)
			     : mvctl_ca_begin_rotation(ca, now, err);
	if (ret == -MVMP_CONFLICT && !err->hint[0])
		mvmp_hint(err,
			finish ? "a second key is made by: mvctl ca rotate %s"
			       : "the first one goes by: mvctl ca rotate %s --finish",
			ca->directory);
	if (ret)
		return ret;
	print_number(ctl, ca, before,
		finish ? "the first CA key is gone" : "a second CA key signs from now on");
	if (finish)
		mvctl_note(ctl, "  next: mvctl cluster publish %s", ca->directory);
	else
		mvctl_note(ctl,
			"  next: mvctl cluster publish %s, mvctl ca renew %s, publish again, then\n"
			"  mvctl ca rotate %s --finish and publish once more",
			ca->directory, ca->directory, ca->directory);
	return 0;
}

int mvctl_ca_rotate(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{"finish", no_argument, NULL, 'f'},
		{"force", no_argument, NULL, 'F'},
		{0},
	};
	bool finish = false, force = false;
	struct mvmp_error err = {.status = MVMP_OK};
	struct mvctl_ca ca;
	int c, ret;

	while ((c = mvctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		finish |= c == 'f';
		force |= c == 'F';
	}
	if (argc - optind != 1 || (force && !finish))
		return mvctl_usage(ctl, "usage: mvctl ca rotate DIR [--finish [--force]]");
	ret = mvctl_ca_open(&ca, argv[optind], &err);
	if (!ret)
		ret = rotate(ctl, &ca, finish, force, &err);
	mvctl_ca_close(&ca);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

/* ---- cluster key ---- */

/* A member holds two keys: one that has only the key before the present one could not follow. The
 * key's file tells since when it is the present one. */
static int check_grace(const struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err)
{
	char path[PATH_MAX], until[21];
	uint64_t over;
	struct stat st;

	if (ca->cluster.key_generation < 2 ||
		snprintf(path, sizeof path, "%s/cluster.key", ca->directory) >= PATH_MAX ||
		stat(path, &st))
		return 0;
	over = (uint64_t)st.st_mtim.tv_sec + ca->cluster.grace_s;
	if (now >= over)
		return 0;
	mvmp_fail(err, MVMP_CONFLICT,
		"the grace of cluster key %u lasts until %s; a member that has not got it yet "
		"would "
		"be lost; nothing was changed",
		ca->cluster.key_generation, mvmp_time_text(until, over));
	return mvmp_hint(
		err, "who has it is told by: mvctl show cluster; to do it at once: --force");
}

static int change(struct mvctl *ctl, struct mvctl_ca *ca, uint32_t grace_s, bool force,
	struct mvmp_error *err)
{
	uint64_t now = (uint64_t)time(NULL), before = ca->cluster.number;
	char what[80], span[32];
	int ret = force ? 0 : check_grace(ca, now, err);

	if (!ret)
		ret = mvctl_ca_change_cluster_key(ca, grace_s, now, err);
	if (ret)
		return ret;
	snprintf(what, sizeof what, "cluster key generation %u", ca->cluster.key_generation);
	print_number(ctl, ca, before, what);
	mvctl_note(ctl,
		"  members accept the former one for %s after they got this one; who stays away\n"
		"  longer is to be enrolled again. next: mvctl cluster publish %s",
		mvctl_human_duration(span, sizeof span, grace_s * MVMP_NS_PER_S), ca->directory);
	return 0;
}

static bool read_grace(struct mvctl *ctl, const char *text, uint32_t *ret)
{
	struct mvmp_error err;
	double seconds;

	if (mvctl_span_parse(&seconds, text, &err)) {
		mvctl_report(ctl, &err, NULL, NULL);
		return false;
	}
	if (seconds < 1 || seconds > MVMP_GRACE_MAX_S) {
		mvctl_usage(ctl, "--grace %s: it is 1s to 366d", text);
		return false;
	}
	*ret = (uint32_t)seconds;
	return true;
}

int mvctl_ca_new_cluster_key(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{"grace", required_argument, NULL, 'g'},
		{"force", no_argument, NULL, 'F'},
		{0},
	};
	uint32_t grace_s = MVCTL_GRACE_DEFAULT_S;
	struct mvmp_error err;
	struct mvctl_ca ca;
	bool force = false;
	int c, ret;

	while ((c = mvctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == '?' || (c == 'g' && !read_grace(ctl, optarg, &grace_s)))
			return MVCTL_EXIT_USAGE;
		force |= c == 'F';
	}
	if (argc - optind != 1)
		return mvctl_usage(
			ctl, "usage: mvctl ca new-cluster-key DIR [--grace SPAN] [--force]");
	ret = mvctl_ca_open(&ca, argv[optind], &err);
	if (!ret)
		ret = change(ctl, &ca, grace_s, force, &err);
	mvctl_ca_close(&ca);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}
