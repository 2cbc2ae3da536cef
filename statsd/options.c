/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char mvs_help[] =
	"mvstatsd: receives stats of hypervisor nodes, keeps RRD files, answers and draws\n"
	"\n"
	"  mvstatsd -i eth1 --store /var/lib/mvmp/rrd\n"
	"  mvstatsd -i eth1 --node 0cc47a77f9af --interval 1 --kinds nodes,domains\n"
	"\n"
	"  -i, --interface IFACE   Ethernet interface of the segment; may be repeated. Members of\n"
	"                          this host are reached without any\n"
	"      --identity DIR      member.key, member.cert, cluster.key, cluster.state of a\n"
	"                          certificate with role aggregator (/etc/mvmp)\n"
	"      --store DIR         RRD files; must exist (/var/lib/mvmp/rrd)\n"
	"      --run DIR           sockets of members of this host (/run/mvmp)\n"
	"      --node NODE         MAC, node id or name; may be repeated. Without it every node\n"
	"                          that answers probes is taken\n"
	"      --discover          take every node, too, when --node is given\n"
	"      --interval SECONDS  0.1 to 3600 (10)\n"
	"      --kinds LIST        nodes,cpus,numa,pools,domains,vcpus,vifs,vbds (all)\n"
	"      --profile NAME      archives of the files: small or standard (standard)\n"
	"      --step SECONDS      of the files, 1 to 3600 (the interval, at most 10)\n"
	"      --flush SECONDS     how long samples may wait to be written together, 0 to 300\n"
	"                          (two intervals, at most 30); a kill -9 loses no more\n"
	"      --files-max N       RRD files, 1 to 1000000 (200000)\n"
	"      --files-per-node N  of one node at most, 1 to 1000000 (4096)\n"
	"      --expire DAYS       remove files that nothing came for in so long, 1 to 3650 (90;\n"
	"                          0: never)\n"
	"      --rrdcached SOCKET  give updates to rrdcached instead of writing files\n"
	"      --user NAME         whom it becomes when interfaces and identity are open (_mvmp\n"
	"                          where it exists, else nobody); STORE/v1 is made that user's\n"
	"      --key-log FILE      append the keys of all sessions to it, for Wireshark; keep it\n"
	"                          secret\n"
	"  -h, --help              this text\n"
	"      --version           version\n"
	"\n"
	"Says \"ready\" on stderr when it serves. SIGTERM and SIGINT write what waits and end it;\n"
	"SIGHUP does nothing.\n"
	"Exit codes: 0 ended by a signal, 1 failed, 2 wrong use, 4 not allowed or not trusted.\n";

enum {
	OPT_IDENTITY = 256,
	OPT_STORE,
	OPT_RUN,
	OPT_NODE,
	OPT_DISCOVER,
	OPT_INTERVAL,
	OPT_KINDS,
	OPT_PROFILE,
	OPT_STEP,
	OPT_FLUSH,
	OPT_FILES_MAX,
	OPT_FILES_PER_NODE,
	OPT_EXPIRE,
	OPT_RRDCACHED,
	OPT_USER,
	OPT_KEY_LOG,
	OPT_VERSION,
	OPT_DRAW_WORKER,
};

static const struct option table[] = {
	{"interface", required_argument, NULL, 'i'},
	{"identity", required_argument, NULL, OPT_IDENTITY},
	{"store", required_argument, NULL, OPT_STORE},
	{"run", required_argument, NULL, OPT_RUN},
	{"node", required_argument, NULL, OPT_NODE},
	{"discover", no_argument, NULL, OPT_DISCOVER},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"kinds", required_argument, NULL, OPT_KINDS},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"step", required_argument, NULL, OPT_STEP},
	{"flush", required_argument, NULL, OPT_FLUSH},
	{"files-max", required_argument, NULL, OPT_FILES_MAX},
	{"files-per-node", required_argument, NULL, OPT_FILES_PER_NODE},
	{"expire", required_argument, NULL, OPT_EXPIRE},
	{"rrdcached", required_argument, NULL, OPT_RRDCACHED},
	{"user", required_argument, NULL, OPT_USER},
	{"key-log", required_argument, NULL, OPT_KEY_LOG},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"draw-worker", no_argument, NULL, OPT_DRAW_WORKER},
	{NULL, 0, NULL, 0},
};

/* A number of seconds in [least, most], in milliseconds. */
static int parse_seconds(uint32_t *ret_ms, const char *name, const char *text, double least,
	double most, struct mvmp_error *err)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most))
		return mvmp_fail(err, MVMP_INVALID,
			"--%s %.40s is no number of seconds from %g to %g", name, text, least,
			most);
	*ret_ms = (uint32_t)(value * 1000 + 0.5);
	return 0;
}

static int parse_whole_seconds(uint32_t *ret, const char *name, const char *text, double least,
	double most, struct mvmp_error *err)
{
	uint32_t ms = 0;
	int rc = parse_seconds(&ms, name, text, least, most, err);

	if (rc == 0 && ms % 1000)
		return mvmp_fail(
			err, MVMP_INVALID, "--%s %.40s is no whole number of seconds", name, text);
	if (rc == 0)
		*ret = ms / 1000;
	return rc;
}

static int parse_number(uint32_t *ret, const char *name, const char *text, unsigned long least,
	unsigned long most, struct mvmp_error *err)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || value < least || value > most)
		return mvmp_fail(err, MVMP_INVALID, "--%s %.40s is no number from %lu to %lu", name,
			text, least, most);
	*ret = (uint32_t)value;
	return 0;
}

static int parse_kinds(uint32_t *ret, const char *text, struct mvmp_error *err)
{
	uint32_t kinds = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		char word[16] = "";
		int kind;

		if (len < sizeof word)
			memcpy(word, text, len);
		kind = mvmp_entity_find(word);
		if (kind < 0)
			return mvmp_fail(err, MVMP_INVALID,
				"--kinds: %.*s is none of nodes, cpus, numa, pools, domains, "
				"vcpus, "
				"vifs, vbds",
				(int)(len < 40 ? len : 40), text);
		kinds |= 1u << kind;
		text += len + (text[len] == ',');
	}
	if (!kinds)
		return mvmp_fail(err, MVMP_INVALID, "--kinds names none");
	*ret = kinds;
	return 0;
}

static int add_text(
	const char **list, unsigned *n, unsigned most, const char *text, struct mvmp_error *err)
{
	if (*n == most)
		return mvmp_fail(
			err, MVMP_INVALID, "%.40s is one too many: at most %u", text, most);
	list[(*n)++] = text;
	return 0;
}

static int take_option(struct mvs_options *o, int option, char *value, struct mvmp_error *err)
{
	switch (option) {
	case 'i':
		return add_text(o->interface, &o->interfaces, MVS_INTERFACES_MAX, value, err);
	case OPT_NODE:
		return add_text(o->node, &o->nodes, MVS_NODES_TOLD_MAX, value, err);
	case OPT_INTERVAL:
		return parse_seconds(&o->interval_ms, "interval", value, 0.1, 3600, err);
	case OPT_STEP:
		return parse_whole_seconds(&o->step_s, "step", value, 1, 3600, err);
	case OPT_FLUSH:
		return parse_whole_seconds(&o->flush_s, "flush", value, 0, 300, err);
	case OPT_KINDS:
		return parse_kinds(&o->kinds, value, err);
	case OPT_PROFILE:
		return mvs_profile_find(&o->profile, value, err);
	case OPT_FILES_MAX:
		return parse_number(&o->files_max, "files-max", value, 1, 1000000, err);
	case OPT_FILES_PER_NODE:
		return parse_number(&o->node_files_max, "files-per-node", value, 1, 1000000, err);
	case OPT_EXPIRE:
		return parse_number(&o->expire_days, "expire", value, 0, 3650, err);
	default:
		return 1;
	}
}

static void take_flag(struct mvs_options *o, int option, const char *value)
{
	switch (option) {
	case 'h':
		o->help = true;
		break;
	case OPT_VERSION:
		o->version = true;
		break;
	case OPT_DRAW_WORKER:
		o->draw_worker = true;
		break;
	case OPT_DISCOVER:
		o->discover = true;
		break;
	case OPT_IDENTITY:
		o->identity = value;
		break;
	case OPT_STORE:
		o->store = value;
		break;
	case OPT_RUN:
		o->run = value;
		break;
	case OPT_RRDCACHED:
		o->rrdcached = value;
		break;
	case OPT_KEY_LOG:
		o->key_log = value;
		break;
	default:
		o->user = value;
		break;
	}
}

static void set_defaults(struct mvs_options *o)
{
	uint32_t interval_s = o->interval_ms / 1000;

	if (!o->step_s)
		o->step_s = interval_s < 1 ? 1 : interval_s > 10 ? 10 : interval_s;
	if (o->flush_s == UINT32_MAX)
		o->flush_s = 2 * interval_s > 30 ? 30 : 2 * interval_s;
	if (!o->nodes)
		o->discover = true;
}

int mvs_options_parse(struct mvs_options *o, int argc, char **argv, struct mvmp_error *err)
{
	int option, rc;

	*o = (struct mvs_options){.identity = "/etc/mvmp",
		.store = "/var/lib/mvmp/rrd",
		.run = "/run/mvmp",
		.interval_ms = 10000,
		.flush_s = UINT32_MAX,
		.files_max = 200000,
		.node_files_max = 4096,
		.expire_days = 90,
		.kinds = (1u << MVMP_ENTITY_COUNT) - 1};
	mvs_profile_find(&o->profile, "standard", NULL);
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":i:h", table, NULL)) != -1) {
		if (option == ':')
			return mvmp_fail(
				err, MVMP_INVALID, "%.60s needs a value", argv[optind - 1]);
		if (option == '?')
			return mvmp_fail(err, MVMP_INVALID,
				"unknown option %.60s; see mvstatsd --help", argv[optind - 1]);
		rc = take_option(o, option, optarg, err);
		if (rc < 0)
			return rc;
		if (rc > 0)
			take_flag(o, option, optarg);
	}
	if (optind < argc)
		return mvmp_fail(err, MVMP_INVALID, "%.60s is not expected; see mvstatsd --help",
			argv[optind]);
	set_defaults(o);
	return 0;
}
