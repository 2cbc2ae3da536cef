/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Callers choose ids, and could choose such that fall together: all bytes are mixed with a key
 * of this run by SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). */
static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static uint32_t start_of(const struct journal_table *table, uint64_t serial, const uint8_t *op)
{
	uint64_t word[4] = {serial, 0, 0, 24ull << 56}; /* the last one tells the length */
	uint64_t v[4] = {table->key[0] ^ 0x736f6d6570736575, table->key[1] ^ 0x646f72616e646f6d,
		table->key[0] ^ 0x6c7967656e657261, table->key[1] ^ 0x7465646279746573};

	memcpy(&word[1], op, MVMP_ID_LEN);
	for (unsigned i = 0; i < 4; i++) {
		v[3] ^= word[i];
		sip_round(v);
		v[0] ^= word[i];
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]) & (table->slots - 1);
}

static bool is_entry(const struct journal_entry *e, uint64_t serial, const uint8_t *operation)
{
	return e->serial == serial && memcmp(e->operation, operation, MVMP_ID_LEN) == 0;
}

/* The entry, or the free slot where it would go. */
static struct journal_entry *probe(
	const struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	uint32_t at = start_of(table, serial, operation);

	while (table->slot[at].state && !is_entry(&table->slot[at], serial, operation))
		at = (at + 1) & (table->slots - 1);
	return &table->slot[at];
}

int journal_table_init(struct journal_table *table, uint32_t entries)
{
	uint32_t slots = 256;

	while (slots / 2 < entries)
		slots *= 2;
	*table = (struct journal_table){.slots = slots};
	/* Without randomness (at boot) chosen ids cost time, never rightness. */
	if (getrandom(table->key, sizeof table->key, GRND_NONBLOCK) < 0)
		table->key[0] = (uintptr_t)table;
	table->slot = calloc(slots, sizeof *table->slot); /* pages are taken when used */
	return table->slot ? 0 : -1;
}

struct journal_entry *journal_table_find(
	const struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	struct journal_entry *e = probe(table, serial, operation);

	return e->state ? e : NULL;
}

/* A journal of another program's bounds may hold more than was planned for. */
static int grow(struct journal_table *table)
{
	struct journal_table made = *table;

	made.slots *= 2;
	made.slot = calloc(made.slots, sizeof *made.slot);
	if (!made.slot)
		return -1;
	for (uint32_t i = 0; i < table->slots; i++) {
		const struct journal_entry *e = &table->slot[i];

		if (e->state)
			*probe(&made, e->serial, e->operation) = *e;
	}
	free(table->slot);
	*table = made;
	return 0;
}

struct journal_entry *journal_table_add(
	struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	struct journal_entry *e;

	if (table->used >= table->slots / 4 * 3 && grow(table))
		return NULL;
	e = probe(table, serial, operation);
	*e = (struct journal_entry){.serial = serial, .state = 1};
	memcpy(e->operation, operation, MVMP_ID_LEN);
	table->used++;
	return e;
}

/* Empties a slot and moves back what was put behind it for want of it. */
static void empty(struct journal_table *table, uint32_t hole)
{
	const uint32_t mask = table->slots - 1;

	for (uint32_t at = (hole + 1) & mask; table->slot[at].state; at = (at + 1) & mask) {
		const struct journal_entry *e = &table->slot[at];
		uint32_t start = start_of(table, e->serial, e->operation);

		if (((at - start) & mask) < ((at - hole) & mask))
			continue; /* its own place is behind the hole */
		table->slot[hole] = *e;
		hole = at;
	}
	table->slot[hole] = (struct journal_entry){0};
	table->used--;
}

void journal_table_remove(struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	struct journal_entry *e = journal_table_find(table, serial, operation);

	if (e)
		empty(table, (uint32_t)(e - table->slot));
}

void journal_table_filter(struct journal_table *table,
	bool (*drop)(void *ctx, const struct journal_entry *entry), void *ctx)
{
	for (uint32_t i = 0; i < table->slots; i++) {
		/* Another one may have moved into the slot. */
		while (table->slot[i].state && drop(ctx, &table->slot[i]))
			empty(table, i);
	}
}
