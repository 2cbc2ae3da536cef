/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_private.h"
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 256 };

/* Operation ids are random at their end. */
static uint32_t start_of(const struct journal_table *table, uint64_t serial, const uint8_t *op)
{
	uint64_t h;

	memcpy(&h, op + MVMP_ID_LEN - sizeof h, sizeof h);
	h = (h ^ serial * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(h >> 32) & (table->slots - 1);
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

struct journal_entry *journal_table_find(
	const struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	struct journal_entry *e = table->slots ? probe(table, serial, operation) : NULL;

	return e && e->state ? e : NULL;
}

/* Copies what stays into `slots` new slots. */
static int rebuild(struct journal_table *table, uint32_t slots,
	bool (*drop)(void *ctx, const struct journal_entry *entry), void *ctx)
{
	struct journal_table made = {.slot = calloc(slots, sizeof *made.slot), .slots = slots};

	if (!made.slot)
		return -1;
	for (uint32_t i = 0; i < table->slots; i++) {
		const struct journal_entry *e = &table->slot[i];

		if (!e->state || (drop && drop(ctx, e)))
			continue;
		*probe(&made, e->serial, e->operation) = *e;
		made.used++;
	}
	free(table->slot);
	*table = made;
	return 0;
}

struct journal_entry *journal_table_add(
	struct journal_table *table, uint64_t serial, const uint8_t *operation)
{
	uint32_t slots = table->slots ? table->slots * 2 : SLOTS_FIRST;
	struct journal_entry *e;

	if (table->used * 2 >= table->slots && rebuild(table, slots, NULL, NULL))
		return NULL;
	e = probe(table, serial, operation);
	*e = (struct journal_entry){.serial = serial, .state = 1};
	memcpy(e->operation, operation, MVMP_ID_LEN);
	table->used++;
	return e;
}

void journal_table_filter(struct journal_table *table,
	bool (*drop)(void *ctx, const struct journal_entry *entry), void *ctx)
{
	if (table->slots)
		rebuild(table, table->slots, drop, ctx);
}
