/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An index is random above and the pair's place below, so that finding it is one look. */

int mvmp_keyring_init(struct keyring *ring, uint32_t count)
{
	ring->pair = calloc(count, sizeof(*ring->pair));
	if (!ring->pair)
		return -ENOMEM;
	ring->count = count;
	while (1u << ring->bits < count)
		ring->bits++;
	for (uint32_t i = 0; i < count; i++)
		ring->pair[i].next_free = i + 1;
	return 0;
}

static void wipe_pair(struct keypair *pair, const struct mvmp_crypto_ops *crypto)
{
	crypto->aead_free(pair->send);
	crypto->aead_free(pair->receive);
	*pair = (struct keypair){0};
}

void mvmp_keyring_clear(struct keyring *ring, const struct mvmp_crypto_ops *crypto)
{
	for (uint32_t i = 0; i < ring->count; i++)
		wipe_pair(&ring->pair[i], crypto);
	free(ring->pair);
	*ring = (struct keyring){0};
}

struct keypair *mvmp_keyring_take(struct mvmp_endpoint *ep, uint64_t now)
{
	struct keyring *ring = &ep->keyring;
	uint32_t place = ring->first_free;
	uint32_t random = 0;
	struct keypair *pair;

	if (place == ring->count)
		return NULL;
	pair = &ring->pair[place];
	ring->first_free = pair->next_free;
	while (!(random >> ring->bits))
		mvmp_ep_random(ep, &random, sizeof(random));
	pair->local = (random & ~((1u << ring->bits) - 1)) | place;
	pair->born = now;
	return pair;
}

struct keypair *mvmp_keyring_find(const struct keyring *ring, uint32_t index)
{
	uint32_t place = index & ((1u << ring->bits) - 1);

	if (place >= ring->count || ring->pair[place].local != index || !index)
		return NULL;
	return &ring->pair[place];
}

void mvmp_keyring_drop(struct mvmp_endpoint *ep, struct keypair *pair)
{
	struct keyring *ring = &ep->keyring;

	if (!pair)
		return;
	wipe_pair(pair, ep->crypto);
	pair->next_free = ring->first_free;
	ring->first_free = (uint32_t)(pair - ring->pair);
}

int mvmp_keypair_set(struct mvmp_endpoint *ep, struct keypair *pair, const struct mvmp_noise *noise,
	uint32_t remote, uint64_t now)
{
	struct mvmp_noise_keys keys;

	if (mvmp_noise_split(noise, &keys))
		return -ENOMEM;
	pair->remote = remote;
	pair->send = ep->crypto->aead_new(keys.send);
	pair->receive = ep->crypto->aead_new(keys.receive);
	mvmp_keylog_data(ep, pair, &keys);
	mvmp_wipe(&keys, sizeof(keys));
	if (!pair->send || !pair->receive) {
		ep->crypto->aead_free(pair->send);
		ep->crypto->aead_free(pair->receive);
		pair->send = pair->receive = NULL;
		return -ENOMEM;
	}
	pair->born = now;
	return 0;
}
