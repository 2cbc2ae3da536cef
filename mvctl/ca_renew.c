/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include "request.h"
#include <errno.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* `ca renew`: certificates that are there, signed again with another serial and validity, by the
 * newer CA key where there are two. */

struct renewal {
	struct mvctl *ctl;
	struct mvctl_ca *ca;
	const char *out; /* NULL: issued/ alone */
	unsigned long days;
	uint64_t now;
	unsigned done;
};

static bool named(const struct mvmp_cert *cert, char **words)
{
	char serial[24];

	snprintf(serial, sizeof serial, "%llu", (unsigned long long)cert->serial);
	for (; *words; words++) {
		if (!strcmp(*words, serial) || !strcmp(*words, cert->name))
			return true;
	}
	return false;
}

/* A member has one certificate: the newest for its key that counts. */
static bool is_newest(const struct renewal *r, unsigned at)
{
	const struct mvmp_cert *cert = &r->ca->issued[at];

	for (unsigned i = at + 1; i < r->ca->count; i++) {
		const struct mvmp_cert *later = &r->ca->issued[i];

		if (!memcmp(later->key, cert->key, MVMP_KEY_LEN) &&
			!strcmp(later->name, cert->name) &&
			!strcmp(mvctl_ca_state(&r->ca->cluster, later, r->now), "valid"))
			return false;
	}
	return true;
}

static int write_out(const struct renewal *r, const struct mvmp_cert *cert, const uint8_t *bytes,
	size_t len, struct mvmp_error *err)
{
	char path[PATH_MAX];

	if (!r->out)
		return 0;
	if (snprintf(path, sizeof path, "%s/%s", r->out, cert->name) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of %s is too long", cert->name);
	if ((mkdir(r->out, 0700) && errno != EEXIST) || (mkdir(path, 0700) && errno != EEXIST))
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot make the directory %s: %s", path, strerror(errno));
	return mvmp_keyfile_write_in(&mvmp_member_cert, path, bytes, len, false, err);
}

static void print_renewed(const struct renewal *r, const struct mvmp_cert *cert, uint64_t former)
{
	char to[21], text[256];

	mvmp_time_text(to, cert->not_after);
	if (mvctl_wants_json(r->ctl))
		mvctl_add_item(
			r->ctl, json_pack("{s:I, s:I, s:s, s:s}", "serial",
					(json_int_t)cert->serial, "former_serial",
					(json_int_t)former, "name", cert->name, "not_after", to));
	else
		fprintf(r->ctl->out, "certificate %llu -> %llu: %s, %s, valid to %s\n",
			(unsigned long long)former, (unsigned long long)cert->serial, cert->name,
			mvctl_member_text(text, cert), to);
}

static int renew_one(struct renewal *r, unsigned at, struct mvmp_error *err)
{
	struct mvmp_cert cert = r->ca->issued[at];
	uint64_t floor = r->ca->cluster.time_floor, former = cert.serial;
	uint8_t bytes[MVMP_CERT_MAX];
	int len, ret;

	cert.not_before = r->now < floor ? r->now : floor;
	cert.not_after = r->now + 86400ull * r->days;
	len = mvctl_ca_sign_next(r->ca, &cert, bytes, err);
	if (len < 0)
		return len;
	ret = mvctl_ca_keep(r->ca, &cert, bytes, (size_t)len, err);
	if (!ret)
		ret = write_out(r, &cert, bytes, (size_t)len, err);
	if (ret)
		return ret;
	/* The next serial follows the last one of the list. */
	r->ca->issued = mvctl_grow(r->ca->issued, r->ca->count + 1, sizeof *r->ca->issued);
	if (mvmp_cert_decode(&r->ca->issued[r->ca->count], bytes, (size_t)len) != MVMP_ACCEPTED)
		return mvmp_fail(err, MVMP_FAILED, "certificate %llu cannot be read back",
			(unsigned long long)cert.serial);
	r->ca->count++;
	r->done++;
	print_renewed(r, &cert, former);
	return 0;
}

/* Every word means something, or nothing is done. */
static int check_words(const struct renewal *r, char **words, struct mvmp_error *err)
{
	for (; *words; words++) {
		bool found = false;

		for (unsigned i = 0; i < r->ca->count && !found; i++)
			found = named(&r->ca->issued[i], (char *[]){*words, NULL});
		if (!found)
			return mvmp_fail(err, MVMP_NOT_FOUND,
				"no certificate in %s has serial or name %s; nothing was changed",
				r->ca->directory, *words);
	}
	return 0;
}

static int renew(struct renewal *r, char **words, struct mvmp_error *err)
{
	unsigned count = r->ca->count;
	int ret = check_words(r, words, err);

	if (!ret && !*words && !r->ca->rotating)
		return mvmp_fail(err, MVMP_INVALID,
			"whose certificates? name them; without names it is those that hang on a "
			"CA key that goes, and %s has one CA key",
			r->ca->directory);
	for (unsigned i = 0; i < count && !ret; i++) {
		const struct mvmp_cert *cert = &r->ca->issued[i];

		if (strcmp(mvctl_ca_state(&r->ca->cluster, cert, r->now), "valid") != 0 ||
			!is_newest(r, i))
			continue;
		if (*words ? named(cert, words) : mvctl_ca_hangs(r->ca, cert, r->now))
			ret = renew_one(r, i, err);
	}
	if (!ret && !r->done)
		mvctl_note(r->ctl, "nothing to do: no valid certificate %s",
			*words ? "is meant" : "hangs on the CA key that goes");
	else if (!ret)
		mvctl_note(r->ctl, "  next: mvctl cluster publish %s installs them on the members",
			r->ca->directory);
	return ret;
}

int mvctl_ca_renew(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{"days", required_argument, NULL, 'd'},
		{"output", required_argument, NULL, 'o'},
		{0},
	};
	struct renewal r = {.ctl = ctl, .days = 365, .now = (uint64_t)time(NULL)};
	struct mvmp_error err;
	struct mvctl_ca ca;
	int c, ret;

	while ((c = mvctl_getopt(ctl, argc, argv, "o:", options)) != -1) {
		if (c == '?' ||
			(c == 'd' && !mvctl_read_number(ctl, "--days", optarg, 1, 36500, &r.days)))
			return MVCTL_EXIT_USAGE;
		if (c == 'o')
			r.out = optarg;
	}
	if (argc - optind < 1)
		return mvctl_usage(
			ctl, "usage: mvctl ca renew DIR [SERIAL|NAME...] [--days N] [-o OUTDIR]");
	r.ca = &ca;
	ret = mvctl_ca_open(&ca, argv[optind], &err);
	if (!ret)
		ret = renew(&r, argv + optind + 1, &err);
	mvctl_ca_close(&ca);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}
