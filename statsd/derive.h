/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_DERIVE_H
#define MVS_DERIVE_H

/*
 * What people ask for, made from data sources: "cpu" of a node in %, "rx" of a VIF in bit/s.
 * Every metric of the table can be asked for too, by its own name: counters per second.
 */

#include <mvmp/metric.h>
#include <mvmp/status.h>
#include <stddef.h>

enum { MVS_SOURCES_MAX = 5, MVS_RPN_MAX = 160 };

/* `rpn` names the sources a, b, c, d, e; rrdgraph_rpn(1). */
struct mvs_series {
	enum mvmp_entity kind;
	const char *name;
	const char *title; /* "CPU busy" */
	const char *unit;  /* of its values: "%", "bit/s" */
	const char *rpn;
	unsigned sources;
	const char *source[MVS_SOURCES_MAX];
};

/* One of ours or one made from the table in *storage. MVMP_NOT_FOUND names what there is. */
int mvs_series_find(const struct mvs_series **ret, struct mvs_series *storage,
	enum mvmp_entity kind, const char *name, struct mvmp_error *err);

/* All derived ones, for the documentation's test; the last has name NULL. */
extern const struct mvs_series mvs_derived[];

#endif
