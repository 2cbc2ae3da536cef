/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_SHOW_H
#define MVCTL_SHOW_H

/* `show` beyond the plain views, one file each. argv[0] is the noun. */

#include "mvctl.h"
#include "table.h"

int mvctl_show_node(struct mvctl *ctl, int argc, char **argv);
int mvctl_show_link(struct mvctl *ctl, int argc, char **argv);
int mvctl_show_drift(struct mvctl *ctl, int argc, char **argv);
int mvctl_show_audit(struct mvctl *ctl, int argc, char **argv);
int mvctl_show_cluster(struct mvctl *ctl, int argc, char **argv);
int mvctl_show_store(struct mvctl *ctl, int argc, char **argv);

/* Prints a table in the format asked for, or adds its rows to the document. 0 or an exit code
 * (reported). */
int mvctl_emit_table(struct mvctl *ctl, struct mvctl_table *table);

#endif
