/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_LEGACY_H
#define MVCTL_LEGACY_H

#include "mvctl.h"

/* True when the line is one of the calls that older clients make. */
bool mvctl_is_legacy(int argc, char **argv);
int mvctl_run_legacy(struct mvctl *ctl, int argc, char **argv);

#endif
