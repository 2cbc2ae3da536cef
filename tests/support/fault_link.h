/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_LINK_H
#define TESTS_FAULT_LINK_H

#include <mvmp/link.h>

/* From now on sending on this link may fail (FAULT_SEND), a frame then is not sent; what the link
 * itself allocates does not. All links of a program that are given must be of one kind. */
void fault_link(struct mvmp_link *link);

#endif
