/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include "request.h"
#include "times.h"
#include <errno.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	OPTION_DAYS = MVCTL_OPTION_OTHERS,
	OPTION_NOT_BEFORE,
	OPTION_NOT_AFTER,
};

static const struct option options[] = {
	MVCTL_MEMBER_OPTIONS,
	{"days", required_argument, NULL, OPTION_DAYS},
	{"not-before", required_argument, NULL, OPTION_NOT_BEFORE},
	{"not-after", required_argument, NULL, OPTION_NOT_AFTER},
	{0},
};

/* What the line asks for; fields of the certificate that were not given are zero. */
struct order {
	struct mvmp_cert cert;
	unsigned long days;
	const char *out;
	time_t now;
};

static int read_time(uint64_t *ret, const char *text, time_t now, struct mvmp_error *err)
{
	int64_t seconds;
	int failed = mvctl_time_parse(&seconds, text, now, err);

	if (failed)
		return failed;
	if (seconds <= 0)
		return mvmp_fail(err, MVMP_INVALID, "%s is before 1970", text);
	*ret = (uint64_t)seconds;
	return 0;
}

static int take_option(struct mvctl *ctl, struct order *order, int c)
{
	struct mvmp_error err;
	int ret;

	switch (c) {
	case '?':
		return MVCTL_EXIT_USAGE;
	case 'o':
		order->out = optarg;
		return 0;
	case OPTION_DAYS:
		return mvctl_read_number(ctl, "--days", optarg, 1, 36500, &order->days)
			       ? 0
			       : MVCTL_EXIT_USAGE;
	case OPTION_NOT_BEFORE:
		ret = read_time(&order->cert.not_before, optarg, order->now, &err);
		break;
	case OPTION_NOT_AFTER:
		ret = read_time(&order->cert.not_after, optarg, order->now, &err);
		break;
	default:
		ret = mvctl_member_option(&order->cert, c, optarg, &err);
	}
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : 0;
}

static int take_options(
	struct mvctl *ctl, struct order *order, int argc, char **argv, const char *letters)
{
	int c, ret = 0;

	*order = (struct order){.now = time(NULL)};
	while (!ret && (c = mvctl_getopt(ctl, argc, argv, letters, options)) != -1)
		ret = take_option(ctl, order, c);
	if (!ret && order->days && order->cert.not_after)
		return mvctl_usage(ctl, "--days and --not-after exclude each other");
	return ret;
}

/* Name and MACs that were not given on the line come from the request; roles never do, since
 * they are what the one who signs decides. */
static int add_request(struct order *order, const char *path, struct mvmp_error *err)
{
	struct mvmp_cert asked = {0};
	int ret = mvctl_request_read(path, &asked, err);

	if (ret)
		return ret;
	memcpy(order->cert.key, asked.key, sizeof asked.key);
	if (!order->cert.name[0])
		memcpy(order->cert.name, asked.name, sizeof asked.name);
	if (!order->cert.macs) {
		order->cert.macs = asked.macs;
		memcpy(order->cert.mac, asked.mac, sizeof asked.mac);
	}
	return 0;
}

static int make_directory(const char *path, struct mvmp_error *err)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
		"cannot make the directory %s: %s", path, strerror(errno));
}

/* Whether the state in a directory has a CA key of this CA's state. */
static bool is_of_cluster(const struct mvctl_ca *ca, const char *directory)
{
	const struct mvmp_crypto_ops *crypto = &mvmp_crypto_openssl;
	uint8_t *bytes = mvctl_alloc(1, MVMP_CLUSTER_MAX);
	int len = mvmp_keyfile_read_in(&mvmp_cluster_state, directory, bytes, NULL);
	struct mvmp_cluster there = {0};
	bool same = false;

	if (len > 0 && !mvmp_cluster_decode(crypto, &there, NULL, bytes, (size_t)len, NULL)) {
		for (unsigned i = 0; i < there.cas * ca->cluster.cas; i++)
			same |= !memcmp(there.ca[i % there.cas], ca->cluster.ca[i / there.cas],
				MVMP_KEY_LEN);
	}
	mvmp_cluster_clear(&there);
	free(bytes);
	return same;
}

/* The same key again is no harm, and a former key of this cluster gives way; any other one there
 * belongs to another cluster. */
static int write_cluster_key(
	const struct mvctl_ca *ca, const char *directory, struct mvmp_error *err)
{
	uint8_t there[MVMP_KEY_LEN];
	int ret = mvmp_keyfile_read_in(&mvmp_cluster_key, directory, there, NULL);
	bool same = ret == MVMP_KEY_LEN && mvmp_equal(there, ca->cluster_key, MVMP_KEY_LEN);

	mvmp_wipe(there, sizeof there);
	if (same)
		return 0;
	return mvmp_keyfile_write_in(&mvmp_cluster_key, directory, ca->cluster_key, MVMP_KEY_LEN,
		!is_of_cluster(ca, directory), err);
}

/* Signs and writes what a member gets. What can be refused comes before the first file. */
static int issue(struct mvctl_ca *ca, struct order *order, struct mvmp_error *err)
{
	uint8_t bytes[MVMP_CERT_MAX];
	int len = mvctl_ca_sign_next(ca, &order->cert, bytes, err), ret;

	if (len < 0)
		return len;
	ret = make_directory(order->out, err);
	if (!ret)
		ret = write_cluster_key(ca, order->out, err);
	if (!ret)
		ret = mvctl_ca_keep(ca, &order->cert, bytes, (size_t)len, err);
	if (!ret)
		ret = mvmp_keyfile_write_in(
			&mvmp_member_cert, order->out, bytes, (size_t)len, false, err);
	if (!ret)
		ret = mvmp_keyfile_write_in(
			&mvmp_cluster_state, order->out, ca->state, ca->state_len, false, err);
	return ret;
}

static void note_others(struct mvctl *ctl, const struct mvctl_ca *ca, const struct order *order)
{
	char date[21];

	for (unsigned i = 0; i < ca->count; i++) {
		const struct mvmp_cert *other = &ca->issued[i];

		if (strcmp(other->name, order->cert.name) == 0 &&
			!strcmp(mvctl_ca_state(&ca->cluster, other, (uint64_t)order->now), "valid"))
			mvctl_note(ctl,
				"note: certificate %llu of %s is valid until %s; to end it: mvctl "
				"ca revoke %s %llu",
				(unsigned long long)other->serial, other->name,
				mvmp_time_text(date, other->not_after), ca->directory,
				(unsigned long long)other->serial);
	}
}

static void print_issued(struct mvctl *ctl, const struct order *order, const char *files)
{
	const struct mvmp_cert *cert = &order->cert;
	char from[21], to[21], text[256];

	mvmp_time_text(from, cert->not_before);
	mvmp_time_text(to, cert->not_after);
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "serial",
					    (json_int_t)cert->serial, "name", cert->name, "roles",
					    mvmp_roles_text(text, cert->roles), "not_before", from,
					    "not_after", to, "directory", order->out));
		return;
	}
	fprintf(ctl->out, "signed certificate %llu: %s, %s, valid %s to %s\n",
		(unsigned long long)cert->serial, cert->name, mvctl_member_text(text, cert), from,
		to);
	fprintf(ctl->out, "%s: %s\n", order->out, files);
}

static int sign(struct mvctl *ctl, struct order *order, const char *directory, const char *request,
	struct mvmp_error *err)
{
	struct mvctl_ca ca;
	int ret = mvctl_ca_open(&ca, directory, err);

	if (!ret)
		ret = add_request(order, request, err);
	if (!ret && !order->cert.name[0])
		ret = mvmp_fail(
			err, MVMP_INVALID, "%s asks for no name; give one: --name NAME", request);
	if (!ret) {
		mvctl_ca_set_validity(&ca, &order->cert, (uint64_t)order->now, order->days);
		ret = issue(&ca, order, err);
	}
	if (!ret) {
		print_issued(ctl, order, "member.cert, cluster.key (secret), cluster.state");
		note_others(ctl, &ca, order);
		mvctl_note(ctl, "  bring these files to the directory of its member.key");
	}
	mvctl_ca_close(&ca);
	return ret;
}

int mvctl_ca_sign(struct mvctl *ctl, int argc, char **argv)
{
	struct mvmp_error err;
	struct order order;
	int ret = take_options(ctl, &order, argc, argv, "o:");

	if (ret)
		return ret;
	if (argc - optind != 2 || !order.out || !order.cert.roles)
		return mvctl_usage(ctl, "usage: mvctl ca sign DIR REQUEST --role ROLES [--name "
					"NAME] [--mac MAC]... -o OUTDIR");
	ret = sign(ctl, &order, argv[optind], argv[optind + 1], &err);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

/* Makes a secret key in the member's directory and takes its public half into the order. */
static int make_key(struct order *order, struct mvmp_error *err)
{
	uint8_t secret[MVMP_KEY_LEN];
	int ret = make_directory(order->out, err);

	if (ret)
		return ret;
	mvmp_random_os(NULL, secret, sizeof secret);
	if (mvmp_crypto_openssl.dh_public(order->cert.key, secret))
		ret = mvmp_fail(err, MVMP_NO_MEMORY, "cannot make a key: out of memory");
	if (!ret)
		ret = mvmp_keyfile_write_in(
			&mvmp_member_key, order->out, secret, sizeof secret, true, err);
	mvmp_wipe(secret, sizeof secret);
	return ret;
}

/* A key without a certificate would only stand in the way of the next try. */
static void remove_key(const struct order *order)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", order->out, mvmp_member_key.name) < PATH_MAX)
		unlink(path);
}

static int make_member(
	struct mvctl *ctl, struct order *order, const char *directory, struct mvmp_error *err)
{
	struct mvctl_ca ca;
	int ret = mvctl_ca_open(&ca, directory, err);

	if (!ret)
		ret = make_key(order, err);
	if (!ret) {
		mvctl_ca_set_validity(&ca, &order->cert, (uint64_t)order->now, order->days);
		ret = issue(&ca, order, err);
		if (ret)
			remove_key(order);
	}
	if (!ret) {
		print_issued(ctl, order,
			"member.key (secret), member.cert, cluster.key (secret), cluster.state");
		note_others(ctl, &ca, order);
	}
	mvctl_ca_close(&ca);
	return ret;
}

int mvctl_ca_member(struct mvctl *ctl, int argc, char **argv)
{
	struct mvmp_error err;
	struct order order;
	int ret = take_options(ctl, &order, argc, argv, "");

	if (ret)
		return ret;
	if (argc - optind != 2 || !order.cert.name[0] || !order.cert.roles)
		return mvctl_usage(ctl, "usage: mvctl ca member DIR OUTDIR --name NAME --role "
					"ROLES [--mac MAC]...");
	order.out = argv[optind + 1];
	ret = make_member(ctl, &order, argv[optind], &err);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}
