/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_INDEX_H
#define MVMP_INDEX_H

/*
 * A hash table whose entries are embedded in what they find: several under one key, in any order.
 * A key is 64 bits, as mvmp_index_key() makes of bytes; different bytes may have the same key, so
 * whoever looks compares.
 */

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is an entry that is in no table. */
struct mvmp_index_entry {
	struct mvmp_index_entry *next, **link; /* of its chain; `link` points at what points here */
	uint64_t key;
	void *owner;
};

/* Zeroed memory is an empty table. */
struct mvmp_index {
	struct mvmp_index_entry **chain;
	uint32_t chains; /* a power of two, or 0 */
	uint32_t count;
};

/* Puts an entry into the table, or under another key when it is in it. The table grows by itself;
 * where it finds no memory it only becomes slower, but the first entry needs some: 0 or -ENOMEM. */
int mvmp_index_put(
	struct mvmp_index *index, struct mvmp_index_entry *entry, uint64_t key, void *owner);

/* Takes an entry out; one that is in no table is ignored. */
void mvmp_index_remove(struct mvmp_index *index, struct mvmp_index_entry *entry);

/* The owner of the first entry under a key, or NULL; *at goes on with mvmp_index_next(). */
void *mvmp_index_first(const struct mvmp_index *index, uint64_t key, struct mvmp_index_entry **at);
void *mvmp_index_next(struct mvmp_index_entry **at);

/* Frees the table; its entries belong to their owners and must not be removed any more. */
void mvmp_index_clear(struct mvmp_index *index);

/* Of bytes; `kind` keeps different sorts of keys apart. */
uint64_t mvmp_index_key(unsigned kind, const void *bytes, size_t len);

#endif
