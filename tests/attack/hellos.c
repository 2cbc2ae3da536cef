/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include <mvmp/link.h>
#include <stdlib.h>
#include <string.h>

/* PROBEs and BEACONs of a thief of the cluster key: authentic, and false. */

enum { FRAMES_PER_SENDER = 60 }; /* then another sender id, as of a program that started */

static void next_hello(struct attack *attack, enum mvmp_kind kind, const struct mvmp_hello *hello,
	uint8_t *frame, uint64_t n)
{
	if (n % FRAMES_PER_SENDER == 0)
		thief_new_sender(&attack->thief);
	thief_hello(&attack->thief, kind, hello, frame);
}

int attack_probes(struct attack *attack)
{
	uint64_t begin = wire_now();
	uint8_t frame[THIEF_PROBE_LEN], src[MVMP_MAC_LEN];
	struct mvmp_hello hello;

	thief_describe(&attack->thief, &hello);
	hello.spread_ms = attack->argc ? (uint16_t)atoi(attack->argv[0]) : 0;
	for (uint64_t n = 0; attack_goes_on(attack, begin, n); n++) {
		hello.probe++;
		next_hello(attack, MVMP_PROBE, &hello, frame, n);
		attack_source(attack, src, n);
		wire_send(&attack->wire, attack->victim, src, MVMP_ETHERTYPE_CONTROL, frame,
			sizeof frame);
	}
	attack_report(attack);
	return 0;
}

/* Unasked BEACONs (probe number 0) of made-up nodes, or of the node NAME at the attacker's MACs,
 * each of another instance. */
int attack_beacons(struct attack *attack)
{
	uint64_t begin = wire_now();
	uint8_t frame[THIEF_PROBE_LEN], src[MVMP_MAC_LEN];
	struct mvmp_hello hello;

	thief_describe(&attack->thief, &hello);
	hello.probe = 0;
	hello.roles = MVMP_ROLE_NODE;
	hello.macs = 1;
	for (uint64_t n = 0; attack_goes_on(attack, begin, n); n++) {
		attack_source(attack, src, n);
		memcpy(hello.mac[0], src, MVMP_MAC_LEN);
		memcpy(hello.instance, &n, sizeof n);
		if (attack->argc)
			snprintf(hello.name, sizeof hello.name, "%s", attack->argv[0]);
		else
			snprintf(
				hello.name, sizeof hello.name, "ghost-%llu", (unsigned long long)n);
		next_hello(attack, MVMP_BEACON, &hello, frame, n);
		wire_send(&attack->wire, attack->victim, src, MVMP_ETHERTYPE_CONTROL, frame,
			sizeof frame);
	}
	attack_report(attack);
	return 0;
}

/* ---- false answers ---- */

/* The BEACON that the true one would send, but from another address. */
static void answer_falsely(
	struct attack *attack, const struct mvmp_hello *asked, const struct wire_frame *frame)
{
	uint8_t beacon[THIEF_PROBE_LEN], src[MVMP_MAC_LEN], to[MVMP_MAC_LEN];
	struct mvmp_hello hello;

	memcpy(to, frame->src, MVMP_MAC_LEN);
	thief_describe(&attack->thief, &hello);
	hello.probe = asked->probe;
	hello.roles = MVMP_ROLE_NODE;
	hello.macs = 1;
	snprintf(hello.name, sizeof hello.name, "%s", attack->argv[0]);
	for (uint32_t n = 0; n < attack->macs; n++) {
		attack_source(attack, src, n);
		memcpy(hello.mac[0], src, MVMP_MAC_LEN);
		thief_hello(&attack->thief, MVMP_BEACON, &hello, beacon);
		wire_send(&attack->wire, to, src, MVMP_ETHERTYPE_CONTROL, beacon, sizeof beacon);
	}
	wire_flush(&attack->wire);
}

/* Answers every PROBE there is, in the name given, from all of its addresses, for `seconds`. */
int attack_decoy(struct attack *attack)
{
	uint64_t until = wire_now() + attack->seconds * MVMP_NS_PER_S;
	struct mvmp_hello hello;
	struct wire_frame frame;

	if (!attack->argc)
		return 2;
	puts("begin");
	while (wire_receive(&attack->wire, &frame, until)) {
		if ((frame.bytes[0] & 15) == MVMP_PROBE &&
			thief_open_hello(&attack->thief, frame.bytes, frame.len, &hello))
			answer_falsely(attack, &hello, &frame);
	}
	attack_report(attack);
	return 0;
}
