/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/index.h>
#include <stdlib.h>

enum { CHAINS_FIRST = 16 };

/* The finalizer of splitmix64: every bit of the key counts in each bit of the place. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static struct mvmp_index_entry **chain_of(const struct mvmp_index *index, uint64_t key)
{
	return &index->chain[mix(key) & (index->chains - 1)];
}

static void hang(struct mvmp_index_entry **chain, struct mvmp_index_entry *entry)
{
	entry->next = *chain;
	entry->link = chain;
	if (entry->next)
		entry->next->link = &entry->next;
	*chain = entry;
}

static int grow(struct mvmp_index *index)
{
	struct mvmp_index old = *index;
	uint32_t chains = old.chains ? 2 * old.chains : CHAINS_FIRST;
	struct mvmp_index_entry **chain = calloc(chains, sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	index->chain = chain;
	index->chains = chains;
	for (uint32_t i = 0; i < old.chains; i++) {
		while (old.chain[i]) {
			struct mvmp_index_entry *entry = old.chain[i];

			old.chain[i] = entry->next;
			hang(chain_of(index, entry->key), entry);
		}
	}
	free(old.chain);
	return 0;
}

int mvmp_index_put(
	struct mvmp_index *index, struct mvmp_index_entry *entry, uint64_t key, void *owner)
{
	if (entry->link && entry->key == key)
		return 0;
	if (index->count >= index->chains && grow(index) && !index->chains)
		return -ENOMEM;
	mvmp_index_remove(index, entry);
	entry->key = key;
	entry->owner = owner;
	hang(chain_of(index, key), entry);
	index->count++;
	return 0;
}

void mvmp_index_remove(struct mvmp_index *index, struct mvmp_index_entry *entry)
{
	if (!entry->link)
		return;
	*entry->link = entry->next;
	if (entry->next)
		entry->next->link = entry->link;
	entry->link = NULL;
	index->count--;
}

static void *settle(struct mvmp_index_entry *entry, uint64_t key, struct mvmp_index_entry **at)
{
	while (entry && entry->key != key)
		entry = entry->next;
	*at = entry;
	return entry ? entry->owner : NULL;
}

void *mvmp_index_first(const struct mvmp_index *index, uint64_t key, struct mvmp_index_entry **at)
{
	return settle(index->chains ? *chain_of(index, key) : NULL, key, at);
}

void *mvmp_index_next(struct mvmp_index_entry **at)
{
	return settle((*at)->next, (*at)->key, at);
}

void mvmp_index_clear(struct mvmp_index *index)
{
	free(index->chain);
	*index = (struct mvmp_index){0};
}

uint64_t mvmp_index_key(unsigned kind, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t key = 0xcbf29ce484222325 ^ kind; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		key = (key ^ at[i]) * 0x100000001b3;
	return mix(key + kind);
}
