/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_VERB_H
#define MVMP_VERB_H

/* The table of verbs: what can be asked, of whom, by which role. Numbers never change. */

#include <mvmp/cert.h>
#include <stdbool.h>

enum mvmp_verb {
	MVMP_VERB_NONE = 0,
	/* every member that can be asked */
	MVMP_VERB_CLUSTER_EXCHANGE = 1,	   /* ClusterExchange -> ClusterExchange */
	MVMP_VERB_LINK_READ = 2,	   /* Empty -> LinkAnswer */
	MVMP_VERB_PING = 3,		   /* Ping -> Ping */
	MVMP_VERB_CERTIFICATE_INSTALL = 4, /* CertificateInstall -> CertificateAnswer */
	/* nodes, reading */
	MVMP_VERB_SAMPLE_READ = 16,    /* SampleRead -> SampleAnswer */
	MVMP_VERB_SUBSCRIBE = 17,      /* Subscribe -> SubscribeAnswer */
	MVMP_VERB_UNSUBSCRIBE = 18,    /* Unsubscribe -> Empty */
	MVMP_VERB_RING_READ = 19,      /* RingRead -> stats frames with `backfill` */
	MVMP_VERB_PERF_READ = 20,      /* PerfRead -> PerfAnswer */
	MVMP_VERB_PERF_RESET = 21,     /* PerfReset -> PerfResetAnswer */
	MVMP_VERB_AUDIT_READ = 22,     /* AuditRead -> AuditAnswer */
	MVMP_VERB_OPERATION_READ = 23, /* OperationRead -> OperationAnswer */
	MVMP_VERB_DRIFT_READ = 24,     /* Empty -> DriftAnswer */
	/* nodes, changing */
	MVMP_VERB_PIN = 32, /* Pin -> PinAnswer */
	/* aggregators */
	MVMP_VERB_NODES_READ = 64,   /* Empty -> NodesAnswer */
	MVMP_VERB_CURRENT_READ = 65, /* CurrentRead -> SampleAnswer */
	MVMP_VERB_HISTORY_READ = 66, /* HistoryRead -> HistoryAnswer */
	MVMP_VERB_GRAPH = 67,	     /* GraphRead -> GraphAnswer */
	MVMP_VERB_STORE_READ = 68,   /* Empty -> StoreAnswer */
};

struct mvmp_verb_info {
	enum mvmp_verb verb;
	const char *name; /* "pin", "sample-read" */
	uint16_t asked;	  /* roles of the member asked, any of them */
	uint16_t least;	  /* roles of the caller, any of them; the table lists all allowed */
	bool mutates;	  /* needs an operation id; journaled and audited */
};

/* What another member handed over, borrowed and not checked yet: a signed cluster state with a
 * higher number than ours, a cluster key of a later generation, or both. */
struct mvmp_cluster_news {
	const struct mvmp_cert *from; /* who brought it */
	const uint8_t *document;      /* NULL: none */
	size_t len;
	const uint8_t *key; /* MVMP_KEY_LEN bytes; NULL: none */
};

/* The owner takes over what is right (mvmp_identity_update_cluster(), mvmp_identity_take_key()),
 * stores it, and tells its endpoint. Must not free what called it. */
typedef void mvmp_cluster_newer(void *ctx, const struct mvmp_cluster_news *news);

/* An admin hands us a certificate. Takes it over where mvmp_identity_take_cert() does: 0 or
 * -status with the sentence. */
typedef int mvmp_cert_installer(void *ctx, const struct mvmp_cert *from, const uint8_t *cert,
	size_t len, struct mvmp_error *err);

/* NULL for an unknown number. */
const struct mvmp_verb_info *mvmp_verb_info(uint32_t verb);
const struct mvmp_verb_info *mvmp_verb_find(const char *name);

/* MVMP_OK, or MVMP_NOT_ALLOWED / MVMP_UNSUPPORTED with the sentence ("certificate 204 (ada) has
 * role observer, pin needs operator"). `own_roles` is the asked member's set. */
int mvmp_verb_allowed(
	uint32_t verb, uint16_t own_roles, const struct mvmp_cert *caller, struct mvmp_error *err);

#endif
