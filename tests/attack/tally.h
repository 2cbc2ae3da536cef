/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATTACK_TALLY_H
#define ATTACK_TALLY_H

/* What went out and what came back, by kind of frame. Lengths are those of whole Ethernet frames
 * without checksum. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TALLY_KINDS = 16 };

struct tally {
	uint64_t frames[TALLY_KINDS], bytes[TALLY_KINDS];
	size_t longest[TALLY_KINDS], shortest[TALLY_KINDS];
};

void tally_add(struct tally *tally, unsigned kind, size_t len);
uint64_t tally_frames(const struct tally *tally);

/* One line a kind: "sent init frames 100 bytes 55800 shortest 558 longest 558". */
void tally_print(const struct tally *tally, const char *verb, FILE *out);

/* "amplification beacon/probe 1.00" for each kind of answer that came: the longest answer by
 * the shortest question of its kind, and "bytes 0.43" for all that came by all that went. */
void tally_print_amplification(const struct tally *sent, const struct tally *got, FILE *out);

#endif
