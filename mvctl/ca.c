/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include <libgen.h>
#include <string.h>
#include <time.h>

static const char *list_words(char *to, size_t size, const struct mvctl_word *words)
{
	size_t used = 0;

	for (; words->name && used < size; words++)
		used += (size_t)snprintf(
			to + used, size - used, "%s%s", used ? ", " : "", words->name);
	return to;
}

int mvctl_run_word(struct mvctl *ctl, const struct mvctl_word *words, int argc, char **argv)
{
	const struct mvctl_word *word = words;
	char known[160];

	list_words(known, sizeof known, words);
	if (argc < 2)
		return mvctl_usage(ctl, "%s needs a word: %s", argv[0], known);
	while (word->name && strcmp(word->name, argv[1]) != 0)
		word++;
	if (!word->name)
		return mvctl_usage(ctl, "%s has no \"%s\"; it has: %s", argv[0], argv[1], known);
	if (ctl->opt.dry_run && !word->reads_only)
		return mvctl_usage(ctl, "%s %s has no --dry-run", argv[0], argv[1]);
	argv[1] = argv[0]; /* errors name the command, whose help they point to */
	return word->run(ctl, argc - 1, argv + 1);
}

/* The last part of the path, where that can be a name. */
static void default_name(char to[static MVMP_NAME_MAX + 1], const char *directory)
{
	char *copy = mvctl_text(directory);
	const char *last = basename(copy);

	snprintf(to, MVMP_NAME_MAX + 1, "%s",
		mvmp_name_valid(last, strlen(last)) ? last : "cluster");
	free(copy);
}

static void print_made(struct mvctl *ctl, const char *directory, const char *name)
{
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:s, s:s, s:i}", "directory", directory, "cluster",
					    name, "state_number", 1));
		return;
	}
	fprintf(ctl->out, "cluster %s: CA key, cluster key and state 1 are in %s\n", name,
		directory);
	mvctl_note(ctl, "  keep ca.key offline; who has it can make members of any role");
	mvctl_note(
		ctl, "  next: mvctl key new DIR on each member, then mvctl ca sign %s", directory);
}

int mvctl_ca_init(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{"name", required_argument, NULL, 'n'},
		{0},
	};
	char name[MVMP_NAME_MAX + 1] = "";
	struct mvmp_error err;
	int c;

	while ((c = mvctl_getopt(ctl, argc, argv, "", options)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		if (!mvmp_name_valid(optarg, strlen(optarg)))
			return mvctl_usage(ctl,
				"cluster name \"%s\" is not 1 to %d of a-z 0-9 . - with a letter "
				"or digit first",
				optarg, MVMP_NAME_MAX);
		snprintf(name, sizeof name, "%s", optarg);
	}
	if (argc - optind != 1)
		return mvctl_usage(ctl, "usage: mvctl ca init DIR [--name CLUSTER]");
	if (!name[0])
		default_name(name, argv[optind]);
	if (mvctl_ca_create(argv[optind], name, (uint64_t)time(NULL), &err))
		return mvctl_report(ctl, &err, NULL, NULL);
	print_made(ctl, argv[optind], name);
	return MVCTL_EXIT_OK;
}

static const struct mvctl_word words[] = {
	{"init", mvctl_ca_init, false},
	{"sign", mvctl_ca_sign, false},
	{"member", mvctl_ca_member, false},
	{"renew", mvctl_ca_renew, false},
	{"revoke", mvctl_ca_revoke_command, false},
	{"rotate", mvctl_ca_rotate, false},
	{"new-cluster-key", mvctl_ca_new_cluster_key, false},
	{"show", mvctl_ca_show, true},
	{0},
};

static int run(struct mvctl *ctl, int argc, char **argv)
{
	return mvctl_run_word(ctl, words, argc, argv);
}

const struct mvctl_command mvctl_ca = {
	.name = "ca",
	.group = MVCTL_IDENTITY,
	.summary = "make a cluster's CA, sign and revoke its members, change keys (offline)",
	.help = "examples:\n"
		"  mvctl ca init /root/ca --name lab\n"
		"  mvctl ca sign /root/ca member.request --name r1-n01 --role node --mac eth1 -o "
		"out\n"
		"  mvctl ca member /root/ca out --name ada --role operator\n"
		"  mvctl ca revoke /root/ca r1-n07\n"
		"  mvctl ca new-cluster-key /root/ca --grace 7d\n"
		"  mvctl ca rotate /root/ca\n"
		"  mvctl ca show /root/ca\n"
		"\n"
		"usage:\n"
		"  mvctl ca init DIR [--name CLUSTER]\n"
		"  mvctl ca sign DIR REQUEST --role ROLES [--name NAME] [--mac MAC]... [VALIDITY]\n"
		"            -o OUTDIR\n"
		"  mvctl ca member DIR OUTDIR --name NAME --role ROLES [--mac MAC]... [VALIDITY]\n"
		"  mvctl ca renew DIR [SERIAL|NAME...] [--days N] [-o OUTDIR]\n"
		"  mvctl ca revoke DIR SERIAL|NAME...\n"
		"  mvctl ca rotate DIR [--finish [--force]]\n"
		"  mvctl ca new-cluster-key DIR [--grace SPAN] [--force]\n"
		"  mvctl ca show DIR [--json|--tsv]\n"
		"\n"
		"  init    makes DIR with ca.key (signs; keep it offline), cluster.key and\n"
		"          cluster.state\n"
		"  sign    makes OUTDIR with member.cert, cluster.key and cluster.state from what\n"
		"          `mvctl key new` left in member.request; name and MACs come from there\n"
		"          unless given\n"
		"  member  makes a whole member directory at once, its secret key too: for tests\n"
		"          and where the CA may know every key\n"
		"  renew   signs the newest valid certificates of these members again, for as\n"
		"          long as --days says (365); without names those that hang on a CA key\n"
		"          that goes. `mvctl cluster publish` installs them; -o writes them to\n"
		"          OUTDIR/NAME/member.cert too\n"
		"  revoke  by serial, or all valid certificates of a name; `mvctl cluster\n"
		"          publish DIR` hands the new cluster.state to the members\n"
		"  rotate  makes a second CA key, which signs certificates from then on; with\n"
		"          --finish the first one goes, and with it what hangs on it\n"
		"  new-cluster-key  the secret of all members: they accept the former one for\n"
		"          SPAN (7d) after they got the new one\n"
		"\n"
		"  ROLES     some of node,observer,operator,admin,aggregator; node and aggregator\n"
		"            need a MAC\n"
		"  MAC       0c:c4:7a:77:f9:af, or an interface of this machine\n"
		"  VALIDITY  --days N (default 365), or --not-before TIME and --not-after TIME:\n"
		"            2026-11-20T10:00Z, @1763600000, -2d, now\n"
		"\n"
		"needs no connection and no role; keys are never overwritten\n"
		"exit codes: 0 done, 1 failed (also: exists already), 2 bad usage or value,\n"
		"  3 no such file or certificate, 4 a file may not be read, or a secret is open "
		"to\n"
		"  others\n",
	.run = run,
};
