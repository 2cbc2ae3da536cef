/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WINDOWS_H
#define SIM_WINDOWS_H

#include "member.h"

/* No session of the member has more under way, queued or held than it may, and nothing beyond the
 * credit that its peer gave. Looks into the endpoint (proto/session/internal.h). */
void sim_check_windows(struct sim_member *member);

#endif
