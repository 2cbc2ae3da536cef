/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

/* What an operator's program is made of: endpoint and client. */

#include "member.h"
#include <mvmp/client.h>

struct sim_client {
	struct sim_member *member;
	struct mvmp_client *client; /* NULL while it is dead */
	unsigned open;		    /* commands under way */
};

#endif
