/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CA_H
#define MVCTL_CA_H

/* The words behind `mvctl ca`. Each returns an exit code. */

#include "mvctl.h"

int mvctl_ca_init(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_sign(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_member(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_revoke_command(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_rotate(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_renew(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_new_cluster_key(struct mvctl *ctl, int argc, char **argv);
int mvctl_ca_show(struct mvctl *ctl, int argc, char **argv);

struct mvctl_ca;
struct mvmp_cert;

/* Whether a valid certificate was signed by the CA key that goes, and no other was signed for its
 * member since. */
bool mvctl_ca_hangs(const struct mvctl_ca *ca, const struct mvmp_cert *cert, uint64_t now);
/* How many do, and whose: "r1-n01, r1-n02 and 12 more". */
unsigned mvctl_ca_hanging(const struct mvctl_ca *ca, uint64_t now, char *names, size_t size);

/* The rest of `mvctl key` behind the same kind of table. */
struct mvctl_word {
	const char *name;
	int (*run)(struct mvctl *ctl, int argc, char **argv);
	bool reads_only; /* --dry-run changes nothing about it */
};

/* Finds argv[1] among the words (ended by a NULL name) and runs it; reports an unknown one with
 * those there are. */
int mvctl_run_word(struct mvctl *ctl, const struct mvctl_word *words, int argc, char **argv);

#endif
