/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_INVARIANTS_H
#define SIM_INVARIANTS_H

/* What must hold at every step, whatever befalls the network. Each failure ends the run
 * (sim_fail). */

#include "sim_aggregator.h"

struct sim_stage;

/* After each turn of a member: it makes progress, its counters add up, no window is overrun, its
 * memory is bounded. */
void sim_check_turn(struct sim_member *member);

/* A stats frame that an agent sends: its node's monotonic time does not go back. */
void sim_check_sample(struct sim_member *agent, const void *bytes, size_t len);

/* The aggregator's store time does not go back, whatever its wall clock does. */
void sim_check_timeline(struct sim_member *aggregator);

/* Notes a stats frame that arrived. */
void sim_stream_note(struct sim_aggregator *a, const struct mvmp_event *event);
/* The aggregator tells as lost exactly what was sent before the newest frame and did not come. */
void sim_check_losses(struct sim_member *aggregator);
void sim_streams_clear(struct sim_aggregator *a);

/* When all is over: every node is up at every aggregator, everybody has the newest cluster state.
 */
void sim_check_end(struct sim_stage *stage);

#endif
