/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULT_AGENT_BED_H
#define FAULT_AGENT_BED_H

/* An agent on a disk that may fail, with a clock that stands still until it is told to move. What
 * it allocates for itself cannot be told from what the bed needs, so the bed needs nothing. */

#include "../unit/cmocka_all.h"
#include <agent.h>
#include <disk_memory.h>
#include <fault_disk.h>
#include <fault_run.h>
#include <mvmp.pb-c.h>
#include <null/null.h>

enum { BED_BODY_MAX = 256 * 1024, BED_SERIAL = 204, BED_SESSION = 7 };

struct bed {
	struct mva_agent *agent;
	struct mva_disk *disk, *below;
	uint64_t now;
	mvmp_call call;	  /* the last one asked */
	unsigned answers; /* to it */
	struct mvmp_error error;
	uint8_t body[BED_BODY_MAX];
	size_t len;
	unsigned frames, pins; /* pins: applied by agents that have ended */
};

extern struct bed bed;
extern const struct mva_backend_ops *bed_backend; /* null at first */
extern const char *bed_options;

/* An empty disk, no agent yet. `path`: a real directory instead of memory; NULL: memory. */
void bed_make(const char *path);
void bed_remove(void);

/* Starts the agent; 0 or -status and *err. */
int bed_start(struct mvmp_error *err);
/* The same, which must succeed. */
void bed_begin(void);
/* Ends it as kill -9 does, and the power with it (disks in memory only). */
void bed_kill(bool power);
void bed_run(unsigned ms);

/* Asks; the answer is in `bed` when there is one. */
void bed_ask(enum mvmp_verb verb, const ProtobufCMessage *body, const uint8_t *operation);
/* Pins null-01 to these pCPUs as operation `n`. */
void bed_pin(uint8_t n, const char *cpus);
/* How often a pin was applied. */
unsigned bed_pins(void);

#endif
