/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FARM_H
#define TESTS_FARM_H

/*
 * Many agents in one process on one interface, each with a MAC of its own: the real agents over
 * simulated machines and disks in memory. For measuring and testing what faces a large segment
 * (mvctl, mvstatsd) without as many machines.
 */

#include "authority.h"
#include <ev.h>
#include <mvmp/link.h>

struct farm;

/* The members of a farm's cluster: the same for the same seed. */
void farm_authority(struct test_authority *authority);
/* Who asks: a member that is not a node, for `name` with `roles` and, if not NULL, a MAC. */
void farm_asker(
	struct mvmp_identity *identity, const char *name, uint16_t roles, const uint8_t *mac);

struct farm_config {
	struct ev_loop *loop;
	const char *interface; /* up, in this network namespace */
	const char *machine;   /* options of the sim backend: "domains=4,cpus=8" */
	unsigned nodes;	       /* 1 to 65536 */
};

/* Node `index` of 0 to nodes - 1: its MAC (02:4d:56:00 and the number), its name ("n00000"). */
void farm_mac(uint8_t mac[static MVMP_MAC_LEN], unsigned index);
void farm_name(char name[static 8], unsigned index);

/* Makes keys, starts the agents. *ret is freed by farm_free(). Takes about 0.3 ms a node. */
int farm_new(const struct farm_config *config, struct farm **ret, struct mvmp_error *err);
void farm_free(struct farm *farm);

#endif
