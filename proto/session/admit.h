/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_ADMIT_H
#define MVMP_SESSION_ADMIT_H

/*
 * Load control of handshakes: which INITs are read, and which of those read cause public-key work.
 * Under load an INIT belongs to one of three classes: with a right ticket, from an address that had
 * no handshake lately, from any other. SPECIFICATION.md 6.4 and 6.7 say why it is so.
 */

#include "limiter.h"
#include "served.h"

struct mvmp_endpoint;
struct arrival;

enum {
	MVMP_HALF_OPEN_TICKET = 16, /* places of their own for handshakes with tickets */
	MVMP_HALF_OPEN_EACH = 4,    /* of these for one ticket */
	MVMP_TICKETS_APART = 256,   /* ticket ids whose rates are told apart */
	MVMP_SEEN_INITS = 4096,	    /* with tickets, that were read already */
};

/* What is known of an INIT on its way. */
struct admission {
	bool strained; /* the rest is only known under load */
	bool ticket;
	bool served;			    /* its address had a handshake lately */
	uint8_t cookie[MVMP_MAC_FIELD_LEN]; /* of its address, under the present secret */
};

/* A ticket's own rates. */
struct ticket_rates {
	struct mvmp_limiter reads, handshakes;
};

struct admit {
	struct mvmp_limiter all, reads;
	struct mvmp_limiter ticket_all, ticket_reads;
	struct ticket_rates *by_ticket; /* MVMP_TICKETS_APART */
	uint64_t *seen;			/* MVMP_SEEN_INITS, by a part of the member MAC */
	struct served served;
};

/* 0 or -ENOMEM. */
int mvmp_admit_init(struct admit *admit);
void mvmp_admit_clear(struct admit *admit);

/* Whether an INIT may be read now; else sends a COOKIE where that helps. */
enum mvmp_verdict mvmp_admit_read(
	struct mvmp_endpoint *ep, const struct arrival *in, struct admission *a);
/* Whether one that was read may cause public-key work now. */
enum mvmp_verdict mvmp_admit_answer(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct admission *a);
/* What became of one that was read. */
void mvmp_admit_note(struct mvmp_endpoint *ep, const struct arrival *in, const struct admission *a,
	enum mvmp_verdict verdict);

#endif
