/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_TICKET_H
#define MVMP_SESSION_TICKET_H

/*
 * Resumption tickets: who completed a session once is told apart from who only knows the cluster
 * key, without any state at the responder. Everything follows from the responder's own static key
 * and the initiator's (SPECIFICATION.md 6.6).
 */

#include <mvmp/endpoint.h>

struct session;
struct arrival;
struct mvmp_writer;
struct mvmp_reader;

enum {
	MVMP_TICKET_MAC_LEN = 8,
	MVMP_TICKET_FRAMES = 3, /* of the first ones under new keys that carry the ticket */
};

/* An initiator's tickets, by the fingerprint of the responder's certificate. */
struct ticket_place {
	struct mvmp_ticket ticket;
	uint64_t used; /* 0: free; else counts */
};

struct tickets {
	uint8_t key[MVMP_KEY_LEN]; /* a responder's */
	struct ticket_place *place;
	uint32_t sets;
	uint64_t uses;
};

/* 0 or -ENOMEM. */
int mvmp_tickets_init(struct mvmp_endpoint *ep);
void mvmp_tickets_clear(struct mvmp_endpoint *ep);

/* ---- responder ---- */
/* Appends a TICKET record for the session's initiator. */
void mvmp_ticket_put(struct mvmp_endpoint *ep, const struct session *s, struct mvmp_writer *w);
/* Whether an INIT carries a ticket of ours, made for this instance. */
bool mvmp_ticket_right(struct mvmp_endpoint *ep, const struct arrival *in);

/* ---- initiator ---- */
/* NULL when there is none for the certificate. */
const struct mvmp_ticket *mvmp_ticket_find(
	struct mvmp_endpoint *ep, const uint8_t fingerprint[static MVMP_FINGERPRINT_LEN]);
/* Takes the body of a TICKET record of a session that we asked for. */
enum mvmp_verdict mvmp_ticket_take(
	struct mvmp_endpoint *ep, const struct session *s, struct mvmp_reader body);
/* Fills the ticket's fields of an INIT frame whose other fields are complete. */
void mvmp_ticket_seal(struct mvmp_endpoint *ep, uint8_t *frame, const struct mvmp_ticket *ticket,
	const uint8_t instance[static MVMP_ID_LEN]);

#endif
