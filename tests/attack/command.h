/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_COMMAND_H
#define ATTACK_COMMAND_H

/*
 * One attack a file. A command prints what it sent and got, and "expect VERDICT COUNT" for
 * every drop counter of the victim that its frames must move, from the specification; the test
 * script compares with what the victim counted.
 */

#include "thief.h"
#include "wire.h"

struct attack {
	const char *interface;
	const char *directory; /* NULL: a stranger */
	uint8_t victim[MVMP_MAC_LEN];
	uint8_t src[MVMP_MAC_LEN]; /* the source; of the interface unless given */
	uint32_t macs;		   /* how many sources */
	uint64_t frames, seconds, rate;
	struct wire wire;
	struct thief thief; /* with `directory` */
	int argc;
	char **argv; /* words after the command's name */
};

struct attack_command {
	const char *name, *arguments, *what;
	int (*run)(struct attack *attack);
	bool needs_keys;
};

int attack_shapes(struct attack *attack);
int attack_strangers(struct attack *attack);
int attack_replay(struct attack *attack);
int attack_probes(struct attack *attack);
int attack_beacons(struct attack *attack);
int attack_decoy(struct attack *attack);
int attack_inits(struct attack *attack);
int attack_refused(struct attack *attack);
int attack_inside(struct attack *attack);
int attack_hoard(struct attack *attack);
int attack_ask(struct attack *attack);
int attack_state(struct attack *attack);
int attack_node(struct attack *attack);

/* The source of the n-th frame: one of `macs` made-up ones, or `src` where there is only one. */
void attack_source(const struct attack *attack, uint8_t mac[static MVMP_MAC_LEN], uint64_t n);

/* Whether the attack goes on: until `frames` were sent, or `seconds` have passed. */
bool attack_goes_on(const struct attack *attack, uint64_t begin, uint64_t n);

void attack_expect(const char *verdict, uint64_t count);

/* The victim's instance, which a member learns by a PROBE; exits when nobody answers. */
void attack_learn_instance(struct attack *attack, uint8_t instance[static MVMP_ID_LEN]);

/* Sends the rest, waits for late answers, prints tallies, rate and amplification. */
void attack_report(struct attack *attack);

#endif
