/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FIXTURE_H
#define AGENT_FIXTURE_H

/* An agent on the null (or another) backend, a disk in memory and a clock that stands still
 * until it is told to move; what it answers and sends is kept. */

#include "../cmocka_all.h"
#include "agent.h"
#include "disk_memory.h"
#include "mvmp.pb-c.h"
#include <mvmp/stats.h>

enum { FRAMES_MAX = 4096, ANSWERS_MAX = 64, ROOM = 1400 };

struct frame {
	mvmp_session session;
	struct mvmp_stats_head head;
	uint64_t number, wall_ns, at;
	uint32_t kinds, vcpus, nodes;
	bool names;
};

struct answered {
	mvmp_call call;
	struct mvmp_error err;
	uint8_t body[65536];
	size_t len;
};

struct fixture {
	struct mva_agent *agent;
	struct mva_disk *disk;
	uint64_t now;
	mvmp_call call;
	bool hold_commit; /* batches wait for commit() */
	struct mva_batch *held;
	size_t room;
	struct frame frame[FRAMES_MAX];
	unsigned frames;
	struct answered answer[ANSWERS_MAX];
	unsigned answers;
};

void fixture_start(struct fixture *f, const struct mva_backend_ops *backend, const char *options);
/* Ends the agent as kill -9 would (`cut`: and the power with it) and starts it again. */
void fixture_restart(
	struct fixture *f, bool cut, const struct mva_backend_ops *backend, const char *options);
void fixture_end(struct fixture *f);

/* Lets time pass, running the agent whenever it wants. */
void fixture_run(struct fixture *f, uint64_t ms);
/* Ends the batch that is held. */
void fixture_commit(struct fixture *f);

/* Sends a request of certificate `serial` on a session; the call's number. */
mvmp_call fixture_ask(struct fixture *f, mvmp_session session, uint64_t serial, enum mvmp_verb verb,
	const ProtobufCMessage *body, const uint8_t *operation);
/* The answer to a call, NULL when there is none yet. */
const struct answered *fixture_answer(const struct fixture *f, mvmp_call call);
enum mvmp_status fixture_status(const struct fixture *f, mvmp_call call);

#endif
