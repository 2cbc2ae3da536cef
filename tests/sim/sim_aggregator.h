/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_AGGREGATOR_H
#define SIM_AGGREGATOR_H

/* The real aggregator in virtual time, without files. */

#include "core.h"
#include "member.h"

/* What came of one subscription's frames; for the comparison with what the aggregator counts. */
struct sim_stream;

struct sim_aggregator {
	struct sim_member *member;
	struct mvmp_client *client; /* these three are NULL while it is dead */
	struct mvmp_server *server;
	struct mvs_core *core;
	uint64_t began;
	struct sim_stream *stream;
	unsigned streams, stream_room;
};

#endif
