/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "linux/guest_users.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"mvagent: the management agent of a hypervisor node\n"
	"\n"
	"  mvagent -i eth1                                 serve this node on eth1\n"
	"  mvagent -i eth1 --backend sim:domains=50        a simulated node\n"
	"  mvagent -i eth1 --enrol                         make this node a member\n"
	"\n"
	"  -i, --interface IFACE  Ethernet interface to serve on; may be given again\n"
	"      --identity DIR     keys and certificate of this node (default /etc/mvmp)\n"
	"      --enrol            show a code that `mvctl enrol` wants, listen for ten minutes,\n"
	"                         end when keys and certificate are in the identity's DIR\n"
	"      --state DIR        journal, wishes and audit log (default /var/lib/mvmp/agent)\n"
	"      --run DIR          where the socket for members of this host is made\n"
	"                         (default /run/mvmp)\n"
	"      --backend NAME     linux (default), sim[:OPTIONS] or null; linux:block_ms=N asks\n"
	"                         for disks every N ms instead of 10000; options of sim:\n"
	"                         domains=,cpus=,numa=,vcpus=,vifs=,vbds=,seed=\n"
	"      --interval TIME    the agent's own samples, kept for ten minutes: 1s to 60s\n"
	"                         (default 10s)\n"
	"      --user NAME        whom the process that faces the network becomes\n"
	"                         (default _mvmp where it exists, else nobody)\n"
	"      --libvirt URI      default qemu:///system; empty: do not use libvirt\n"
	"      --guest-user NAME      QEMU processes of this user are guests, too; may be given\n"
	"                         again (root and libvirt's user need not be named)\n"
	"      --key-log FILE     append the keys of all sessions to it, for Wireshark; keep it\n"
	"                         secret\n"
	"      --root DIR         read DIR/proc and DIR/sys instead (for tests)\n"
	"      --version, --help\n"
	"\n"
	"Needs the rights to open raw sockets and to read what the backend reads; drops them\n"
	"before the first frame. Exit codes: 0 ended by a signal, 1 failed, 2 bad usage,\n"
	"3 not found, 4 not allowed or not trusted.\n";

enum {
	IDENTITY = 256,
	ENROL,
	STATE,
	RUN,
	BACKEND,
	INTERVAL,
	USER,
	LIBVIRT,
	GUEST_USER,
	ROOT,
	KEY_LOG,
	VERSION,
	HELP
};

static const struct option long_options[] = {
	{"interface", required_argument, NULL, 'i'},
	{"identity", required_argument, NULL, IDENTITY},
	{"enrol", no_argument, NULL, ENROL},
	{"state", required_argument, NULL, STATE},
	{"run", required_argument, NULL, RUN},
	{"backend", required_argument, NULL, BACKEND},
	{"interval", required_argument, NULL, INTERVAL},
	{"user", required_argument, NULL, USER},
	{"libvirt", required_argument, NULL, LIBVIRT},
	{"guest-user", required_argument, NULL, GUEST_USER},
	{"root", required_argument, NULL, ROOT},
	{"key-log", required_argument, NULL, KEY_LOG},
	{"version", no_argument, NULL, VERSION},
	{"help", no_argument, NULL, HELP},
	{NULL, 0, NULL, 0},
};

int mva_exit_code(const struct mvmp_error *err)
{
	switch (err->status) {
	case MVMP_OK:
		return MVA_EXIT_OK;
	case MVMP_INVALID:
		return MVA_EXIT_USAGE;
	case MVMP_NOT_FOUND:
		return MVA_EXIT_NOT_FOUND;
	case MVMP_PERMISSION:
	case MVMP_NOT_TRUSTED:
	case MVMP_NOT_ALLOWED:
		return MVA_EXIT_NOT_ALLOWED;
	default:
		return MVA_EXIT_FAILED;
	}
}

__attribute__((format(printf, 1, 2))) static int usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mvagent: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	return MVA_EXIT_USAGE;
}

static int add_interface(struct mva_options *o, const char *name)
{
	if (o->interfaces == MVA_INTERFACES_MAX)
		return usage("too many interfaces: %s is one more than six", name);
	o->interface[o->interfaces++] = name;
	return -1;
}

static int set_backend(struct mva_options *o, const char *text)
{
	static const struct mva_backend_ops *const all[] = {
		&mva_backend_linux, &mva_backend_sim, &mva_backend_null};
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (strlen(all[i]->name) != len || memcmp(all[i]->name, text, len) != 0)
			continue;
		o->backend = all[i];
		o->backend_options = text[len] ? text + len + 1 : NULL;
		return -1;
	}
	return usage("there is no backend %s; there are linux, sim[:OPTIONS], null", text);
}

static int set_interval(struct mva_options *o, const char *text)
{
	char *end;
	double value = strtod(text, &end), ms;

	ms = strcmp(end, "ms") == 0 ? value : value * 1000;
	if (end == text || (*end && strcmp(end, "s") != 0 && strcmp(end, "ms") != 0) ||
		!(ms >= 1000 && ms <= 60000))
		return usage("the interval %s is not from 1s to 60s", text);
	o->interval_ms = (unsigned)ms;
	return -1;
}

static int add_guest_user(const char *name)
{
	struct mvmp_error err;

	return mva_guest_users_add(name, &err) ? usage("%s", err.text) : -1;
}

static int set(struct mva_options *o, int option, const char *value)
{
	switch (option) {
	case 'i':
		return add_interface(o, value);
	case IDENTITY:
		o->identity = value;
		return -1;
	case ENROL:
		o->enrol = true;
		return -1;
	case STATE:
		o->state = value;
		return -1;
	case RUN:
		o->run = value;
		return -1;
	case BACKEND:
		return set_backend(o, value);
	case INTERVAL:
		return set_interval(o, value);
	case USER:
		o->user = value;
		return -1;
	case LIBVIRT:
		o->libvirt = value;
		return -1;
	case GUEST_USER:
		return add_guest_user(value);
	case ROOT:
		o->root = value;
		return -1;
	case KEY_LOG:
		o->key_log = value;
		return -1;
	case VERSION:
		printf("mvagent %s\n", MVMP_VERSION_TEXT);
		return MVA_EXIT_OK;
	case HELP:
		fputs(help, stdout);
		return MVA_EXIT_OK;
	default:
		fprintf(stderr, "see: mvagent --help\n"); /* getopt named what is wrong */
		return MVA_EXIT_USAGE;
	}
}

int mva_options_read(struct mva_options *o, int argc, char **argv)
{
	int option, code = -1;

	*o = (struct mva_options){.identity = "/etc/mvmp",
		.state = "/var/lib/mvmp/agent",
		.run = "/run/mvmp",
		.backend = &mva_backend_linux,
		.libvirt = "qemu:///system",
		.root = "",
		.interval_ms = 10000};
	while (code < 0 && (option = getopt_long(argc, argv, "i:", long_options, NULL)) != -1)
		code = set(o, option, optarg);
	if (code < 0)
		mva_guest_users_add_libvirt();
	if (code < 0 && optind < argc)
		return usage("\"%s\" is no option; see: mvagent --help", argv[optind]);
	return code;
}
