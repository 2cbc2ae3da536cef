/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_ENROL_H
#define MVA_ENROL_H

/*
 * `mvagent --enrol`, two processes:
 *
 *   mvagent          root: makes member.key, shows the code, checks and writes what is delivered
 *     mvagent-enrol  unprivileged, sandboxed: reads frames
 */

#include "../options.h"
#include <mvmp/enrol.h>
#include <mvmp/link.h>

/* Enrols this node; returns the exit code. */
int mva_enrol(const struct mva_options *options);

/* What the sandboxed process is given. */
struct mva_enrol_listener {
	const struct mva_options *options;
	struct mvmp_link *link[MVA_INTERFACES_MAX];
	unsigned links;
	uint8_t secret[MVMP_ENROL_SECRET_LEN];
	struct mvmp_enrol_request request;
	int owner; /* seqpacket socket to the process above */
};

/* A delivery on its way up: the number of the link it came over, then its bytes. */
enum { MVA_ENROL_MESSAGE_MAX = 4 + MVMP_ENROL_DELIVERY_MAX };

/* On its way down: what became of it. */
struct mva_enrol_outcome {
	uint32_t status;
	char text[256];
};

/* Gives up its rights and listens. The exit code: MVA_EXIT_OK when the node is enrolled. */
int mva_enrol_listen(struct mva_enrol_listener *listener);

#endif
