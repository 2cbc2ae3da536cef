/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_CACHE_H
#define MVA_LINUX_CACHE_H

/*
 * Records that a worker process made earlier, so that an inventory looks closely only at what is
 * new or was not looked at for long. Keys are made by the owner. Zero it to begin.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MVA_CACHE_KEY = 20 };

struct mva_cache_entry {
	uint8_t key[MVA_CACHE_KEY];
	uint64_t made_ns;
	bool seen;
	size_t len;
	uint8_t *bytes;
};

struct mva_cache {
	struct mva_cache_entry *at;
	unsigned count, capacity;
};

/* The record if it is younger than `age_ns`; NULL otherwise. Marks it as seen. */
const struct mva_cache_entry *mva_cache_find(struct mva_cache *cache,
	const uint8_t key[static MVA_CACHE_KEY], uint64_t now_ns, uint64_t age_ns);

/* Copies the bytes; without memory it forgets them silently. */
void mva_cache_store(struct mva_cache *cache, const uint8_t key[static MVA_CACHE_KEY],
	uint64_t now_ns, const uint8_t *bytes, size_t len);

/* Forgets what was not seen or stored since the last sweep. */
void mva_cache_sweep(struct mva_cache *cache);

/* Monotonic time of this process. */
uint64_t mva_cache_now(void);

#endif
