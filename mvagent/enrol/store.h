/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_ENROL_STORE_H
#define MVA_ENROL_STORE_H

#include "../disk.h"
#include <mvmp/enrol.h>

/* Writes cluster.key, cluster.state and, when those are on the disk for sure, member.cert, which
 * makes the node a member: whatever happens in between, it has all of them or is not enrolled.
 * The disk is the identity's directory. MVMP_IO, MVMP_PERMISSION, MVMP_NO_MEMORY. */
int mva_enrol_store(
	struct mva_disk *disk, const struct mvmp_enrol_delivery *delivery, struct mvmp_error *err);

#endif
