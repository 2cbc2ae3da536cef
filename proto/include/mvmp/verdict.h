/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_VERDICT_H
#define MVMP_VERDICT_H

#include <stdint.h>

/*
 * What became of a received frame. Every frame gets exactly one verdict; every verdict but
 * ACCEPTED is a reason for a silent drop with a counter of its own (`mvctl show link`).
 */
enum mvmp_verdict {
	MVMP_ACCEPTED = 0,
	MVMP_DROP_SHORT,     /* shorter than its header or its kind's minimum */
	MVMP_DROP_VERSION,   /* another protocol version */
	MVMP_DROP_KIND,	     /* unknown kind */
	MVMP_DROP_LENGTH,    /* payload length beyond the frame or the kind's range */
	MVMP_DROP_RESERVED,  /* reserved bits set */
	MVMP_DROP_ETHERTYPE, /* this kind or channel does not travel on this EtherType */
	MVMP_DROP_SOURCE,    /* group or own address as source */
	MVMP_DROP_STRANGER,  /* not sealed with the cluster key */
	MVMP_DROP_BOOT,	     /* INIT made for another boot of this member */
	MVMP_DROP_SESSION,   /* no session has this index */
	MVMP_DROP_TAG,	     /* the AEAD says no */
	MVMP_DROP_REPLAY,    /* counter seen, or older than the window */
	MVMP_DROP_STATE,     /* not expected in the session's state */
	MVMP_DROP_CERT,	     /* certificate malformed or not signed by the CA */
	MVMP_DROP_EXPIRED,   /* certificate outside its validity */
	MVMP_DROP_REVOKED,   /* certificate revoked by the cluster state */
	MVMP_DROP_ROLE,	     /* the role may not take this part in a session */
	MVMP_DROP_MAC,	     /* the source is not among the certificate's MACs */
	MVMP_DROP_STALE,     /* handshake timestamp not newer than the last */
	MVMP_DROP_RATE,	     /* a rate limit holds */
	MVMP_DROP_FULL,	     /* a table is full */
	MVMP_DROP_RECORD,    /* malformed record inside an authentic frame */
	MVMP_DROP_WINDOW,    /* fragment outside the window or the message's bounds */
	MVMP_DROP_COOKIE,    /* cookie asked for and not proven */
	MVMP_VERDICT_COUNT
};

struct mvmp_drops {
	uint64_t count[MVMP_VERDICT_COUNT];
};

/* "accepted", "short", "version", ... */
const char *mvmp_verdict_name(enum mvmp_verdict verdict);

#endif
