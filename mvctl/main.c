/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "legacy.h"
#include "net.h"
#include "options.h"
#include <string.h>

static int run_command(struct mvctl *ctl, int argc, char **argv)
{
	const struct mvctl_command *command;
	const char *closest;

	if (argv[0][0] == '-')
		return mvctl_usage(
			ctl, "unknown option %s; see: %s help options", argv[0], ctl->program);
	command = mvctl_find_command(argv[0], &closest);
	if (!command)
		return mvctl_unknown_command(ctl, argv[0]);
	if (ctl->opt.help) {
		fputs(command->help, ctl->out);
		return MVCTL_EXIT_OK;
	}
	mvctl_set_schema(ctl, command->name);
	return command->run(ctl, argc, argv);
}

static int run(struct mvctl *ctl, int argc, char **argv)
{
	int rc = mvctl_take_options(ctl, &argc, argv);

	if (rc)
		return rc;
	if (ctl->opt.version)
		return mvctl_version.run(ctl, 0, NULL);
	if (argc < 2) {
		mvctl_print_overview(ctl->opt.help ? ctl->out : ctl->err);
		return ctl->opt.help ? MVCTL_EXIT_OK : MVCTL_EXIT_USAGE;
	}
	if (mvctl_is_legacy(argc, argv))
		return mvctl_run_legacy(ctl, argc, argv);
	return run_command(ctl, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	struct mvctl ctl;
	int rc;

	/* Output into a pipe that was closed ends silently (SIGPIPE's default). */
	mvctl_init(&ctl, "mvctl");
	rc = run(&ctl, argc, argv);
	mvctl_print_document(&ctl);
	if (fflush(ctl.out) || ferror(ctl.out)) {
		perror("mvctl: cannot write the answer");
		rc = rc ? rc : MVCTL_EXIT_FAILED;
	}
	mvctl_disconnect(&ctl);
	mvctl_clear(&ctl);
	return rc;
}
