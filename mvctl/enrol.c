/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "enrol_talk.h"
#include "options.h"
#include "request.h"
#include <mvmp/bytes.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CODE_TRIES = 3, LINE_SIZE = 128 };

enum {
	OPTION_CA = MVCTL_OPTION_OTHERS,
	OPTION_DAYS,
	OPTION_TO,
	OPTION_YES,
};

/* What the line says. */
struct order {
	struct mvmp_cert cert;
	const char *ca, *out;
	unsigned long days;
	bool to_known, yes;
	uint8_t to[MVMP_MAC_LEN];
};

/* ---- what a person types ---- */

/* One line of stdin without its end; false at the end of the file. */
static bool read_line(char *to, size_t size)
{
	if (!fgets(to, (int)size, stdin))
		return false;
	to[strcspn(to, "\n")] = '\0';
	return true;
}

/* The code comes from a terminal or a pipe, never from the command line, where others see it. */
static int read_code(uint8_t secret[static MVMP_ENROL_SECRET_LEN], struct mvmp_error *err)
{
	bool terminal = isatty(STDIN_FILENO);
	char line[LINE_SIZE];
	int ret = -MVMP_INVALID;

	for (int i = 0; ret && i < (terminal ? CODE_TRIES : 1); i++) {
		if (terminal)
			fprintf(stderr, "%s%scode on the node's console: ", i ? err->text : "",
				i ? "\n" : "");
		if (!read_line(line, sizeof line)) {
			ret = mvmp_fail(err, MVMP_INVALID, "no enrolment code was given on stdin");
			break;
		}
		ret = mvmp_enrol_code_parse(secret, line, err);
		mvmp_wipe(line, sizeof line);
	}
	return ret;
}

static bool agreed(const char *question)
{
	char line[LINE_SIZE];

	fprintf(stderr, "%s [y/N] ", question);
	return read_line(line, sizeof line) && (!strcmp(line, "y") || !strcmp(line, "yes"));
}

/* ---- the line ---- */

static int take_option(struct mvctl *ctl, struct order *order, int c)
{
	struct mvmp_error err;

	switch (c) {
	case '?':
		return MVCTL_EXIT_USAGE;
	case 'o':
		order->out = optarg;
		return 0;
	case OPTION_CA:
		order->ca = optarg;
		return 0;
	case OPTION_DAYS:
		return mvctl_read_number(ctl, "--days", optarg, 1, 36500, &order->days)
			       ? 0
			       : MVCTL_EXIT_USAGE;
	case OPTION_TO:
		order->to_known = true;
		return mvmp_mac_parse(order->to, optarg)
			       ? mvctl_usage(ctl, "--to %s is no MAC (0c:c4:7a:77:f9:af)", optarg)
			       : 0;
	case OPTION_YES:
		order->yes = true;
		return 0;
	default:
		return mvctl_member_option(&order->cert, c, optarg, &err)
			       ? mvctl_report(ctl, &err, NULL, NULL)
			       : 0;
	}
}

static int take_options(struct mvctl *ctl, struct order *order, int argc, char **argv,
	const char *letters, const struct option *options)
{
	int c, ret = 0;

	*order = (struct order){.days = 365};
	while (!ret && (c = mvctl_getopt(ctl, argc, argv, letters, options)) != -1)
		ret = take_option(ctl, order, c);
	return ret;
}

/* Opens the interface before anybody types, then asks the node. */
static int ask(struct mvctl *ctl, struct mvctl_talk *talk, const struct order *order,
	struct mvmp_error *err)
{
	uint8_t secret[MVMP_ENROL_SECRET_LEN];
	int ret = mvctl_talk_open(talk, ctl, err);

	if (!ret)
		ret = read_code(secret, err);
	if (!ret)
		ret = mvctl_talk_ask(talk, secret, order->to_known ? order->to : NULL, err);
	mvmp_wipe(secret, sizeof secret);
	return ret;
}

/* ---- request ---- */

static void asked_cert(struct mvmp_cert *cert, const struct mvmp_enrol_request *request)
{
	memcpy(cert->key, request->key, sizeof cert->key);
	if (!cert->name[0])
		memcpy(cert->name, request->name, sizeof cert->name);
	if (!cert->macs) {
		cert->macs = request->macs;
		memcpy(cert->mac, request->mac, sizeof cert->mac);
	}
}

static void print_request(struct mvctl *ctl, const struct mvctl_talk *talk, const char *path)
{
	const struct mvmp_enrol_request *request = &talk->request;
	char key[2 * MVMP_KEY_LEN + 1], mac[18];

	mvmp_hex(key, request->key, MVMP_KEY_LEN);
	mvmp_mac_text(mac, talk->node.mac);
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:s, s:s, s:s, s:s}", "key", key, "name",
					    request->name, "mac", mac, "request", path));
		return;
	}
	fprintf(ctl->out, "%s: the node at %s asks for name %s\n", path, mac,
		request->name[0] ? request->name : "-");
	fprintf(ctl->out, "  key  %s\n", key);
	mvctl_note(ctl,
		"  compare the key with the node's console, then bring it to the CA: mvctl "
		"ca sign CADIR %s --role node -o OUTDIR",
		path);
}

static int request(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{"to", required_argument, NULL, OPTION_TO},
		{"output", required_argument, NULL, 'o'}, {0}};
	struct mvmp_cert asked = {.serial = 0};
	struct mvctl_talk talk = {.ctl = ctl};
	struct mvmp_error err;
	struct order order;
	int ret = take_options(ctl, &order, argc, argv, "o:", options);

	if (ret)
		return ret;
	if (argc != optind)
		return mvctl_usage(ctl,
			"usage: mvctl enrol request [-i IFACE] [--to MAC] [-o FILE]; "
			"the code is read from stdin");
	ret = ask(ctl, &talk, &order, &err);
	if (!ret) {
		asked_cert(&asked, &talk.request);
		order.out = order.out ? order.out : "member.request";
		ret = mvctl_request_write(order.out, &asked, &err);
	}
	if (!ret)
		print_request(ctl, &talk, order.out);
	mvctl_talk_close(&talk);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

/* ---- deliver ---- */

static void print_enrolled(struct mvctl *ctl, const struct mvctl_talk *talk,
	const struct mvmp_enrol_delivery *delivery)
{
	struct mvmp_cert cert;
	char text[256], mac[18];

	if (mvmp_cert_decode(&cert, delivery->cert, delivery->cert_len))
		return;
	mvmp_mac_text(mac, talk->node.mac);
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, json_pack("{s:s, s:I, s:s, s:s}", "name", cert.name, "serial",
					    (json_int_t)cert.serial, "roles",
					    mvmp_roles_text(text, cert.roles), "mac", mac));
		return;
	}
	fprintf(ctl->out, "enrolled %s, at %s: certificate %llu, %s\n", cert.name, mac,
		(unsigned long long)cert.serial, mvctl_member_text(text, &cert));
}

/* What `mvctl ca sign` made, in one piece of memory. */
struct signed_files {
	uint8_t cluster_key[MVMP_KEY_LEN], cert[MVMP_CERT_MAX], state[MVMP_CLUSTER_MAX];
	struct mvmp_enrol_delivery delivery;
};

static int read_files(struct signed_files *files, const char *directory, struct mvmp_error *err)
{
	int cert, state, ret;

	ret = mvmp_keyfile_read_in(&mvmp_cluster_key, directory, files->cluster_key, err);
	if (ret < 0)
		return ret;
	cert = mvmp_keyfile_read_in(&mvmp_member_cert, directory, files->cert, err);
	if (cert < 0)
		return cert;
	state = mvmp_keyfile_read_in(&mvmp_cluster_state, directory, files->state, err);
	if (state < 0)
		return state;
	files->delivery = (struct mvmp_enrol_delivery){.cluster_key = files->cluster_key,
		.cert = files->cert,
		.cert_len = (size_t)cert,
		.state = files->state,
		.state_len = (size_t)state};
	return 0;
}

static int deliver(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{"to", required_argument, NULL, OPTION_TO}, {0}};
	struct signed_files *files = mvctl_alloc(1, sizeof *files);
	struct mvctl_talk talk = {.ctl = ctl};
	struct mvmp_error err;
	struct order order;
	int ret = take_options(ctl, &order, argc, argv, "", options);

	if (!ret && argc - optind != 1)
		ret = mvctl_usage(ctl, "usage: mvctl enrol deliver DIR [-i IFACE] [--to MAC]; the "
				       "code is read from stdin");
	if (ret) {
		free(files);
		return ret;
	}
	ret = read_files(files, argv[optind], &err);
	if (!ret)
		ret = ask(ctl, &talk, &order, &err);
	if (!ret)
		ret = mvctl_talk_give(&talk, &files->delivery, &err);
	if (!ret)
		print_enrolled(ctl, &talk, &files->delivery);
	mvctl_talk_close(&talk);
	mvmp_wipe(files, sizeof *files);
	free(files);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

/* ---- all in one ---- */

static void show_order(
	const struct mvctl_talk *talk, const struct mvmp_cert *cert, unsigned long days)
{
	char key[2 * MVMP_KEY_LEN + 1], mac[18], text[256];

	fprintf(stderr, "the node at %s asks, as its console shows:\n",
		mvmp_mac_text(mac, talk->node.mac));
	fprintf(stderr, "  name  %s\n", talk->request.name[0] ? talk->request.name : "-");
	for (unsigned i = 0; i < talk->request.macs; i++)
		fprintf(stderr, "  MAC   %s\n", mvmp_mac_text(mac, talk->request.mac[i]));
	fprintf(stderr, "  key   %s\n", mvmp_hex(key, talk->request.key, MVMP_KEY_LEN));
	fprintf(stderr, "it is to become: %s, %s, for %lu days\n", cert->name,
		mvctl_member_text(text, cert), days);
}

/* The certificate is kept by the CA before anybody may have it. */
static int sign_and_give(struct mvctl_talk *talk, struct mvctl_ca *ca, struct mvmp_cert *cert,
	struct mvmp_error *err)
{
	uint8_t bytes[MVMP_CERT_MAX];
	struct mvmp_enrol_delivery delivery = {.cluster_key = ca->cluster_key,
		.cert = bytes,
		.state = ca->state,
		.state_len = ca->state_len};
	int len = mvctl_ca_sign_next(ca, cert, bytes, err), ret;

	if (len < 0)
		return len;
	delivery.cert_len = (size_t)len;
	ret = mvctl_ca_keep(ca, cert, bytes, (size_t)len, err);
	if (ret)
		return ret;
	ret = mvctl_talk_give(talk, &delivery, err);
	if (!ret)
		print_enrolled(talk->ctl, talk, &delivery);
	else if (ret != -MVMP_OUTCOME_UNKNOWN)
		mvmp_hint(err,
			"certificate %llu is signed but not delivered; to end it: mvctl ca "
			"revoke %s %llu",
			(unsigned long long)cert->serial, ca->directory,
			(unsigned long long)cert->serial);
	return ret;
}

/* The CA is locked only while it works, not while a person types; that it can be read is seen
 * before. */
static int enrol_by(
	struct mvctl *ctl, struct mvctl_talk *talk, struct order *order, struct mvmp_error *err)
{
	struct mvctl_ca ca;
	int ret = mvctl_ca_open(&ca, order->ca, err);

	mvctl_ca_close(&ca);
	if (!ret)
		ret = ask(ctl, talk, order, err);
	if (ret)
		return ret;
	asked_cert(&order->cert, &talk->request);
	if (!order->cert.name[0])
		return mvmp_fail(
			err, MVMP_INVALID, "the node proposes no name; give one: --name NAME");
	if (!mvctl_wants_json(ctl) || !order->yes)
		show_order(talk, &order->cert, order->days);
	if (!order->yes && !agreed("sign and deliver?"))
		return mvmp_fail(err, MVMP_FAILED, "not agreed: nothing was signed or delivered");
	ret = mvctl_ca_open(&ca, order->ca, err);
	if (!ret) {
		mvctl_ca_set_validity(&ca, &order->cert, (uint64_t)time(NULL), order->days);
		ret = sign_and_give(talk, &ca, &order->cert, err);
	}
	mvctl_ca_close(&ca);
	return ret;
}

static int enrol(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		MVCTL_MEMBER_OPTIONS,
		{"ca", required_argument, NULL, OPTION_CA},
		{"days", required_argument, NULL, OPTION_DAYS},
		{"to", required_argument, NULL, OPTION_TO},
		{"yes", no_argument, NULL, OPTION_YES},
		{0},
	};
	struct mvctl_talk talk = {.ctl = ctl};
	struct mvmp_error err;
	struct order order;
	int ret = take_options(ctl, &order, argc, argv, "", options);

	if (ret)
		return ret;
	if (argc != optind || !order.ca)
		return mvctl_usage(ctl,
			"usage: mvctl enrol --ca CADIR [-i IFACE] [--to MAC] [--name "
			"NAME] [--role ROLES] [--mac MAC]... [--days N] [--yes], or "
			"mvctl enrol request|deliver; the code is read from stdin");
	if (!order.yes && !isatty(STDIN_FILENO))
		return mvctl_usage(ctl, "without a terminal to agree on, enrol needs --yes");
	if (!order.cert.roles)
		order.cert.roles = MVMP_ROLE_NODE;
	ret = enrol_by(ctl, &talk, &order, &err);
	mvctl_talk_close(&talk);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}

static int run(struct mvctl *ctl, int argc, char **argv)
{
	static const struct mvctl_word words[] = {
		{"request", request, false}, {"deliver", deliver, false}, {0}};

	if (argc > 1 && argv[1][0] != '-')
		return mvctl_run_word(ctl, words, argc, argv);
	if (ctl->opt.dry_run)
		return mvctl_usage(ctl, "enrol has no --dry-run");
	return enrol(ctl, argc, argv);
}

const struct mvctl_command mvctl_enrol = {
	.name = "enrol",
	.group = MVCTL_IDENTITY,
	.summary = "make a node on the segment a member, by the code on its console",
	.help = "examples:\n"
		"  mvctl enrol -i eth1 --ca /root/ca --name r1-n07\n"
		"  mvctl enrol request -i eth1 -o member.request\n"
		"  mvctl enrol deliver -i eth1 out\n"
		"\n"
		"usage:\n"
		"  mvctl enrol --ca CADIR [-i IFACE] [--to MAC] [--name NAME] [--role ROLES]\n"
		"              [--mac MAC]... [--days N] [--yes]\n"
		"  mvctl enrol request [-i IFACE] [--to MAC] [-o FILE]\n"
		"  mvctl enrol deliver DIR [-i IFACE] [--to MAC]\n"
		"\n"
		"  The node has started `mvagent -i IFACE --enrol` and shows a code for ten "
		"minutes.\n"
		"  The code is asked for on the terminal, else read from stdin; never from the\n"
		"  command line, where every user of this machine could see it.\n"
		"\n"
		"  (alone)  asks the node, shows what it asks for, and when you agree signs and\n"
		"           delivers; name and MACs are the node's unless given\n"
		"  request  writes what the node asks for to member.request, for a CA that is\n"
		"           offline: mvctl ca sign CADIR member.request --role node -o DIR\n"
		"  deliver  brings what the CA signed, in DIR, to the node; under the same code,\n"
		"           or under a new one if ten minutes are over\n"
		"\n"
		"  --to MAC   the node's MAC, where frames to the group do not reach it\n"
		"  --yes      agree beforehand; needed where stdin is no terminal\n"
		"  --timeout  how long an answer of the node is waited for (5s)\n"
		"\n"
		"needs raw frames (-i), no identity and no role\n"
		"exit codes: 0 enrolled, 1 failed or not agreed, 2 bad usage or code, 3 no such\n"
		"  file, 4 refused by the node, or a file may not be read, 5 no node answered,\n"
		"  7 the last answer is missing\n",
	.run = run,
};
