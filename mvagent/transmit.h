/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_TRANSMIT_H
#define MVA_TRANSMIT_H

/*
 * Samples on their way to subscribers: packed once for all who want the same, a few frames in a
 * turn, never queued behind one another for long.
 */

#include "sampler.h"
#include "subscription.h"
#include <mvmp/stats.h>

enum {
	MVA_TRANSMISSIONS_MAX = 32,
	MVA_TRANSMISSION_MEMBERS = 16,
	MVA_BACKFILLS_MAX = 8,
	MVA_FRAMES_PER_TURN = 32,
	MVA_TURN_US = 500,
};

struct mva_member {
	mvmp_session session;
	uint32_t number;
};

struct mva_transmission {
	struct mva_shot *shot; /* held; NULL: free */
	struct mvmp_stats_cursor cursor;
	uint32_t interval_ms;
	bool backfill;
	size_t room;
	unsigned members;
	struct mva_member member[MVA_TRANSMISSION_MEMBERS];
};

/* Samples of the ring asked for by one subscriber, one after the other. */
struct mva_backfill {
	struct mva_member member; /* session 0: free */
	uint64_t after, from_wall_ns, to_wall_ns;
};

struct mva_transmit {
	struct mva_transmission at[MVA_TRANSMISSIONS_MAX];
	struct mva_backfill backfill[MVA_BACKFILLS_MAX];
	unsigned next;	  /* whose turn it is */
	bool busy;	  /* something waits for its turn */
	uint64_t turn_ns; /* when */
	uint64_t dropped; /* transmissions that found no room */
};

struct mva_agent;

/* Samples for all subscriptions that are due. */
void mva_transmit_due(struct mva_agent *agent, uint64_t now);
/* Starts sending [from, to] of the ring to a subscriber. MVMP_BUSY. */
int mva_transmit_backfill(struct mva_agent *agent, const struct mva_subscription *sub,
	uint64_t from_wall_ns, uint64_t to_wall_ns, struct mvmp_error *err);
/* Sends the next frames. */
void mva_transmit_turn(struct mva_agent *agent, uint64_t now);
void mva_transmit_clear(struct mva_transmit *transmit);

#endif
