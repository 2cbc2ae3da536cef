/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CLUSTER_H
#define MVCTL_CLUSTER_H

/* What `cluster publish` and `show cluster` share: who is there, and what each holds. */

#include "net.h"
#include "table.h"
#include <mvmp.pb-c.h>

/* ---- cluster_bundle.c: what the CA made, from its directory or a copy without ca.key ---- */

struct mvctl_bundle {
	uint8_t *state;
	size_t state_len;
	struct mvmp_cluster cluster;
	bool has_key;
	uint8_t key[MVMP_KEY_LEN];
	struct mvctl_bundle_cert {
		struct mvmp_cert cert;
		uint8_t bytes[MVMP_CERT_MAX];
		size_t len;
	} * cert; /* issued ones */
	unsigned certs;
};

/* Reads DIR/cluster.state, DIR/cluster.key and DIR/issued where they are there. The caller clears
 * it, also after an error. */
int mvctl_bundle_read(struct mvctl_bundle *bundle, const char *directory, struct mvmp_error *err);
void mvctl_bundle_clear(struct mvctl_bundle *bundle);

/* The newest valid certificate for the same key and name, where it is newer; else NULL. */
const struct mvctl_bundle_cert *mvctl_bundle_newer(
	const struct mvctl_bundle *bundle, const struct mvmp_cert *cert, uint64_t now_s);

/* ---- cluster_members.c ---- */

struct mvctl_standing {
	bool answered;
	uint64_t number, serial, former_serial;
	uint32_t generation;
	struct mvmp_error install; /* how handing a certificate over went; OK: nothing wrong */
};

/* Members of one role. */
struct mvctl_member_group {
	uint16_t role;
	struct mvctl_nodes nodes;
	struct mvctl_reply *replies;
	struct mvctl_standing *standing;
};

enum { MVCTL_GROUPS = 2 };

struct mvctl_members {
	struct mvctl_member_group group[MVCTL_GROUPS]; /* nodes, aggregators */
	struct mvctl_names away;		       /* known to an aggregator, and silent */
	char teller[MVMP_NAME_MAX + 1];		       /* that aggregator */
};

/* Finds all that answer. 0 or an exit code (reported): also when nobody does. */
int mvctl_members_find(struct mvctl *ctl, struct mvctl_members *members);
void mvctl_members_clear(struct mvctl_members *members);
unsigned mvctl_members_count(const struct mvctl_members *members);

/* Exchanges with all: with `hand` what this mvctl holds is handed over, else only asked. 0 or
 * MVCTL_EXIT_INTERRUPTED. */
int mvctl_members_ask(struct mvctl *ctl, struct mvctl_members *members, bool hand);

/* The newest state and key among all, and this mvctl's own. */
struct mvctl_standing mvctl_members_newest(struct mvctl *ctl, const struct mvctl_members *members);

/* Prints the table, reports who did not answer, lags or is away, and sums up. The exit code. */
int mvctl_members_report(struct mvctl *ctl, const struct mvctl_members *members);

#endif
