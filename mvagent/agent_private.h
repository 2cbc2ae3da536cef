/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_AGENT_PRIVATE_H
#define MVA_AGENT_PRIVATE_H

/* The agent's struct, for its own files (agent.c, operation.c, transmit.c, verb_*.c). */

#include "agent.h"
#include "audit.h"
#include "baseline.h"
#include "operation.h"
#include "ring.h"
#include "transmit.h"
#include "wish.h"
#include <protobuf-c/protobuf-c.h>

/* SAMPLE_READs that wait for a second sample. */
enum { MVA_READS_MAX = 64 };

struct mva_read {
	mvmp_call call; /* 0: free */
	uint64_t at;
	uint32_t kinds;
	bool texts;
	bool by_domain;
	uint8_t domain[MVMP_ID_LEN];
	char domain_name[MVMP_TEXT_LEN];
};

/* Wishes are applied again one at a time. */
struct mva_reapply {
	bool under_way, wanted, applying;
	uint8_t uuid[MVMP_ID_LEN];
	uint32_t vcpu;
	bool emulator;
};

struct mva_agent {
	struct mva_agent_config config;
	struct mva_agent_env env;
	char node[MVMP_NAME_MAX + 1];
	struct mva_backend *backend;
	struct mva_sampler sampler;
	struct mva_subscriptions subscriptions;
	struct mva_transmit transmit;
	struct mva_ring *ring;
	uint64_t ring_ns, ring_next_ns, advance_next_ns;
	struct mva_read read[MVA_READS_MAX];
	unsigned reads; /* that wait */
	struct mva_baselines baselines;

	struct mva_journal *journal;
	struct mva_audit *audit;
	struct mva_wishes wishes;
	struct mva_reapply reapply;
	struct mva_operations operations;
	struct mva_batch batch;
	bool saving;
	uint64_t batch_number; /* of the save that is filled now */
	uint64_t retry_ns;     /* no save before, after a failure */

	ProtobufCAllocator allocator; /* of requests that are decoded */
	bool starved; /* it, or the verb, found no memory: a request is not malformed */
};

/* Answers with a message (NULL: no body) under status MVMP_OK. */
void mva_answer(
	struct mva_agent *agent, mvmp_call call, const ProtobufCMessage *message, uint64_t now);
void mva_refuse(
	struct mva_agent *agent, mvmp_call call, const struct mvmp_error *err, uint64_t now);
/* The same for a change that was asked for; the audit log hears of it. */
void mva_refuse_change(struct mva_agent *agent, const struct mvmp_request *request,
	const struct mvmp_error *err, uint64_t now);
/* The request's body is not what its verb takes, or (`starved`) there was no memory for it. */
void mva_refuse_body(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now);

/* Starts a save when something changed and none is under way. */
void mva_agent_save(struct mva_agent *agent, uint64_t now);

/* wishes_apply.c: looks for domains that appeared; applies one wish. */
void mva_reapply_observe(struct mva_agent *agent, const struct mvmp_sample *sample);
void mva_reapply_next(struct mva_agent *agent);

/* verb_sample.c: reads that waited. */
void mva_reads_advance(struct mva_agent *agent, uint64_t now);
uint64_t mva_reads_deadline(const struct mva_agent *agent);

/* One row a verb. */
typedef void mva_verb_handler(
	struct mva_agent *agent, const struct mvmp_request *request, uint64_t now);
mva_verb_handler mva_verb_ping, mva_verb_sample_read, mva_verb_subscribe, mva_verb_unsubscribe,
	mva_verb_ring_read, mva_verb_perf_read, mva_verb_perf_reset, mva_verb_audit_read,
	mva_verb_operation_read, mva_verb_drift_read, mva_verb_pin;

#endif
