/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_SETTER_H
#define MVCTL_SETTER_H

#include "net.h"

/* Asks before changing more than 10 nodes, or all of them: --confirm=N, or the number typed on a
 * terminal. 0 or an exit code (reported). */
int mvctl_confirm(struct mvctl *ctl, unsigned targets, const char *what);

/* Reports the failures of a change: one sentence for one node, a table for several, and how to go
 * on. `what` is for sentences ("pin web-07 vCPU 0"), `words` the command line to repeat. */
void mvctl_report_setter(struct mvctl *ctl, const struct mvctl_reply *replies, unsigned count,
	const char *what, const char *words);

#endif
