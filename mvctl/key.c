/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include "request.h"
#include <errno.h>
#include <limits.h>
#include <mvmp/bytes.h>
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Reads --name, --role and --mac and the one directory; 0 or an exit code. */
static int take_order(struct mvctl *ctl, struct mvmp_cert *asked, int argc, char **argv)
{
	static const struct option options[] = {MVCTL_MEMBER_OPTIONS, {0}};
	struct mvmp_error err;
	int c;

	*asked = (struct mvmp_cert){0};
	while ((c = mvctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		if (mvctl_member_option(asked, c, optarg, &err))
			return mvctl_report(ctl, &err, NULL, NULL);
	}
	if (argc - optind != 1)
		return mvctl_usage(ctl, "usage: mvctl key new|request DIR [--name NAME] [--role "
					"ROLES] [--mac MAC]...");
	return 0;
}

static int write_request(
	struct mvctl *ctl, const char *directory, struct mvmp_cert *asked, struct mvmp_error *err)
{
	char path[PATH_MAX], key[2 * MVMP_KEY_LEN + 1];
	int ret;

	if (snprintf(path, sizeof path, "%s/member.request", directory) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of member.request is too long");
	ret = mvctl_request_write(path, asked, err);
	if (ret)
		return ret;
	mvmp_hex(key, asked->key, MVMP_KEY_LEN);
	if (mvctl_wants_json(ctl))
		mvctl_add_item(ctl, json_pack("{s:s, s:s}", "key", key, "request", path));
	else
		fprintf(ctl->out, "%s: public key %s\n", path, key);
	mvctl_note(ctl, "  bring it to the CA: mvctl ca sign CADIR member.request --role ROLES -o "
			"OUTDIR");
	return 0;
}

static int make_key(const char *directory, struct mvmp_cert *asked, struct mvmp_error *err)
{
	uint8_t secret[MVMP_KEY_LEN];
	int ret = 0;

	if (mkdir(directory, 0700) && errno != EEXIST)
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot make the directory %s: %s", directory, strerror(errno));
	mvmp_random_os(NULL, secret, sizeof secret);
	if (mvmp_crypto_openssl.dh_public(asked->key, secret))
		ret = mvmp_fail(err, MVMP_NO_MEMORY, "cannot make a key: out of memory");
	if (!ret)
		ret = mvmp_keyfile_write_in(
			&mvmp_member_key, directory, secret, sizeof secret, true, err);
	mvmp_wipe(secret, sizeof secret);
	return ret;
}

/* The public half of the key that is there. */
static int read_key(const char *directory, uint8_t key[static MVMP_KEY_LEN], struct mvmp_error *err)
{
	uint8_t secret[MVMP_KEY_LEN];
	int ret = mvmp_keyfile_read_in(&mvmp_member_key, directory, secret, err);

	if (ret == -MVMP_NOT_FOUND)
		mvmp_hint(err, "a new key is made by: mvctl key new %s", directory);
	if (ret >= 0)
		ret = mvmp_crypto_openssl.dh_public(key, secret)
			      ? mvmp_fail(err, MVMP_NO_MEMORY, "out of memory")
			      : 0;
	mvmp_wipe(secret, sizeof secret);
	return ret;
}

static int key_new(struct mvctl *ctl, int argc, char **argv)
{
	struct mvmp_cert asked;
	struct mvmp_error err;
	int ret = take_order(ctl, &asked, argc, argv);

	if (ret)
		return ret;
	ret = make_key(argv[optind], &asked, &err);
	if (!ret)
		ret = write_request(ctl, argv[optind], &asked, &err);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

static int key_request(struct mvctl *ctl, int argc, char **argv)
{
	struct mvmp_cert asked;
	struct mvmp_error err;
	int ret = take_order(ctl, &asked, argc, argv);

	if (ret)
		return ret;
	ret = read_key(argv[optind], asked.key, &err);
	if (!ret)
		ret = write_request(ctl, argv[optind], &asked, &err);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

static void show_identity(struct mvctl *ctl, const struct mvmp_identity *identity)
{
	const struct mvmp_cert *cert = &identity->cert;
	uint32_t generation = mvmp_identity_key_generation(identity);
	char from[21], to[21], until[21] = "", text[256], key[2 * MVMP_KEY_LEN + 1];

	mvmp_time_text(from, cert->not_before);
	mvmp_time_text(to, cert->not_after);
	mvmp_hex(key, cert->key, MVMP_KEY_LEN);
	if (identity->former.held)
		mvmp_time_text(until, identity->former.until);
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:s?}",
					    "key", key, "serial", (json_int_t)cert->serial, "name",
					    cert->name, "roles", mvmp_roles_text(text, cert->roles),
					    "not_before", from, "not_after", to, "state_number",
					    (json_int_t)identity->cluster.number, "key_generation",
					    generation ? json_integer(generation) : json_null(),
					    "newest_key_generation",
					    (json_int_t)identity->cluster.key_generation,
					    "former_key_until", *until ? until : NULL));
		return;
	}
	fprintf(ctl->out, "%s: certificate %llu, %s\n", cert->name,
		(unsigned long long)cert->serial, mvctl_member_text(text, cert));
	fprintf(ctl->out, "  valid    %s to %s\n", from, to);
	fprintf(ctl->out, "  key      %s\n", key);
	fprintf(ctl->out, "  cluster  state %llu, %u revoked\n",
		(unsigned long long)identity->cluster.number, identity->cluster.revoked);
	if (generation)
		fprintf(ctl->out, "  cluster key  generation %u%s%s\n", generation,
			*until ? ", the former one until " : "", until);
	else
		fprintf(ctl->out,
			"  cluster key  older than generation %u, which the cluster state names; "
			"the\n"
			"               next member that is met hands it over, within the grace\n",
			identity->cluster.key_generation);
}

/* Without a certificate yet there is only the key to show. */
static int show_key(struct mvctl *ctl, const char *directory, struct mvmp_error *err)
{
	uint8_t key[MVMP_KEY_LEN];
	char text[2 * MVMP_KEY_LEN + 1];
	int ret = read_key(directory, key, err);

	if (ret)
		return ret;
	mvmp_hex(text, key, MVMP_KEY_LEN);
	if (mvctl_wants_json(ctl))
		mvctl_add_item(ctl, json_pack("{s:s, s:n}", "key", text, "serial"));
	else
		fprintf(ctl->out, "%s: public key %s, no certificate yet\n", directory, text);
	return 0;
}

static bool has_certificate(const char *directory)
{
	uint8_t bytes[MVMP_CERT_MAX];

	return mvmp_keyfile_read_in(&mvmp_member_cert, directory, bytes, NULL) != -MVMP_NOT_FOUND;
}

static int key_show(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{0}};
	struct mvmp_identity identity;
	struct mvmp_error err;
	int ret;

	if (mvctl_getopt(ctl, argc, argv, "", options) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind != 1)
		return mvctl_usage(ctl, "usage: mvctl key show DIR");
	if (!has_certificate(argv[optind])) {
		ret = show_key(ctl, argv[optind], &err);
		return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
	}
	if (mvmp_identity_load(&identity, argv[optind], (uint64_t)time(NULL), &err))
		return mvctl_report(ctl, &err, NULL, NULL);
	show_identity(ctl, &identity);
	mvmp_identity_clear(&identity);
	return MVCTL_EXIT_OK;
}

static const struct mvctl_word words[] = {
	{"new", key_new, false},
	{"request", key_request, false},
	{"show", key_show, true},
	{0},
};

static int run(struct mvctl *ctl, int argc, char **argv)
{
	return mvctl_run_word(ctl, words, argc, argv);
}

const struct mvctl_command mvctl_key = {
	.name = "key",
	.group = MVCTL_IDENTITY,
	.summary = "make a member's key and its request for a certificate, show them",
	.help = "examples:\n"
		"  mvctl key new /etc/mvmp --name r1-n01 --mac eth1\n"
		"  mvctl key show /etc/mvmp\n"
		"\n"
		"usage:\n"
		"  mvctl key new DIR [--name NAME] [--role ROLES] [--mac MAC]...\n"
		"  mvctl key request DIR [--name NAME] [--role ROLES] [--mac MAC]...\n"
		"  mvctl key show DIR [--json]\n"
		"\n"
		"  new      makes member.key, which stays on this machine, and member.request,\n"
		"           which goes to the CA (mvctl ca sign)\n"
		"  request  writes member.request again for the key that is there\n"
		"  show     prints the certificate and what is wrong with it, never a secret\n"
		"\n"
		"  ROLES    what is asked for: some of node,observer,operator,admin,aggregator;\n"
		"           the CA decides\n"
		"  MAC      0c:c4:7a:77:f9:af, or an interface of this machine\n"
		"\n"
		"needs no connection and no role; keys are never overwritten\n"
		"exit codes: 0 done, 1 failed (also: exists already), 2 bad usage or value,\n"
		"  3 no such file, 4 not trusted (expired, revoked, another key), a file may not "
		"be\n"
		"  read, or a secret is open to others\n",
	.run = run,
};
