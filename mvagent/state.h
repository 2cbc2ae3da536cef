/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_STATE_H
#define MVA_STATE_H

#include "sandbox.h"

/* Makes a directory and its parents where missing. MVMP_PERMISSION, MVMP_IO. */
int mva_make_directory(const char *path, mode_t mode, struct mvmp_error *err);

/* Opens the state directory, made where missing; it and the agent's files in it are given to
 * the user. It is locked: MVMP_CONFLICT while another process has it. The descriptor, or
 * -status. */
int mva_state_open(const char *path, const struct mva_user *user, struct mvmp_error *err);
/* Gives the agent's files in it to the user, when he is another. */
void mva_state_give(int directory, const struct mva_user *user);

/* An empty directory below `run` that nobody can write to; a descriptor, or -1. */
int mva_empty_root(const char *run);

#endif
