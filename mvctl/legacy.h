/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_LEGACY_H
#define MVCTL_LEGACY_H

#include "mvctl.h"
#include "view.h"

/* True when the line is one of the calls that older clients make. */
bool mvctl_is_legacy(int argc, char **argv);
int mvctl_run_legacy(struct mvctl *ctl, int argc, char **argv);

/* "vcpu 0 4 4", "vcpu 1 0 0-3", "vcpu 2 all": the third word between single blanks is the first
 * pCPU of the list. */
void mvctl_print_vcpuinfo(FILE *out, const struct mvctl_source *source);

#endif
