/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RUNG_H
#define BENCH_RUNG_H

/*
 * One rung of the latency ladder: a way to send a request of RUNG_BYTES and wait for an answer
 * of the same size between two network namespaces joined by a veth pair (mva0, mvb0).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RUNG_BYTES = 200 };

/* What the reliable channel of one end did; zeros where a rung has none. */
struct rung_channel {
	uint64_t sent, repeated, spurious; /* fragments */
};

/* Round trips that were measured. */
struct rung_times {
	uint64_t *ns; /* `count` round trips, unsorted */
	size_t count;
	struct rung_channel near;
	int far_end;		    /* process */
	uint64_t cpu_near, cpu_far; /* ns of CPU time; rung_begin() */
};

/* The first round trip that counts begins: what was spent before is not counted. */
void rung_begin(struct rung_times *times);

struct rung {
	const char *key, *name;
	/* Answers until killed; runs in the far namespace. `told` is read by the other end. */
	void (*answer)(struct rung_channel *told);
	/* Fills times->ns with times->count round trips; 0, or -1 when this rung cannot run here
	 * (and says why on stderr). */
	int (*ask)(struct rung_times *times);
	bool slow;	/* tens of microseconds more than the others: fewer round trips do */
	bool inet;	/* needs RUNG_NEAR_IP and RUNG_FAR_IP */
	bool elsewhere; /* its answers come from a program that was there before */
};

extern const struct rung rung_blocking, rung_epoll, rung_libev, rung_pcap, rung_floor, rung_mvmp,
	rung_agent, rung_udp, rung_tcp, rung_connect, rung_libvirt;

#define RUNG_NEAR    "mva0"
#define RUNG_FAR     "mvb0"
#define RUNG_NEAR_IP "198.18.0.1"
#define RUNG_FAR_IP  "198.18.0.2"

uint64_t rung_now(void);

/* The asking end of rung_mvmp: `ping` as often as asked. */
int rung_ask_member(struct rung_times *times);
/* What rung_mvmp and rung_agent begin with: a member's identity, and a run on the interface. */
struct mvmp_identity;
struct mvmp_run;
struct mvmp_run *rung_member(struct mvmp_identity *identity, const char *interface, bool node);
void rung_note(struct mvmp_run *run, struct rung_channel *told);

#endif
