/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_ENROL_CONSOLE_H
#define MVA_ENROL_CONSOLE_H

#include <mvmp/enrol.h>

/* Shows code, name and MACs to whoever stands before the node: on stdout, on the machine's console
 * when stdout is a log (systemd's journal). MVMP_PERMISSION when there is no such console. */
int mva_enrol_show(const uint8_t secret[static MVMP_ENROL_SECRET_LEN],
	const struct mvmp_enrol_request *request, struct mvmp_error *err);

#endif
