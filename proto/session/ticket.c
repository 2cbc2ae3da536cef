/* SPDX-License-Identifier: Apache-2.0 */
#include "ticket.h"
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4,
	COVERED = INIT_TICKET_AT + MVMP_TICKET_ID_LEN, /* bytes of the payload */
	BODY_LEN = MVMP_TICKET_ID_LEN + MVMP_TICKET_SECRET_LEN,
};

int mvmp_tickets_init(struct mvmp_endpoint *ep)
{
	struct tickets *t = &ep->tickets;

	mvmp_hkdf(ep->crypto, t->key, MVMP_KEY_LEN, NULL, 0, ep->identity->secret, MVMP_KEY_LEN,
		"mvmp v1 ticket");
	t->sets = 16;
	while (t->sets * WAYS < 2 * ep->config.sessions_max)
		t->sets *= 2;
	t->place = calloc((size_t)t->sets * WAYS, sizeof(*t->place));
	return t->place ? 0 : -ENOMEM;
}

void mvmp_tickets_clear(struct mvmp_endpoint *ep)
{
	struct tickets *t = &ep->tickets;

	if (t->place)
		mvmp_wipe(t->place, (size_t)t->sets * WAYS * sizeof(*t->place));
	free(t->place);
	mvmp_wipe(t, sizeof(*t));
}

/* ---- responder ---- */

static void secret_of(struct mvmp_endpoint *ep, uint8_t out[static MVMP_TICKET_SECRET_LEN],
	const uint8_t id[static MVMP_TICKET_ID_LEN])
{
	mvmp_member_mac(
		ep, out, ep->tickets.key, MVMP_KEY_LEN, "secret", 6, id, MVMP_TICKET_ID_LEN);
}

void mvmp_ticket_put(struct mvmp_endpoint *ep, const struct session *s, struct mvmp_writer *w)
{
	uint8_t id[MVMP_MAC_FIELD_LEN], secret[MVMP_TICKET_SECRET_LEN];

	mvmp_member_mac(ep, id, ep->tickets.key, MVMP_KEY_LEN, "id", 2, s->cert.key, MVMP_KEY_LEN);
	secret_of(ep, secret, id);
	mvmp_put_ticket(w, id, secret);
	mvmp_wipe(secret, sizeof(secret));
}

static void ticket_mac(struct mvmp_endpoint *ep, uint8_t out[static MVMP_MAC_FIELD_LEN],
	const uint8_t secret[static MVMP_TICKET_SECRET_LEN], const uint8_t *frame,
	const uint8_t instance[static MVMP_ID_LEN])
{
	mvmp_member_mac(ep, out, secret, MVMP_TICKET_SECRET_LEN, instance, MVMP_ID_LEN, frame,
		MVMP_HEADER_LEN + COVERED);
}

bool mvmp_ticket_right(struct mvmp_endpoint *ep, const struct arrival *in)
{
	static const uint8_t none[MVMP_TICKET_ID_LEN];
	const uint8_t *id = in->frame.payload + INIT_TICKET_AT;
	uint8_t secret[MVMP_TICKET_SECRET_LEN], mac[MVMP_MAC_FIELD_LEN];
	bool right;

	if (!memcmp(id, none, sizeof(none)))
		return false;
	secret_of(ep, secret, id);
	ticket_mac(ep, mac, secret, in->header, ep->instance);
	right = mvmp_equal(mac, id + MVMP_TICKET_ID_LEN, MVMP_TICKET_MAC_LEN);
	mvmp_wipe(secret, sizeof(secret));
	return right;
}

/* ---- initiator ---- */

/* The certificate's place, or that of its set which was used least lately. Fingerprints are hashes
 * of what the CA signed: nobody crowds a set on purpose. */
static struct ticket_place *find_place(
	struct tickets *t, const uint8_t fingerprint[static MVMP_FINGERPRINT_LEN], bool *found)
{
	uint32_t set = (uint32_t)(fingerprint[0] | fingerprint[1] << 8 | fingerprint[2] << 16);
	struct ticket_place *place = &t->place[(size_t)(set & (t->sets - 1)) * WAYS];
	struct ticket_place *oldest = place;

	*found = true;
	for (unsigned i = 0; i < WAYS; i++) {
		if (place[i].used &&
			!memcmp(place[i].ticket.responder, fingerprint, MVMP_FINGERPRINT_LEN))
			return &place[i];
		if (place[i].used < oldest->used)
			oldest = &place[i];
	}
	*found = false;
	return oldest;
}

const struct mvmp_ticket *mvmp_ticket_find(
	struct mvmp_endpoint *ep, const uint8_t fingerprint[static MVMP_FINGERPRINT_LEN])
{
	bool found;
	struct ticket_place *place = find_place(&ep->tickets, fingerprint, &found);

	if (!found)
		return NULL;
	place->used = ++ep->tickets.uses;
	return &place->ticket;
}

static bool keep(struct mvmp_endpoint *ep, const struct mvmp_ticket *ticket)
{
	bool found;
	struct ticket_place *place = find_place(&ep->tickets, ticket->responder, &found);

	if (found && mvmp_equal(&place->ticket, ticket, sizeof(*ticket)))
		return false;
	*place = (struct ticket_place){.ticket = *ticket, .used = ++ep->tickets.uses};
	return true;
}

void mvmp_endpoint_add_ticket(struct mvmp_endpoint *ep, const struct mvmp_ticket *ticket)
{
	keep(ep, ticket);
}

enum mvmp_verdict mvmp_ticket_take(
	struct mvmp_endpoint *ep, const struct session *s, struct mvmp_reader body)
{
	struct mvmp_ticket ticket;

	if (body.left != BODY_LEN)
		return MVMP_DROP_RECORD;
	if (!s->initiated)
		return MVMP_ACCEPTED;
	memcpy(ticket.responder, s->peer.fingerprint, MVMP_FINGERPRINT_LEN);
	mvmp_get_bytes(&body, ticket.id, sizeof(ticket.id));
	mvmp_get_bytes(&body, ticket.secret, sizeof(ticket.secret));
	if (keep(ep, &ticket) && ep->config.ticket)
		ep->config.ticket(ep->config.env.ctx, &ticket);
	mvmp_wipe(&ticket, sizeof(ticket));
	return MVMP_ACCEPTED;
}

void mvmp_ticket_seal(struct mvmp_endpoint *ep, uint8_t *frame, const struct mvmp_ticket *ticket,
	const uint8_t instance[static MVMP_ID_LEN])
{
	uint8_t *id = frame + MVMP_HEADER_LEN + INIT_TICKET_AT, mac[MVMP_MAC_FIELD_LEN];

	memcpy(id, ticket->id, MVMP_TICKET_ID_LEN);
	ticket_mac(ep, mac, ticket->secret, frame, instance);
	memcpy(id + MVMP_TICKET_ID_LEN, mac, MVMP_TICKET_MAC_LEN);
}
