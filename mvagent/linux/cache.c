/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"
#include <mvmp/limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t mva_cache_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * MVMP_NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct mva_cache_entry *find(struct mva_cache *cache, const uint8_t *key)
{
	for (unsigned i = 0; i < cache->count; i++) {
		if (!memcmp(cache->at[i].key, key, MVA_CACHE_KEY))
			return &cache->at[i];
	}
	return NULL;
}

const struct mva_cache_entry *mva_cache_find(struct mva_cache *cache,
	const uint8_t key[static MVA_CACHE_KEY], uint64_t now_ns, uint64_t age_ns)
{
	struct mva_cache_entry *entry = find(cache, key);

	if (!entry || now_ns - entry->made_ns >= age_ns)
		return NULL;
	entry->seen = true;
	return entry;
}

static struct mva_cache_entry *add(struct mva_cache *cache, const uint8_t *key)
{
	struct mva_cache_entry *entry;

	if (cache->count == cache->capacity) {
		unsigned capacity = cache->capacity ? 2 * cache->capacity : 16;
		void *at = realloc(cache->at, capacity * sizeof(*cache->at));

		if (!at)
			return NULL;
		cache->at = at;
		cache->capacity = capacity;
	}
	entry = &cache->at[cache->count++];
	*entry = (struct mva_cache_entry){0};
	memcpy(entry->key, key, MVA_CACHE_KEY);
	return entry;
}

void mva_cache_store(struct mva_cache *cache, const uint8_t key[static MVA_CACHE_KEY],
	uint64_t now_ns, const uint8_t *bytes, size_t len)
{
	struct mva_cache_entry *entry = find(cache, key);
	uint8_t *copy = malloc(len ? len : 1);

	if (!entry && copy)
		entry = add(cache, key);
	if (!entry || !copy) {
		free(copy);
		return;
	}
	memcpy(copy, bytes, len);
	free(entry->bytes);
	entry->bytes = copy;
	entry->len = len;
	entry->made_ns = now_ns;
	entry->seen = true;
}

void mva_cache_sweep(struct mva_cache *cache)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cache->count; i++) {
		if (!cache->at[i].seen) {
			free(cache->at[i].bytes);
			continue;
		}
		cache->at[kept] = cache->at[i];
		cache->at[kept++].seen = false;
	}
	cache->count = kept;
}
