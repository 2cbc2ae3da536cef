/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_COMMANDS_H
#define MVCTL_COMMANDS_H

/* The rows of the command table, one object a file. */

#include "mvctl.h"

extern const struct mvctl_command mvctl_cluster, mvctl_explain, mvctl_graph, mvctl_help,
	mvctl_history, mvctl_nodes, mvctl_op, mvctl_pin, mvctl_ping, mvctl_show, mvctl_stats,
	mvctl_unpin, mvctl_version;

/* `mvctl` alone. */
void mvctl_print_overview(FILE *out);

/* Reports a command that does not exist, with the closest that does. */
int mvctl_unknown_command(struct mvctl *ctl, const char *name);

#endif
