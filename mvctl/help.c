/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "mvctl.h"
#include <string.h>

static const char *const group_titles[] = {
	[MVCTL_LOOK] = "Look",
	[MVCTL_CHANGE] = "Change",
	[MVCTL_HISTORY] = "History",
	[MVCTL_IDENTITY] = "Identity",
	[MVCTL_HELP] = "Help",
};

static const char options_text[] =
	"Options, anywhere on the line:\n"
	"  -n NODES            names, ids, MACs, r1-n[01-16], 'r1-*', minus with ^r1-n07\n"
	"  --all               all nodes that answer\n"
	"  -i IFACE            the nodes on this interface, by Ethernet; without it the node of "
	"this\n"
	"                      host by its Unix link, and those on the configured interface\n"
	"  --run DIR           the Unix links in this directory only (/run/mvmp)\n"
	"  --identity DIR      who you are ($MVMP_IDENTITY, ~/.config/mvmp, /etc/mvmp)\n"
	"  --aggregator NAME   which mvstatsd is asked, where there are several\n"
	"  --key-log FILE      append session keys to it, for Wireshark; keep it secret\n"
	"  --timeout SPAN      how long an answer is waited for (5s)\n"
	"  --dry-run           say what would be changed, change nothing\n"
	"  --confirm N         agree to change N nodes at once\n"
	"  --json --jsonl --tsv          for programs: raw units, every field\n"
	"  --wide --columns A,B --sort A -r --no-header     tables\n"
	"  --color auto|always|never     state words only\n";

static bool has_commands(int group)
{
	for (unsigned i = 0; mvctl_commands[i]; i++) {
		if (mvctl_commands[i]->group == (enum mvctl_group)group)
			return true;
	}
	return false;
}

void mvctl_print_overview(FILE *out)
{
	fputs("mvctl looks at hypervisor nodes and commands them by Ethernet frames alone.\n\n"
	      "  mvctl nodes                        which nodes are there, and how are they\n"
	      "  mvctl -n r1-n01 show domains       what runs on a node\n"
	      "  mvctl -n r1-n01 pin web-07 0 4     put a vCPU on a pCPU, and read it back\n",
		out);
	for (int group = MVCTL_LOOK; group <= MVCTL_HELP; group++) {
		if (!has_commands(group))
			continue;
		fprintf(out, "\n%s\n", group_titles[group]);
		for (unsigned i = 0; mvctl_commands[i]; i++) {
			if (mvctl_commands[i]->group == (enum mvctl_group)group)
				fprintf(out, "  %-9s %s\n", mvctl_commands[i]->name,
					mvctl_commands[i]->summary);
		}
	}
	fputs("\nOne command: mvctl help COMMAND. All options: mvctl help options.\n", out);
}

int mvctl_unknown_command(struct mvctl *ctl, const char *name)
{
	struct mvmp_error error;
	const char *closest;

	mvctl_find_command(name, &closest);
	mvmp_fail(&error, MVMP_INVALID, "there is no command %s", name);
	if (closest)
		mvmp_hint(&error, "closest: %s; all of them: %s help", closest, ctl->program);
	else
		mvmp_hint(&error, "all of them: %s help", ctl->program);
	return mvctl_report(ctl, &error, NULL, NULL);
}

static int run_help(struct mvctl *ctl, int argc, char **argv)
{
	const struct mvctl_command *command;
	const char *closest;

	if (argc < 2) {
		mvctl_print_overview(ctl->out);
		return MVCTL_EXIT_OK;
	}
	if (!strcmp(argv[1], "options")) {
		fputs(options_text, ctl->out);
		return MVCTL_EXIT_OK;
	}
	if (argv[1][0] == '-')
		return mvctl_usage(ctl, "help has no option %s", argv[1]);
	command = mvctl_find_command(argv[1], &closest);
	if (!command)
		return mvctl_unknown_command(ctl, argv[1]);
	fputs(command->help, ctl->out);
	return MVCTL_EXIT_OK;
}

const struct mvctl_command mvctl_help = {
	.name = "help",
	.group = MVCTL_HELP,
	.summary = "a command's usage, with examples; `help options` for those of all commands",
	.help = "  mvctl help             all commands\n"
		"  mvctl help pin         one command, the same as mvctl pin -h\n"
		"  mvctl help options     the options that every command takes\n",
	.run = run_help,
};

static int run_version(struct mvctl *ctl, int argc, char **argv)
{
	json_t *item;

	if (!mvctl_wants_json(ctl)) {
		fprintf(ctl->out, "%s %s, protocol %d\n", ctl->program, MVMP_VERSION_TEXT,
			MVMP_VERSION);
		return MVCTL_EXIT_OK;
	}
	item = json_object();
	json_object_set_new(item, "program", json_string(ctl->program));
	json_object_set_new(item, "version", json_string(MVMP_VERSION_TEXT));
	json_object_set_new(item, "protocol", json_integer(MVMP_VERSION));
	mvctl_add_item(ctl, item);
	return MVCTL_EXIT_OK;
}

const struct mvctl_command mvctl_version = {
	.name = "version",
	.group = MVCTL_HELP,
	.summary = "version of this program and of the protocol it speaks",
	.help = "  mvctl version\n  mvctl version --json\n",
	.run = run_version,
};
