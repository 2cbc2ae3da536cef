/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SAMPLE_H
#define MVMP_SAMPLE_H

/*
 * A sample: what a node measured at one time, as arrays of records by entity kind. The same
 * struct is filled by backends, carried by stats frames and answers, kept by the aggregator and
 * shown by mvctl. Arrays grow to a bound and are reused: no allocation in the steady state.
 */

#include <mvmp/metric.h>
#include <stdbool.h>
#include <stddef.h>

/* Identifies an entity on its node. Unused parts are zero. */
struct mvmp_key {
	uint8_t domain[MVMP_ID_LEN]; /* UUID; domain, vcpu, vif, vbd */
	uint32_t index;		     /* pcpu, numa, pool, vcpu, vif, vbd */
};

enum mvmp_quality {
	MVMP_FRESH = 0,	    /* measured for this sample */
	MVMP_LAST_GOOD = 1, /* could not be measured now: older values, see age and reason */
};

/* Why a record is old; a short list, so that it is one byte on the wire. */
enum mvmp_reason {
	MVMP_REASON_NONE = 0,
	MVMP_REASON_HUNG = 1, /* the domain's monitor does not answer */
	MVMP_REASON_MIGRATING = 2,
	MVMP_REASON_NO_LIBVIRT = 3, /* libvirtd is away */
	MVMP_REASON_DENIED = 4,	    /* the system refused to tell */
	MVMP_REASON_WAITING = 5,    /* asked, not answered yet; its interval is longer */
};

struct mvmp_record {
	struct mvmp_key key;
	uint32_t incarnation; /* changes when counters may have begun anew (domain restarted, device
				 plugged again); 0 for what lives as long as the node's boot */
	uint64_t age_ns;      /* at the sample's time */
	uint8_t quality, reason;
	uint64_t present;     /* bit n: value[n] is known */
	uint64_t unsupported; /* bit n: this node cannot tell metric n. Neither bit: no value now */
	uint64_t value[MVMP_METRICS_MAX];	  /* signed units as two's complement */
	char text[MVMP_TEXTS_MAX][MVMP_TEXT_LEN]; /* "" when not known; NUL-terminated UTF-8 */
};

struct mvmp_records {
	struct mvmp_record *at;
	uint32_t count, capacity;
};

enum { MVMP_RECORDS_MAX = 65536 }; /* of one kind in one sample */

struct mvmp_sample {
	uint64_t number;	       /* of this sampler since its start */
	uint64_t wall_ns;	       /* node's clock, since 1970 */
	uint64_t mono_ns;	       /* node's monotonic clock */
	uint8_t instance[MVMP_ID_LEN]; /* of the program that sampled */
	uint8_t host_boot[MVMP_ID_LEN];
	bool simulated;
	bool starved;	/* a record found no memory: not all of what there is is here */
	uint32_t kinds; /* bit n: kind n was sampled (its array is complete) */
	struct mvmp_records kind[MVMP_ENTITY_COUNT];
};

static inline void mvmp_set(struct mvmp_record *r, unsigned metric, uint64_t value)
{
	r->value[metric] = value;
	r->present |= 1ull << metric;
}

static inline bool mvmp_has(const struct mvmp_record *r, unsigned metric)
{
	return r->present >> metric & 1;
}

/* Forgets records, keeps memory. A zeroed struct is an empty sample. */
void mvmp_sample_reset(struct mvmp_sample *sample);
void mvmp_sample_free(struct mvmp_sample *sample);

/* A zeroed record at the end of its kind's array; valid until the next add of that kind. NULL
 * at MVMP_RECORDS_MAX or without memory, which is noted in `starved`. */
struct mvmp_record *mvmp_sample_add(struct mvmp_sample *sample, enum mvmp_entity kind);

/* Linear search; NULL when absent. */
const struct mvmp_record *mvmp_sample_find(
	const struct mvmp_sample *sample, enum mvmp_entity kind, const struct mvmp_key *key);

/* Deep copy into `to`, reusing its memory. 0 or -ENOMEM; `to` is empty then. */
int mvmp_sample_copy(struct mvmp_sample *to, const struct mvmp_sample *from);

bool mvmp_key_equal(const struct mvmp_key *a, const struct mvmp_key *b);

/* Copies text cut to fit, at a UTF-8 boundary. */
void mvmp_set_text(struct mvmp_record *r, unsigned text, const char *from);

/* Units per second of a counter between two samples of one entity, by the node's monotonic
 * clock and the records' ages. False (and *ret untouched) when there is no honest rate: value
 * missing, another incarnation, host boot or instance clash, time not advanced, counter went
 * back. */
bool mvmp_rate(double *ret, const struct mvmp_sample *before, const struct mvmp_record *a,
	const struct mvmp_sample *after, const struct mvmp_record *b, unsigned metric);

#endif
