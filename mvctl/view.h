/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_VIEW_H
#define MVCTL_VIEW_H

/*
 * From samples to tables: one view for each kind of entity. The columns for people are listed
 * by hand (views_*.c); JSON gets every metric of the kind besides, from the metric table.
 */

#include "table.h"
#include <mvmp/sample.h>

/* What a node told it cannot do, and why. */
struct mvctl_capability {
	char *name, *reason;
};

/* One node's answer. `before` is empty (kinds 0) when there is no earlier sample. */
struct mvctl_source {
	const char *node;
	struct mvmp_sample after, before;
	uint64_t extra_age_ns; /* of the sample itself when it is shown */
	uint64_t interval_ns;  /* between samples; values older than two are marked */
	struct mvctl_capability *capability;
	unsigned capabilities;
};

void mvctl_source_clear(struct mvctl_source *source);
void mvctl_source_add_capability(struct mvctl_source *source, const char *name, const char *reason);

/* Why the node cannot tell a metric; never NULL. */
const char *mvctl_unsupported_reason(
	const struct mvctl_source *source, enum mvmp_entity kind, const char *metric);

/* One record beside its predecessor (NULL when there is none). */
struct mvctl_pair {
	const struct mvctl_source *source;
	enum mvmp_entity kind;
	const struct mvmp_record *now, *before;
};

/* Units per second; false when there is no honest rate. */
bool mvctl_pair_rate(double *ret, const struct mvctl_pair *pair, unsigned metric);

/* The record of the same entity one sample ago, or NULL. */
const struct mvmp_record *mvctl_earlier(
	const struct mvctl_source *source, enum mvmp_entity kind, const struct mvmp_record *now);

/* What has an interval of its own (VBDs) stands in several samples with one measurement. Puts the
 * measurement before that one, as `oldest` has it, into `before`, so that rates are of two
 * different measurements. `oldest` is the sample before `before`. */
void mvctl_keep_older(struct mvctl_source *source, const struct mvmp_sample *oldest);

enum mvctl_from {
	MVCTL_FROM_METRIC, /* the value as it is */
	MVCTL_FROM_RATE,   /* per second, times `scale` */
	MVCTL_FROM_TEXT,
	MVCTL_FROM_INDEX,  /* of the key */
	MVCTL_FROM_UUID,   /* of the key */
	MVCTL_FROM_DOMAIN, /* name of the domain the key names */
	MVCTL_FROM_NODE,
	MVCTL_FROM_AGE, /* milliseconds */
	MVCTL_FROM_REASON,
	MVCTL_FROM_CALL,
};

typedef void mvctl_view_call(const struct mvctl_pair *pair, struct mvctl_cell *cell);

struct mvctl_view_column {
	struct mvctl_column column;
	enum mvctl_from from;
	unsigned metric; /* metric or text number */
	double scale;
	mvctl_view_call *call;
};

struct mvctl_view {
	enum mvmp_entity kind;
	const char *noun; /* "domains", as in `show domains` and the schema */
	uint32_t kinds;	  /* bits of the kinds the view looks at */
	const struct mvctl_view_column *column;
	unsigned columns;
	const char *summary; /* for help: what it shows */
};

extern const struct mvctl_view mvctl_view_nodes, mvctl_view_cpus, mvctl_view_numa, mvctl_view_pools,
	mvctl_view_domains, mvctl_view_vcpus, mvctl_view_vifs, mvctl_view_vbds;

/* All views, NULL at the end. */
extern const struct mvctl_view *const mvctl_views[];
const struct mvctl_view *mvctl_view_find(const char *noun);

/* Makes the table's columns. NODE is shown when `many` nodes are. */
void mvctl_view_begin(const struct mvctl_view *view, struct mvctl_table *table, bool many);

/* Adds a row for each record of the view's kind. */
void mvctl_view_fill(const struct mvctl_view *view, struct mvctl_table *table,
	const struct mvctl_source *source);

/* Freshness of a record: fills everything of *ret. */
void mvctl_measure(struct mvctl_measured *ret, const struct mvctl_source *source,
	const struct mvmp_record *record);

/* "hung", "migrating", "no-libvirt", "denied", "waiting"; NULL for none. */
const char *mvctl_reason_name(unsigned reason);

#endif
