/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SECCOMP_H
#define MVA_SECCOMP_H

#include <mvmp/status.h>

/* Forbids calls for this process and its threads, for good; they fail with EPERM. Needs
 * PR_SET_NO_NEW_PRIVS. MVMP_PERMISSION. */
int mva_seccomp_install(struct mvmp_error *err);

#endif
